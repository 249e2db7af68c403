package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/**
 * The vision tower of SigLIP and SigLIP2 under Hugging Face's names ({@code vision_model.encoder.layers.0.self_attn.q_proj.weight}): no
 * class token, no projection, a head that pools by attention. Images are of one size, or, of a NaFlex tower, each is of its own: its
 * patches lie one behind the other with those of the others, and attend to each other only.
 */
public final class SiglipVit implements VisionTower {
    private final VisionConfig config;
    private final Parameter patchKernel;
    private final Parameter patchBias;
    private final Parameter positions;
    private final List<ClipBlock> blocks;
    private final LayerNorm norm;
    private final AttentionPool head;
    private final List<Parameter> parameters;

    private SiglipVit(Parameters owner, VisionConfig config) {
        this.config = config;
        int first = owner.all().size();
        int width = config.hiddenSize();
        int patch = config.patchSize();
        Scope model = owner.root().scope("vision_model");
        Scope embeddings = model.scope("embeddings");
        Scope patches = embeddings.scope("patch_embedding");
        Shape kernel =
                config.patchLimits().isEmpty() ? Shape.of(width, 3, patch, patch) : Shape.of(width, 3 * patch * patch);
        patchKernel = patches.matrix("weight", kernel, Initializer.fanInNormal());
        patchBias = patches.create("bias", Shape.of(width), Initializer.zeros());
        positions = embeddings
                .scope("position_embedding")
                .create("weight", Shape.of(config.tokens(), width), Initializer.normal(Math.pow(width, -0.5)));
        blocks = ClipBlock.stack(
                model.scope("encoder"),
                config.layers(),
                width,
                config.heads(),
                config.intermediateSize(),
                config.activation(),
                config.layerNormEpsilon());
        norm = LayerNorm.create(model.scope("post_layernorm"), width, config.layerNormEpsilon());
        head = AttentionPool.create(model.scope("head"), config);
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /** A new tower. */
    public static SiglipVit create(Parameters owner, VisionConfig config) {
        return new SiglipVit(owner, config);
    }

    @Override
    public List<Tensor> states(List<Tensor> inputs) {
        if (config.patchLimits().isPresent()) {
            return ClipBlock.states(blocks, ownSizes(inputs), images(inputs));
        }
        Tensor patches = Patches.embed(inputs, config, patchKernel).add(patchBias.tensor());
        Tensor x = patches.add(Patches.positions(inputs, patches, positions));
        return ClipBlock.states(blocks, x, Patches.sequences(x));
    }

    /** {@code [N, C]} of flattened patches, each with the position that it has in its own image. */
    private Tensor ownSizes(List<Tensor> inputs) {
        Tensor patches = inputs.getFirst();
        if (patches.shape().rank() != 2
                || patches.shape().dim(1) != patchKernel.shape().dim(1)) {
            throw new IllegalArgumentException(
                    "Patches of shape %s for a NaFlex vision tower; expected [patches, %d] of images in their own sizes."
                            .formatted(patches.shape(), patchKernel.shape().dim(1)));
        }
        return patches.matmulTransposed(patchKernel.tensor())
                .add(patchBias.tensor())
                .add(inputs.get(1).matmul(positions.tensor()));
    }

    private static Sequences.Ragged images(List<Tensor> inputs) {
        return new Sequences.Ragged(inputs.get(2), null);
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        Tensor tokens = norm.apply(states(inputs).getLast());
        return config.patchLimits().isPresent()
                ? head.apply(tokens, images(inputs), inputs.get(3))
                : head.apply(tokens);
    }

    @Override
    public Parameter positions() {
        return positions;
    }

    @Override
    public List<Parameter> projection() {
        return List.of();
    }

    @Override
    public List<Linear> attentionInputs() {
        return blocks.stream()
                .flatMap(block -> block.attention().inputs().stream())
                .toList();
    }

    @Override
    public VisionLayout layout() {
        return VisionLayout.SIGLIP;
    }

    @Override
    public VisionConfig config() {
        return config;
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }
}

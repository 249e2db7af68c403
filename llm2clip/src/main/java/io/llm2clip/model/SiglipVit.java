package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/**
 * The vision tower of SigLIP and SigLIP2 for images of one size, under Hugging Face's names ({@code
 * vision_model.encoder.layers.0.self_attn.q_proj.weight}): no class token, no projection, a head that pools by attention.
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
        patchKernel = patches.matrix("weight", Shape.of(width, 3, patch, patch), Initializer.fanInNormal());
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
    public List<Tensor> states(Tensor pixels) {
        Tensor x = Patches.embed(pixels, config, patchKernel)
                .add(patchBias.tensor())
                .add(positions.tensor());
        return ClipBlock.states(blocks, x, Patches.sequences(x));
    }

    @Override
    public Tensor embed(Tensor pixels) {
        return head.apply(norm.apply(states(pixels).getLast()));
    }

    @Override
    public Parameter positions() {
        return positions;
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

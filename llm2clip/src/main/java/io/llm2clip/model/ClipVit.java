package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/**
 * The vision tower of OpenAI's CLIP under Hugging Face's names ({@code vision_model.encoder.layers.0.self_attn.q_proj.weight},
 * {@code visual_projection.weight}). With mean pooling, the last normalisation comes before the mean.
 */
public final class ClipVit implements VisionTower {
    private final VisionConfig config;
    private final Parameter classEmbedding;
    private final Parameter patchKernel;
    private final Parameter positions;
    private final LayerNorm preNorm;
    private final List<ClipBlock> blocks;
    private final LayerNorm postNorm;
    private final Linear projection;
    private final List<Parameter> parameters;

    private ClipVit(Parameters owner, VisionConfig config) {
        this.config = config;
        int first = owner.all().size();
        int width = config.hiddenSize();
        int patch = config.patchSize();
        Initializer byWidth = Initializer.normal(Math.pow(width, -0.5));
        Scope model = owner.root().scope("vision_model");
        Scope embeddings = model.scope("embeddings");
        classEmbedding = embeddings.create("class_embedding", Shape.of(width), byWidth);
        patchKernel = embeddings
                .scope("patch_embedding")
                .matrix("weight", Shape.of(width, 3, patch, patch), Initializer.fanInUniform());
        positions = embeddings.scope("position_embedding").create("weight", Shape.of(config.tokens(), width), byWidth);
        // The published checkpoints misspell this name.
        preNorm = LayerNorm.create(model.scope("pre_layrnorm"), width, config.layerNormEpsilon());
        blocks = ClipBlock.stack(
                model.scope("encoder"),
                config.layers(),
                width,
                config.heads(),
                config.intermediateSize(),
                config.activation(),
                config.layerNormEpsilon());
        postNorm = LayerNorm.create(model.scope("post_layernorm"), width, config.layerNormEpsilon());
        projection =
                Linear.create(owner.root().scope("visual_projection"), width, config.projectionSize(), false, byWidth);
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /** A new tower, initialised as OpenAI's. */
    public static ClipVit create(Parameters owner, VisionConfig config) {
        return new ClipVit(owner, config);
    }

    @Override
    public List<Tensor> states(List<Tensor> inputs) {
        Tensor tokens = Patches.prependClass(Patches.embed(inputs, config, patchKernel), classEmbedding);
        Tensor x = preNorm.apply(tokens.add(Patches.positions(inputs, tokens, positions)));
        return ClipBlock.states(blocks, x, Patches.sequences(x));
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        Tensor x = states(inputs).getLast();
        Tensor pooled = switch (config.pooling()) {
            case CLASS_TOKEN -> postNorm.apply(x.slice(1, 0, 1).reshape(-1, config.hiddenSize()));
            case MEAN -> postNorm.apply(x).mean(1);
            case ATTENTION -> throw new IllegalStateException("A CLIP tower has no attention pooling.");
        };
        return projection.apply(pooled);
    }

    @Override
    public Parameter positions() {
        return positions;
    }

    @Override
    public List<Parameter> projection() {
        return projection.parameters();
    }

    @Override
    public List<Linear> attentionInputs() {
        return blocks.stream()
                .flatMap(block -> block.attention().inputs().stream())
                .toList();
    }

    @Override
    public VisionLayout layout() {
        return VisionLayout.CLIP;
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

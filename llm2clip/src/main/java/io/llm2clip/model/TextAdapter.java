package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.tensor.Tensor;
import java.util.List;
import java.util.stream.IntStream;

/**
 * LLM2CLIP's adapter from caption vectors to the common space ("TextProj"): four residual blocks
 * {@code x + W2 GELU(W1 norm(x))}, a normalisation and a projection. Names are those of the published safetensors files,
 * {@code text_adapter.adaptor.0.fn.0.weight}.
 */
public final class TextAdapter {
    private static final int BLOCKS = 4;
    private static final int EXPANSION = 2;
    private static final float EPSILON = 1e-5f;

    /**
     * Sizes and switches.
     *
     * @param captionSize D, channels of a caption vector
     * @param embeddingSize E, channels of an embedding
     * @param normalizeInput whether caption vectors are scaled to length 1 first; only the in-process SigLIP2 model does not
     */
    public record Config(int captionSize, int embeddingSize, boolean normalizeInput) {
        public Config {
            Limit.CHANNELS.require("captionSize", captionSize);
            Limit.CHANNELS.require("embeddingSize", embeddingSize);
        }

        /** The same with that switch. */
        Config withNormalizedInput(boolean normalize) {
            return new Config(captionSize, embeddingSize, normalize);
        }
    }

    private record Block(LayerNorm norm, Linear first, Linear second) {

        static Block create(Scope scope, int size, boolean identity) {
            LayerNorm norm = LayerNorm.create(scope.scope("ln"), size, EPSILON);
            Scope fn = scope.scope("fn");
            Linear first = Linear.create(fn.scope(0), size, EXPANSION * size, true);
            // Numbers 1 and 2 are GELU and a dropout of 0, which have no parameters.
            Linear second = identity
                    ? Linear.create(fn.scope(3), EXPANSION * size, size, true, Initializer.zeros())
                    : Linear.create(fn.scope(3), EXPANSION * size, size, true);
            return new Block(norm, first, second);
        }

        Tensor apply(Tensor x) {
            return x.add(second.apply(first.apply(norm.apply(x)).gelu()));
        }
    }

    private final Config config;
    private final List<Block> blocks;
    private final LayerNorm norm;
    private final Linear projection;
    private final List<Parameter> parameters;

    private TextAdapter(Parameters owner, Config config, boolean identity) {
        this.config = config;
        int first = owner.all().size();
        Scope adaptor = owner.root().scope("text_adapter").scope("adaptor");
        blocks = IntStream.range(0, BLOCKS)
                .mapToObj(i -> Block.create(adaptor.scope(i), config.captionSize(), identity))
                .toList();
        norm = LayerNorm.create(adaptor.scope(BLOCKS), config.captionSize(), EPSILON);
        projection = Linear.create(adaptor.scope(BLOCKS + 1), config.captionSize(), config.embeddingSize(), true);
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /** A new adapter with PyTorch's default initial values, as in the reference. */
    public static TextAdapter create(Parameters owner, Config config) {
        return new TextAdapter(owner, config, false);
    }

    /** A new adapter whose residual blocks change nothing at first: their second layers start at zero. */
    public static TextAdapter createIdentity(Parameters owner, Config config) {
        return new TextAdapter(owner, config, true);
    }

    /** Embeddings {@code [B, E]}, not normalised, of caption vectors {@code [B, D]}. */
    public Tensor apply(Tensor captions) {
        Tensor x = config.normalizeInput() ? captions.l2Normalize() : captions;
        for (Block block : blocks) {
            x = block.apply(x);
        }
        return projection.apply(norm.apply(x));
    }

    public Config config() {
        return config;
    }

    /** All parameters, in order of creation. */
    public List<Parameter> parameters() {
        return parameters;
    }
}

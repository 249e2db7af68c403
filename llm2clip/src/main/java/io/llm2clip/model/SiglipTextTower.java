package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Embedding;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LayerNorm;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;

/**
 * The text tower of SigLIP and SigLIP2: a transformer without causal mask over the whole window, pads included, whose state at the
 * last position, mostly a pad's, is projected. It was trained so; a mask would give other embeddings. Names are those of Hugging
 * Face's {@code SiglipTextModel}.
 */
public final class SiglipTextTower implements TextTower {

    /**
     * Sizes.
     *
     * @param vocabularySize rows of the token embedding
     * @param window positions, to which every row is padded
     * @param hiddenSize channels of a token
     * @param intermediateSize channels within the MLP
     * @param layers blocks
     * @param heads attention heads
     * @param projectionSize E, size of the embedding
     * @param activation of the MLP
     * @param layerNormEpsilon added to the variance
     */
    public record Config(
            int vocabularySize,
            int window,
            int hiddenSize,
            int intermediateSize,
            int layers,
            int heads,
            int projectionSize,
            Activation activation,
            float layerNormEpsilon) {

        public Config {
            Limit.COUNT.require("vocabularySize", vocabularySize);
            Limit.COUNT.require("window", window);
            Limit.COUNT.require("hiddenSize", hiddenSize);
            Limit.COUNT.require("layers", layers);
            Limit.COUNT.require("projectionSize", projectionSize);
            if (heads < 1 || hiddenSize % heads != 0) {
                throw new IllegalArgumentException(
                        "A text tower of %d channels and %d heads; expected a multiple, such as 768 and 12."
                                .formatted(hiddenSize, heads));
            }
        }

        /**
         * Reads the {@code config.json} of a whole SigLIP, with the defaults of its B/16.
         *
         * @throws CheckpointException if it is damaged
         */
        static Config read(ConfigFile whole) {
            ConfigFile config = whole.within("text_config");
            int width = config.integer("hidden_size", 768);
            try {
                return new Config(
                        config.integer("vocab_size", 32000),
                        config.integer("max_position_embeddings", 64),
                        width,
                        config.integer("intermediate_size", 3072),
                        config.integer("num_hidden_layers", 12),
                        config.integer("num_attention_heads", 12),
                        config.integer("projection_size", width),
                        config.activation(Activation.GELU_TANH),
                        (float) config.number("layer_norm_eps", 1e-6));
            } catch (IllegalArgumentException e) {
                throw new CheckpointException("%s: %s".formatted(whole.file(), e.getMessage()), e);
            }
        }
    }

    private final Config config;
    private final int pad;
    private final Embedding tokens;
    private final Parameter positions;
    private final List<ClipBlock> blocks;
    private final LayerNorm norm;
    private final Linear head;
    private final List<Parameter> parameters;

    private SiglipTextTower(Parameters owner, Config config, int pad) {
        this.config = config;
        this.pad = pad;
        int first = owner.all().size();
        int width = config.hiddenSize();
        Initializer byWidth = Initializer.normal(Math.pow(width, -0.5));
        Scope model = owner.root().scope("text_model");
        Scope embeddings = model.scope("embeddings");
        tokens = Embedding.create(embeddings.scope("token_embedding"), config.vocabularySize(), width, byWidth);
        positions = embeddings.scope("position_embedding").create("weight", Shape.of(config.window(), width), byWidth);
        blocks = ClipBlock.stack(
                model.scope("encoder"),
                config.layers(),
                width,
                config.heads(),
                config.intermediateSize(),
                config.activation(),
                config.layerNormEpsilon());
        norm = LayerNorm.create(model.scope("final_layer_norm"), width, config.layerNormEpsilon());
        head = Linear.create(model.scope("head"), width, config.projectionSize(), true, byWidth);
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /**
     * A new tower.
     *
     * @param pad the token that rows are filled up with
     */
    public static SiglipTextTower create(Parameters owner, Config config, int pad) {
        return new SiglipTextTower(owner, config, pad);
    }

    public Config config() {
        return config;
    }

    @Override
    public int window() {
        return config.window();
    }

    @Override
    public int vocabularySize() {
        return config.vocabularySize();
    }

    @Override
    public int embeddingSize() {
        return config.projectionSize();
    }

    /** Ids {@code [B, window]}. */
    @Override
    public List<TensorData> inputs(List<int[]> rows) {
        int window = config.window();
        int[] ids = new int[rows.size() * window];
        Arrays.fill(ids, pad);
        for (int b = 0; b < rows.size(); b++) {
            System.arraycopy(rows.get(b), 0, ids, b * window, rows.get(b).length);
        }
        return List.of(TensorData.ofInts(Shape.of(rows.size(), window), ids));
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        Tensor x = tokens.apply(inputs.getFirst()).add(positions.tensor());
        Sequences sequences = Patches.sequences(x);
        for (ClipBlock block : blocks) {
            x = block.apply(x, sequences, false);
        }
        int window = config.window();
        // What follows works on each position alone.
        Tensor last = x.slice(1, window - 1, window).reshape(-1, config.hiddenSize());
        return head.apply(norm.apply(last));
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }
}

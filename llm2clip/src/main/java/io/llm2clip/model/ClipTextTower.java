package io.llm2clip.model;

import io.llm2clip.kernels.DType;
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
import java.util.List;

/**
 * CLIP's own text tower, the baseline that LLM2CLIP replaces: a causal transformer whose state at the end token is normalised and
 * projected. Names are those of Hugging Face's {@code CLIPTextModelWithProjection}.
 */
public final class ClipTextTower implements TextTower {
    private static final double TOKEN_STD = 0.02;
    private static final double POSITION_STD = 0.01;
    /** The end token of CLIP's vocabulary. */
    private static final int CLIP_END = 49407;
    /** What {@code eos_token_id} is in configurations of a time when it was not read. */
    private static final int LEGACY_END = 2;

    /**
     * Sizes.
     *
     * @param vocabularySize rows of the token embedding
     * @param window positions, the longest row
     * @param hiddenSize channels of a token
     * @param intermediateSize channels within the MLP
     * @param layers blocks
     * @param heads attention heads
     * @param projectionSize E, size of the embedding
     * @param activation of the MLP
     * @param layerNormEpsilon added to the variance
     * @param end whose state becomes the embedding
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
            float layerNormEpsilon,
            EndToken end) {

        public Config {
            Limit.COUNT.require("vocabularySize", vocabularySize);
            Limit.COUNT.require("window", window);
            Limit.COUNT.require("hiddenSize", hiddenSize);
            Limit.COUNT.require("layers", layers);
            Limit.COUNT.require("projectionSize", projectionSize);
            if (heads < 1 || hiddenSize % heads != 0) {
                throw new IllegalArgumentException(
                        "A text tower of %d channels and %d heads; expected a multiple, such as 512 and 8."
                                .formatted(hiddenSize, heads));
            }
        }

        /** The baseline of a run from scratch in minutes: 128 channels, 2 layers, 4 heads. */
        public static Config miniature(int vocabularySize, int window, int projectionSize) {
            return new Config(
                    vocabularySize,
                    window,
                    128,
                    512,
                    2,
                    4,
                    projectionSize,
                    Activation.GELU,
                    1e-5f,
                    new EndToken.Last());
        }

        /**
         * Reads the {@code config.json} of a whole CLIP. Published files leave out what equals the library's defaults, which are those
         * of ViT-B/32.
         *
         * @throws CheckpointException if it is damaged
         */
        static Config read(ConfigFile whole) {
            ConfigFile config = whole.within("text_config");
            try {
                return read(whole, config);
            } catch (IllegalArgumentException e) {
                throw new CheckpointException("%s: %s".formatted(whole.file(), e.getMessage()), e);
            }
        }

        private static Config read(ConfigFile whole, ConfigFile config) {
            int end = config.integer("eos_token_id", CLIP_END);
            return new Config(
                    config.integer("vocab_size", 49408),
                    config.integer("max_position_embeddings", 77),
                    config.integer("hidden_size", 512),
                    config.integer("intermediate_size", 2048),
                    config.integer("num_hidden_layers", 12),
                    config.integer("num_attention_heads", 8),
                    whole.integer("projection_dim", config.integer("projection_dim", 512)),
                    config.activation(Activation.QUICK_GELU),
                    (float) config.number("layer_norm_eps", 1e-5),
                    end == LEGACY_END ? new EndToken.LargestId() : new EndToken.First(end));
        }
    }

    private final Config config;
    private final Embedding tokens;
    private final Parameter positions;
    private final List<ClipBlock> blocks;
    private final LayerNorm norm;
    private final Linear projection;
    private final List<Parameter> parameters;

    private ClipTextTower(Parameters owner, Config config) {
        this.config = config;
        int first = owner.all().size();
        int width = config.hiddenSize();
        Scope model = owner.root().scope("text_model");
        Scope embeddings = model.scope("embeddings");
        tokens = Embedding.create(
                embeddings.scope("token_embedding"), config.vocabularySize(), width, Initializer.normal(TOKEN_STD));
        positions = embeddings
                .scope("position_embedding")
                .create("weight", Shape.of(config.window(), width), Initializer.normal(POSITION_STD));
        blocks = ClipBlock.stack(
                model.scope("encoder"),
                config.layers(),
                width,
                config.heads(),
                config.intermediateSize(),
                config.activation(),
                config.layerNormEpsilon());
        norm = LayerNorm.create(model.scope("final_layer_norm"), width, config.layerNormEpsilon());
        projection = Linear.create(
                owner.root().scope("text_projection"),
                width,
                config.projectionSize(),
                false,
                Initializer.normal(Math.pow(width, -0.5)));
        List<Parameter> all = owner.all();
        parameters = all.subList(first, all.size());
    }

    /** A new tower, initialised as OpenAI's. */
    public static ClipTextTower create(Parameters owner, Config config) {
        return new ClipTextTower(owner, config);
    }

    /**
     * Embeddings {@code [B, E]}, not normalized.
     *
     * @param ids i32 {@code [B, T]} with T up to the window, rows padded on the right
     * @param lengths i32 {@code [B]}, tokens of each row up to the end token, the last that is read
     */
    public Tensor embed(Tensor ids, Tensor lengths) {
        int batch = ids.shape().dim(0);
        int length = ids.shape().dim(1);
        if (length > config.window()) {
            throw new IllegalArgumentException(
                    "Rows of %d tokens for a text tower with a window of %d; cut them, keeping the end token."
                            .formatted(length, config.window()));
        }
        Tensor x = tokens.apply(ids).add(positions.tensor().slice(0, 0, length));
        Sequences sequences = new Sequences.Padded(lengths);
        for (ClipBlock block : blocks) {
            x = block.apply(x, sequences, true);
        }
        Tensor ends = x.mul(atEnds(lengths, batch, length)).sum(1);
        return projection.apply(norm.apply(ends));
    }

    /** 1 at each row's end token and 0 elsewhere, {@code [B, T, 1]}: devices refuse indices that they compute themselves. */
    private static Tensor atEnds(Tensor lengths, int batch, int length) {
        float[] counts = new float[length];
        for (int i = 0; i < length; i++) {
            counts[i] = i + 1;
        }
        Tensor upTo = Tensor.variable("counts", TensorData.of(Shape.of(1, length), counts));
        return upTo.equalTo(lengths.cast(DType.F32).reshape(batch, 1))
                .cast(DType.F32)
                .reshape(batch, length, 1);
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

    /** Ids {@code [B, window]} and lengths {@code [B]}; what comes after the end token, such as pads of token 0, is not seen. */
    @Override
    public List<TensorData> inputs(List<int[]> rows) {
        int window = config.window();
        int[] ids = new int[rows.size() * window];
        for (int b = 0; b < rows.size(); b++) {
            System.arraycopy(rows.get(b), 0, ids, b * window, rows.get(b).length);
        }
        int[] lengths =
                rows.stream().mapToInt(row -> config.end().position(row) + 1).toArray();
        return List.of(
                TensorData.ofInts(Shape.of(rows.size(), window), ids),
                TensorData.ofInts(Shape.of(rows.size()), lengths));
    }

    @Override
    public Tensor embed(List<Tensor> inputs) {
        return embed(inputs.get(0), inputs.get(1));
    }

    @Override
    public List<Parameter> parameters() {
        return parameters;
    }
}

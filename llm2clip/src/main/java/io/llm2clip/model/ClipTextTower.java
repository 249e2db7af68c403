package io.llm2clip.model;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
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

    private static final String PROJECTION = "projection_dim";
    /** ViT-B/32's, the defaults of Hugging Face's library, which published files leave out. */
    private static final TextTowerSizes USUAL =
            new TextTowerSizes(49408, 77, 512, 2048, 12, 8, 512, Activation.QUICK_GELU, 1e-5f);

    /**
     * What a tower is.
     *
     * @param sizes of its transformer
     * @param end whose state becomes the embedding
     */
    public record Config(TextTowerSizes sizes, EndToken end) {
        /** The baseline of a run from scratch in minutes: 128 channels, 2 layers, 4 heads. */
        public static Config miniature(int vocabularySize, int window, int projectionSize) {
            return new Config(
                    new TextTowerSizes(vocabularySize, window, 128, 512, 2, 4, projectionSize, Activation.GELU, 1e-5f),
                    new EndToken.Last());
        }

        /**
         * Reads the {@code config.json} of a whole CLIP.
         *
         * @throws CheckpointException if it is damaged
         */
        static Config read(ConfigFile whole) {
            ConfigFile config = whole.within("text_config");
            int end = config.integer("eos_token_id", CLIP_END);
            int projection = whole.integer(PROJECTION, config.integer(PROJECTION, USUAL.projectionSize()));
            return new Config(
                    TextTowerSizes.read(config, USUAL, projection),
                    end == LEGACY_END ? new EndToken.LargestId() : new EndToken.First(end));
        }

        /**
         * What a configuration says of the token whose state becomes the embedding.
         *
         * @throws IllegalArgumentException if it is told by its place alone, which no configuration says
         */
        static int endTokenId(EndToken end) {
            return switch (end) {
                case EndToken.LargestId() -> LEGACY_END;
                case EndToken.First(int id) -> id;
                case EndToken.Last() ->
                    throw new IllegalArgumentException(
                            "A text tower that takes the last token of a row, whichever it is; expected one with an end token, use a published CLIP.");
            };
        }
    }

    private final Config config;
    private final TextTransformer transformer;
    private final Linear projection;
    private final List<Parameter> parameters;

    private ClipTextTower(Parameters owner, Config config) {
        this.config = config;
        int first = owner.all().size();
        int width = config.sizes.hiddenSize();
        transformer = new TextTransformer(
                owner.root().scope("text_model"),
                config.sizes,
                Initializer.normal(TOKEN_STD),
                Initializer.normal(POSITION_STD));
        projection = Linear.create(
                owner.root().scope("text_projection"),
                width,
                config.sizes.projectionSize(),
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
        if (length > window()) {
            throw new IllegalArgumentException(
                    "Rows of %d tokens for a text tower with a window of %d; cut them, keeping the end token."
                            .formatted(length, window()));
        }
        Tensor states = transformer.states(ids, new Sequences.Padded(lengths), true);
        Tensor ends = states.mul(atEnds(lengths, batch, length)).sum(1);
        return projection.apply(transformer.normalized(ends));
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
    public TextTowerSizes sizes() {
        return config.sizes;
    }

    /** Ids {@code [B, window]} and lengths {@code [B]}; what comes after the end token, such as pads of token 0, is not seen. */
    @Override
    public List<TensorData> inputs(List<int[]> rows) {
        int[] lengths =
                rows.stream().mapToInt(row -> config.end().position(row) + 1).toArray();
        return List.of(TextTransformer.ids(rows, window(), 0), TensorData.ofInts(Shape.of(rows.size()), lengths));
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

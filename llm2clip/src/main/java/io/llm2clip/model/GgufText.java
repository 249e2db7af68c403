package io.llm2clip.model;

import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.RotaryTable.LongRope;
import io.llm2clip.nn.RotaryTable.Scaling;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A text encoder in a GGUF file as llama.cpp converts and quantizes them: weights, configuration and tokenizer in one.
 *
 * <p>Some tensors are otherwise than Hugging Face's, see {@link GgufArchitecture}, and instead of the parameters of llama3 scaling the file
 * has the factors that these give.
 */
final class GgufText implements TextSource {
    private static final String EMBEDDING = "token_embd.weight";
    private static final String HEAD = "output.weight";
    private static final String FACTORS = "rope_freqs.weight";
    private static final String LONG_FACTORS = "rope_factors_long.weight";
    private static final String SHORT_FACTORS = "rope_factors_short.weight";

    private static final Set<String> LEFT_OVER = Set.of(HEAD, FACTORS, LONG_FACTORS, SHORT_FACTORS);

    /** What all models with such scaling have. */
    private static final double LOW_FREQUENCY_FACTOR = 1;

    private static final double HIGH_FREQUENCY_FACTOR = 4;
    /** The file has factors as f32. */
    private static final double ROUNDING = 1e-4;

    private final Checkpoint file;
    private final GgufValues values;
    private final GgufArchitecture architecture;

    private GgufText(Checkpoint file) {
        this.file = file;
        values = new GgufValues(file);
        architecture = architecture();
    }

    /** @throws CheckpointException if it is no GGUF file, or of no text encoder that is known */
    static GgufText open(Path path) {
        Checkpoint file = Checkpoint.open(path);
        try {
            GgufText text = new GgufText(file);
            text.requireKnown();
            return text;
        } catch (RuntimeException | Error e) {
            file.close();
            throw e;
        }
    }

    private GgufArchitecture architecture() {
        String found = values.optional("general.architecture")
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected the directory of a text encoder or a GGUF file, found other weights; give the directory with their config.json and tokenizer.json."
                                .formatted(file.source())));
        String kind = values.string("general.type", "model");
        return GgufArchitecture.of(found)
                .filter(known -> kind.equals("model"))
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected a GGUF file of a model of an architecture among %s, found one of a %s of architecture '%s'; use a checkpoint of one of them."
                                .formatted(file.source(), GgufArchitecture.keys(), kind, found)));
    }

    private void requireKnown() {
        if (!values.string("split.count", "1").matches("[01]")) {
            throw new CheckpointException(
                    "%s: expected a GGUF file of a whole model, found one of %s parts; join them with llama-gguf-split --merge."
                            .formatted(file.source(), values.string("split.count")));
        }
        require("expert_count", "0", "which has experts");
        require("rope.scaling.type", "none", "whose rotary positions are scaled otherwise");
    }

    /** Refuses what the model would be computed without. */
    private void require(String key, String expected, String what) {
        String found = own(key).map(values::string).orElse(expected);
        if (!found.equals(expected)) {
            throw new CheckpointException("%s: '%s.%s': expected %s, found %s: a model %s; use another checkpoint."
                    .formatted(file.source(), architecture.key(), key, expected, found, what));
        }
    }

    private Optional<String> own(String key) {
        String full = key(key);
        return values.has(full) ? Optional.of(full) : Optional.empty();
    }

    private String key(String key) {
        return architecture.key() + "." + key;
    }

    @Override
    public LlamaConfig config() {
        int hidden = values.count(key("embedding_length"));
        int heads = values.count(key("attention.head_count"));
        int headSize = values.count(key("attention.key_length"), Math.max(1, hidden / heads));
        for (String same : List.of("attention.value_length", "rope.dimension_count")) {
            require(same, Integer.toString(headSize), "of several head sizes");
        }
        int keyValueHeads = values.count(key("attention.head_count_kv"), heads);
        int intermediate = values.count(key("feed_forward_length"));
        int blocks = values.count(key("block_count"));
        architecture
                .shapes(hidden, intermediate, heads, keyValueHeads, headSize)
                .forEach(this::requireShape);
        double theta = values.real(key("rope.freq_base"), 10000);
        int longest = values.count(key("context_length"), 2048);
        try {
            return new LlamaConfig(
                    architecture.family(),
                    vocabularySize(),
                    hidden,
                    intermediate,
                    blocks,
                    heads,
                    keyValueHeads,
                    headSize,
                    (float) values.real(key("attention.layer_norm_rms_epsilon")),
                    theta,
                    scaling(headSize, theta, longest),
                    window(),
                    longest,
                    !file.entries().containsKey(HEAD));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(file.source(), e.getMessage()), e);
        }
    }

    private void requireShape(String tensor, List<Long> expected) {
        List<Long> found = file.tensor(tensor).shape();
        if (!found.equals(expected)) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected shape %s, as the file's metadata says, found %s; convert the model again with today's llama.cpp."
                            .formatted(file.source(), tensor, expected, found));
        }
    }

    private int vocabularySize() {
        List<Long> shape = file.tensor(EMBEDDING).shape();
        if (shape.size() != 2 || shape.getFirst() > Integer.MAX_VALUE) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected a row per token, found shape %s; fetch the file again."
                            .formatted(file.source(), EMBEDDING, shape));
        }
        return shape.getFirst().intValue();
    }

    private @Nullable Integer window() {
        String key = key("attention.sliding_window");
        int window = values.has(key) ? values.number(key) : 0;
        return window == 0 ? null : Integer.valueOf(window);
    }

    /** What the file says of other frequencies; null if it says nothing. */
    private @Nullable Scaling scaling(int headSize, double theta, int longest) {
        if (file.entries().containsKey(SHORT_FACTORS)) {
            return longRope(headSize, longest);
        }
        return file.entries().containsKey(FACTORS) ? llama3(headSize, theta) : null;
    }

    private LongRope longRope(int headSize, int longest) {
        int original = values.count(key("rope.scaling.original_context_length"), longest);
        double usual = LongRope.usualAmplitude(longest, original);
        double amplitude = values.real(key("rope.scaling.attn_factor"), usual);
        return new LongRope(
                factors(SHORT_FACTORS, headSize / 2),
                factors(LONG_FACTORS, headSize / 2),
                original,
                Math.abs(amplitude - usual) <= ROUNDING * usual ? usual : amplitude);
    }

    private List<Double> factors(String tensor, int count) {
        List<Double> factors = new ArrayList<>();
        for (float factor : file.readFloats(tensor)) {
            // Through text: the shortest decimal of the float, as a configuration has it.
            factors.add(Double.parseDouble(Float.toString(factor)));
        }
        if (factors.size() != count || !factors.stream().allMatch(factor -> factor > 0 && Double.isFinite(factor))) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected %d positive factors, found %s; convert the model again with today's llama.cpp."
                            .formatted(file.source(), tensor, count, factors));
        }
        return factors;
    }

    /** The scaling that gives the factors of the file, which frequencies are divided by. */
    private Llama3Scaling llama3(int headSize, double theta) {
        float[] factors = file.readFloats(FACTORS);
        double most = 1;
        for (float factor : factors) {
            most = Math.max(most, factor);
        }
        for (int exponent = 8; exponent <= 20 && factors.length == headSize / 2; exponent++) {
            Llama3Scaling candidate =
                    new Llama3Scaling(most, LOW_FREQUENCY_FACTOR, HIGH_FREQUENCY_FACTOR, 1 << exponent);
            if (gives(candidate, factors, theta)) {
                return candidate;
            }
        }
        throw new CheckpointException(
                "%s: tensor '%s': expected the %d factors of Llama 3's scaling, found %d others; use a Llama 3 checkpoint."
                        .formatted(file.source(), FACTORS, headSize / 2, factors.length));
    }

    private static boolean gives(Llama3Scaling scaling, float[] factors, double theta) {
        for (int i = 0; i < factors.length; i++) {
            double frequency = Math.pow(theta, -(double) i / factors.length);
            double factor = frequency / scaling.apply(frequency);
            // Also false for factors that are no numbers.
            if (!(Math.abs(factors[i] - factor) <= ROUNDING * factor)) {
                return false;
            }
        }
        return true;
    }

    @Override
    public TokenizerFiles tokenizer() {
        return TokenizerFiles.made(file.source(), GgufVocabulary.json(values), GgufVocabulary.settings(values));
    }

    @Override
    public CaptionSettings captions() {
        String chatTemplate = GgufVocabulary.settings(values).getOrDefault(TokenizerFiles.CHAT_TEMPLATE, "");
        return new CaptionSettings(Optional.empty(), Llm2VecConfig.NONE, architecture.family(), "", chatTemplate);
    }

    @Override
    public Map<String, String> notes() {
        return Map.of();
    }

    @Override
    public Llama encoder(Parameters owner, boolean languageHead) {
        LlamaConfig config = config();
        Llama llama = Described.network(
                file, config.layers(), () -> Llama.of(owner, config, LlamaInitialization.STANDARD, languageHead));
        load(llama);
        return llama;
    }

    @Override
    public void load(Llama llama) {
        ParameterFiles.load(
                llama.parameters(), file, architecture.layout(), architecture.adapted(llama), LEFT_OVER::contains);
    }

    @Override
    public void close() {
        file.close();
    }
}

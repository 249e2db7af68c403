package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.RotaryTable.LongRope;
import io.llm2clip.nn.RotaryTable.Scaling;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The {@code config.json} of a language model. */
final class LlamaConfigFile {
    private static final String WINDOW = "sliding_window";
    /** What transformers take where a file of Mistral or Qwen2 does not say. */
    private static final int USUAL_WINDOW = 4096;

    private static final String ORIGINAL_LENGTH = "original_max_position_embeddings";

    private final ConfigFile config;
    private final LlamaFamily family;

    private LlamaConfigFile(ConfigFile config, LlamaFamily family) {
        this.config = config;
        this.family = family;
    }

    /** @throws CheckpointException if it is missing, damaged, or describes another architecture */
    static LlamaConfig read(Path file) {
        ConfigFile config = ConfigFile.read(file);
        String type = BidirectionalCode.modelType(config.string("model_type"));
        LlamaFamily family = LlamaFamily.of(type)
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected a text encoder of a model_type among %s, found '%s'; use a checkpoint of one of them."
                                .formatted(file, LlamaFamily.modelTypes(), type)));
        try {
            return new LlamaConfigFile(config, family).read();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(file, e.getMessage()), e);
        }
    }

    private LlamaConfig read() {
        requireSupported();
        int hidden = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        int headSize = config.integer("head_dim", family == LlamaFamily.GEMMA ? 256 : Math.max(1, hidden / heads));
        // Newer files keep base and scaling together in rope_parameters.
        ConfigFile rope = config.within(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
        return new LlamaConfig(
                family,
                config.integer("vocab_size"),
                hidden,
                config.integer("intermediate_size"),
                config.integer("num_hidden_layers"),
                heads,
                config.integer("num_key_value_heads", heads),
                headSize,
                (float) config.number("rms_norm_eps", family == LlamaFamily.PHI3 ? 1e-5 : 1e-6),
                rope.number("rope_theta", config.number("rope_theta", 10000)),
                scaling(rope, headSize),
                window(),
                config.integer("max_position_embeddings", 2048),
                config.truth("tie_word_embeddings", family.tiesHead()));
    }

    private void requireSupported() {
        for (String bias : List.of("attention_bias", "mlp_bias")) {
            if (config.truth(bias, false)) {
                throw new CheckpointException(
                        "%s: '%s': expected a %s model without, found one with; such weights are not supported, use another checkpoint."
                                .formatted(config.file(), bias, family.modelType()));
            }
        }
        double rotated = config.number("partial_rotary_factor", 1);
        if (rotated != 1) {
            throw new CheckpointException(
                    "%s: 'partial_rotary_factor': expected 1, found %s: a model that turns a part of each head only, which is not supported; use another checkpoint."
                            .formatted(config.file(), rotated));
        }
        requireActivation();
    }

    /** Files of Gemma have had {@code gelu} for what was always computed, and is trained with, GELU's tanh approximation. */
    private void requireActivation() {
        String key = config.has("hidden_activation") ? "hidden_activation" : "hidden_act";
        boolean gelu = family.activation() == Activation.GELU_TANH;
        String expected = gelu ? "gelu_pytorch_tanh" : "silu";
        String found = config.string(key, expected);
        if (!found.equals(expected) && !(gelu && found.equals("gelu"))) {
            throw config.wrong(key, "'" + expected + "'");
        }
    }

    private @Nullable Integer window() {
        return switch (family) {
            case LLAMA, GEMMA -> null;
            case MISTRAL -> config.root().has(WINDOW) ? given() : Integer.valueOf(USUAL_WINDOW);
            case PHI3 -> given();
            // All layers as the upper ones, which have it.
            case QWEN2 ->
                config.truth("use_sliding_window", false)
                        ? Integer.valueOf(config.integer(WINDOW, USUAL_WINDOW))
                        : null;
        };
    }

    private @Nullable Integer given() {
        return config.has(WINDOW) ? Integer.valueOf(config.integer(WINDOW)) : null;
    }

    private @Nullable Scaling scaling(ConfigFile rope, int headSize) {
        String type = rope.string("rope_type", rope.string("type", "default"));
        return switch (type) {
            case "default" -> null;
            case "llama3" ->
                new Llama3Scaling(
                        rope.number("factor"),
                        rope.number("low_freq_factor"),
                        rope.number("high_freq_factor"),
                        rope.number(ORIGINAL_LENGTH));
            case "longrope" -> longRope(rope, headSize);
            // Two names that the first files of Phi-3 had for it.
            case "su", "yarn" -> {
                if (family != LlamaFamily.PHI3) {
                    throw unknown(rope, type);
                }
                yield longRope(rope, headSize);
            }
            default -> throw unknown(rope, type);
        };
    }

    private static CheckpointException unknown(ConfigFile rope, String type) {
        return new CheckpointException(
                "%s: expected rotary scaling 'llama3', 'longrope' or none, found '%s'; use another checkpoint."
                        .formatted(rope.file(), type));
    }

    private LongRope longRope(ConfigFile rope, int headSize) {
        int longest = config.integer("max_position_embeddings");
        int original = rope.integer(ORIGINAL_LENGTH, config.integer(ORIGINAL_LENGTH, longest));
        return new LongRope(
                factors(rope, "short_factor", headSize / 2),
                factors(rope, "long_factor", headSize / 2),
                original,
                rope.number("attention_factor", LongRope.usualAmplitude(longest, original)));
    }

    private static List<Double> factors(ConfigFile rope, String key, int count) {
        List<Double> factors = new ArrayList<>();
        for (JsonNode factor : rope.root().path(key)) {
            if (factor.isNumber() && factor.asDouble() > 0) {
                factors.add(factor.asDouble());
            }
        }
        if (factors.size() != count || rope.root().path(key).size() != count) {
            throw rope.wrong(key, "a list of %d positive numbers".formatted(count));
        }
        return factors;
    }

    /**
     * What transformers open as the family's bare model.
     *
     * @param weights F32, BF16 or F16
     */
    static ObjectNode json(LlamaConfig config, StoredType weights) {
        LlamaFamily family = config.family();
        String activation = family.activation() == Activation.GELU_TANH ? "gelu_pytorch_tanh" : "silu";
        ObjectNode json = ConfigFile.object()
                .put("model_type", family.modelType())
                .put("vocab_size", config.vocabularySize())
                .put("hidden_size", config.hiddenSize())
                .put("intermediate_size", config.intermediateSize())
                .put("num_hidden_layers", config.layers())
                .put("num_attention_heads", config.heads())
                .put("num_key_value_heads", config.keyValueHeads())
                .put("head_dim", config.headSize())
                .put("hidden_act", activation)
                // Through text: the shortest decimal of the float, not the digits of its double.
                .put("rms_norm_eps", Double.parseDouble(Float.toString(config.rmsNormEpsilon())))
                .put("rope_theta", config.ropeTheta())
                .put("max_position_embeddings", config.maxPositions())
                .put("tie_word_embeddings", config.tieWordEmbeddings())
                .put("torch_dtype", torchName(weights));
        json.putArray("architectures").add(family.modelClass());
        switch (family) {
            case LLAMA -> json.put("attention_bias", false).put("mlp_bias", false);
            case GEMMA -> json.put("attention_bias", false).put("hidden_activation", activation);
            case MISTRAL -> json.put(WINDOW, config.slidingWindow());
            case QWEN2 ->
                // Transformers give a window to the layers from this one on.
                json.put("use_sliding_window", config.slidingWindow() != null)
                        .put("max_window_layers", 0)
                        .put(WINDOW, config.slidingWindow());
            case PHI3 ->
                // The usual pad token is beyond the end of a small vocabulary, which transformers refuse.
                json.put(WINDOW, config.slidingWindow()).putNull("pad_token_id");
        }
        writeScaling(json, config);
        return json;
    }

    private static void writeScaling(ObjectNode json, LlamaConfig config) {
        switch (config.ropeScaling()) {
            case null -> {
                // A file without says that there is none.
            }
            case Llama3Scaling llama3 ->
                json.putObject("rope_scaling")
                        .put("rope_type", "llama3")
                        .put("factor", llama3.factor())
                        .put("low_freq_factor", llama3.lowFrequencyFactor())
                        .put("high_freq_factor", llama3.highFrequencyFactor())
                        .put(ORIGINAL_LENGTH, (int) llama3.originalLength());
            case LongRope longRope -> {
                // Of Phi-3 transformers want these three keys and no other.
                ObjectNode rope = json.put(ORIGINAL_LENGTH, longRope.originalLength())
                        .putObject("rope_scaling")
                        .put("type", "longrope");
                longRope.shortFactors().forEach(rope.putArray("short_factor")::add);
                longRope.longFactors().forEach(rope.putArray("long_factor")::add);
                if (longRope.amplitude() != LongRope.usualAmplitude(config.maxPositions(), longRope.originalLength())) {
                    rope.put("attention_factor", longRope.amplitude());
                }
            }
        }
    }

    /** What configurations call a type of weights. */
    static String torchName(StoredType type) {
        return switch (type) {
            case F32 -> "float32";
            case BF16 -> "bfloat16";
            case F16 -> "float16";
            default ->
                throw new IllegalArgumentException(
                        "Weights of type " + type + " in a configuration file; expected F32, BF16 or F16.");
        };
    }
}

package io.llm2clip.model;

import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredType;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * Sizes and constants of a {@link Llama}, as Hugging Face's {@code config.json} holds them.
 *
 * @param vocabularySize rows of the token embedding
 * @param hiddenSize D, channels of a token
 * @param intermediateSize channels within the MLP
 * @param layers blocks
 * @param heads query heads
 * @param keyValueHeads key/value heads, a divisor of {@code heads}
 * @param headSize channels of a head
 * @param rmsNormEpsilon added to the mean square
 * @param ropeTheta base of the rotary frequencies
 * @param ropeScaling stretching of low frequencies, or null
 * @param maxPositions longest sequence of the pretraining
 * @param tieWordEmbeddings whether the language head is the token embedding
 */
public record LlamaConfig(
        int vocabularySize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int keyValueHeads,
        int headSize,
        float rmsNormEpsilon,
        double ropeTheta,
        @Nullable Llama3Scaling ropeScaling,
        int maxPositions,
        boolean tieWordEmbeddings) {

    public LlamaConfig {
        if (headSize % 2 != 0 || keyValueHeads < 1 || heads % keyValueHeads != 0) {
            throw new IllegalArgumentException(
                    "A Llama of %d heads of %d and %d key/value heads; expected an even head size and"
                                    .formatted(heads, headSize, keyValueHeads)
                            + " a multiple, such as 32 heads of 64 and 8.");
        }
    }

    /** The language model of a run from scratch in minutes: 192 channels, 2 layers, 6 heads of 32, 2 key/value heads. */
    public static LlamaConfig miniature(int vocabularySize) {
        return new LlamaConfig(vocabularySize, 192, 512, 2, 6, 2, 32, 1e-5f, 10000, null, 2048, false);
    }

    /**
     * Reads a {@code config.json}.
     *
     * @throws CheckpointException if it is missing, damaged, or describes another architecture
     */
    public static LlamaConfig read(Path file) {
        ConfigFile config = ConfigFile.read(file);
        String type = BidirectionalCode.modelType(config.string("model_type"));
        if (!type.equals("llama")) {
            throw new CheckpointException(
                    "%s: expected a text encoder of model_type 'llama', found '%s'; use a Llama 3 checkpoint."
                            .formatted(file, type));
        }
        if (config.truth("attention_bias", false) || config.truth("mlp_bias", false)) {
            throw new CheckpointException(
                    "%s: expected a Llama without attention_bias and mlp_bias, found one with; such weights are not supported."
                            .formatted(file));
        }
        if (!config.string("hidden_act", "silu").equals("silu")) {
            throw config.wrong("hidden_act", "'silu'");
        }
        int hidden = config.integer("hidden_size");
        int heads = config.integer("num_attention_heads");
        // Newer files keep base and scaling together in rope_parameters.
        ConfigFile rope = config.within(config.has("rope_parameters") ? "rope_parameters" : "rope_scaling");
        return new LlamaConfig(
                config.integer("vocab_size"),
                hidden,
                config.integer("intermediate_size"),
                config.integer("num_hidden_layers"),
                heads,
                config.integer("num_key_value_heads", heads),
                config.integer("head_dim", hidden / heads),
                (float) config.number("rms_norm_eps", 1e-6),
                rope.number("rope_theta", config.number("rope_theta", 10000)),
                scaling(rope),
                config.integer("max_position_embeddings", 2048),
                config.truth("tie_word_embeddings", false));
    }

    private static @Nullable Llama3Scaling scaling(ConfigFile rope) {
        String type = rope.string("rope_type", rope.string("type", "default"));
        return switch (type) {
            case "default" -> null;
            case "llama3" ->
                new Llama3Scaling(
                        rope.number("factor"),
                        rope.number("low_freq_factor"),
                        rope.number("high_freq_factor"),
                        rope.number("original_max_position_embeddings"));
            default ->
                throw new CheckpointException(
                        "%s: expected rotary scaling 'llama3' or none, found '%s'; use another checkpoint."
                                .formatted(rope.file(), type));
        };
    }

    /** Writes a {@code config.json} that Hugging Face transformers opens, atomically, for weights in f32. */
    public void write(Path file) {
        write(file, StoredType.F32);
    }

    /**
     * The same for weights of another type.
     *
     * @param weights F32, BF16 or F16
     */
    void write(Path file, StoredType weights) {
        ObjectNode json = ConfigFile.object()
                .put("model_type", "llama")
                .put("vocab_size", vocabularySize)
                .put("hidden_size", hiddenSize)
                .put("intermediate_size", intermediateSize)
                .put("num_hidden_layers", layers)
                .put("num_attention_heads", heads)
                .put("num_key_value_heads", keyValueHeads)
                .put("head_dim", headSize)
                .put("hidden_act", "silu")
                // Through text: the shortest decimal of the float, not the digits of its double.
                .put("rms_norm_eps", Double.parseDouble(Float.toString(rmsNormEpsilon)))
                .put("rope_theta", ropeTheta)
                .put("max_position_embeddings", maxPositions)
                .put("tie_word_embeddings", tieWordEmbeddings)
                .put("attention_bias", false)
                .put("mlp_bias", false)
                .put("torch_dtype", torchName(weights));
        json.putArray("architectures").add("LlamaModel");
        if (ropeScaling != null) {
            json.putObject("rope_scaling")
                    .put("rope_type", "llama3")
                    .put("factor", ropeScaling.factor())
                    .put("low_freq_factor", ropeScaling.lowFrequencyFactor())
                    .put("high_freq_factor", ropeScaling.highFrequencyFactor())
                    .put("original_max_position_embeddings", (int) ropeScaling.originalLength());
        }
        ConfigFile.write(file, json);
    }

    private static String torchName(StoredType type) {
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

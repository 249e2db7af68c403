package io.llm2clip.model;

import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A text encoder in a GGUF file as llama.cpp converts and quantizes them: weights, configuration and tokenizer in one.
 *
 * <p>The file has queries and keys for rotation of neighboring channels, so that their rows are in another order than Hugging Face's,
 * and instead of the parameters of llama3 scaling the factors that these give.
 */
final class GgufText implements TextSource {
    private static final String EMBEDDING = "token_embd.weight";
    private static final String HEAD = "output.weight";
    private static final String FACTORS = "rope_freqs.weight";
    private static final String ARCHITECTURE = "llama";

    /** What all models with such scaling have. */
    private static final double LOW_FREQUENCY_FACTOR = 1;

    private static final double HIGH_FREQUENCY_FACTOR = 4;
    /** The file has factors as f32. */
    private static final double ROUNDING = 1e-4;

    private static final StoredLayout LAYOUT = StoredLayout.builder("", "")
            .renamed("embed_tokens", "token_embd")
            .renamed("norm", "output_norm")
            .renamed("lm_head", "output")
            .renamed("layers.*.input_layernorm", "blk.*.attn_norm")
            .renamed("layers.*.self_attn.q_proj", "blk.*.attn_q")
            .renamed("layers.*.self_attn.k_proj", "blk.*.attn_k")
            .renamed("layers.*.self_attn.v_proj", "blk.*.attn_v")
            .renamed("layers.*.self_attn.o_proj", "blk.*.attn_output")
            .renamed("layers.*.post_attention_layernorm", "blk.*.ffn_norm")
            .renamed("layers.*.mlp.gate_proj", "blk.*.ffn_gate")
            .renamed("layers.*.mlp.up_proj", "blk.*.ffn_up")
            .renamed("layers.*.mlp.down_proj", "blk.*.ffn_down")
            .build();

    private final Checkpoint file;
    private final GgufValues values;

    private GgufText(Checkpoint file) {
        this.file = file;
        values = new GgufValues(file);
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

    private void requireKnown() {
        Optional<String> architecture = values.optional("general.architecture");
        if (architecture.isEmpty()) {
            throw new CheckpointException(
                    "%s: expected the directory of a text encoder or a GGUF file, found other weights; give the directory with their config.json and tokenizer.json."
                            .formatted(file.source()));
        }
        String kind = values.string("general.type", "model");
        if (!architecture.get().equals(ARCHITECTURE) || !kind.equals("model")) {
            throw new CheckpointException(
                    "%s: expected a GGUF file of a model of architecture 'llama', found one of a %s of architecture '%s'; use a Llama 3 checkpoint."
                            .formatted(file.source(), kind, architecture.get()));
        }
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
            throw new CheckpointException("%s: '%s.%s': expected %s, found %s: a model %s; use a Llama 3 checkpoint."
                    .formatted(file.source(), ARCHITECTURE, key, expected, found, what));
        }
    }

    private Optional<String> own(String key) {
        String full = key(key);
        return values.has(full) ? Optional.of(full) : Optional.empty();
    }

    private static String key(String key) {
        return ARCHITECTURE + "." + key;
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
        int blocks = blocks();
        requireShape("blk.0.attn_q.weight", (long) heads * headSize, hidden);
        requireShape("blk.0.attn_k.weight", (long) keyValueHeads * headSize, hidden);
        requireShape("blk.0.ffn_gate.weight", intermediate, hidden);
        double theta = values.real(key("rope.freq_base"), 10000);
        try {
            return new LlamaConfig(
                    vocabularySize(),
                    hidden,
                    intermediate,
                    blocks,
                    heads,
                    keyValueHeads,
                    headSize,
                    (float) values.real(key("attention.layer_norm_rms_epsilon")),
                    theta,
                    scaling(headSize, theta),
                    values.count(key("context_length"), 2048),
                    !file.entries().containsKey(HEAD));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: %s".formatted(file.source(), e.getMessage()), e);
        }
    }

    /** A model is made before its weights are read, so that a damaged number must not decide how large. */
    private int blocks() {
        int blocks = values.count(key("block_count"));
        if (blocks > file.entries().size()) {
            throw values.wrong(
                    key("block_count"),
                    "the number of blocks of the %d tensors"
                            .formatted(file.entries().size()),
                    Integer.toString(blocks));
        }
        return blocks;
    }

    private void requireShape(String tensor, long rows, long columns) {
        List<Long> found = file.tensor(tensor).shape();
        if (!found.equals(List.of(rows, columns))) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected shape [%d, %d], as the file's metadata says, found %s; convert the model again with today's llama.cpp."
                            .formatted(file.source(), tensor, rows, columns, found));
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

    /** The scaling that gives the factors of the file, which frequencies are divided by; null without any. */
    private @Nullable Llama3Scaling scaling(int headSize, double theta) {
        if (!file.entries().containsKey(FACTORS)) {
            return null;
        }
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
        return TokenizerFiles.made(
                file.source(), GgufVocabulary.read(values).toJson(), GgufVocabulary.settings(values));
    }

    @Override
    public CaptionSettings captions() {
        String chatTemplate = GgufVocabulary.settings(values).getOrDefault(TokenizerFiles.CHAT_TEMPLATE, "");
        return new CaptionSettings(Optional.empty(), Llm2VecConfig.NONE, LlamaFamily.LLAMA, "", chatTemplate);
    }

    @Override
    public Map<String, String> notes() {
        return Map.of();
    }

    @Override
    public void load(Llama llama) {
        LlamaConfig config = llama.config();
        Map<String, UnaryOperator<StoredTensor>> reordered = new HashMap<>();
        for (int i = 0; i < config.layers(); i++) {
            String attention = "layers." + i + ".self_attn.";
            reordered.put(attention + "q_proj.weight", rows -> halvesApart(rows, config.heads()));
            reordered.put(attention + "k_proj.weight", rows -> halvesApart(rows, config.keyValueHeads()));
        }
        ParameterFiles.load(
                llama.parameters(), file, LAYOUT.usual(), reordered, name -> name.equals(HEAD) || name.equals(FACTORS));
    }

    /** As Hugging Face has them; a tensor of another shape is refused for that. */
    private static StoredTensor halvesApart(StoredTensor rows, int heads) {
        boolean fits = rows.shape().size() == 2 && rows.shape().getFirst() % (2L * heads) == 0;
        return fits ? rows.deinterleaved(heads) : rows;
    }

    @Override
    public void close() {
        file.close();
    }
}

package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.BpeVocabulary;
import io.llm2clip.text.BpeVocabulary.Merge;
import io.llm2clip.text.PreTokenization;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tokenizer of a GGUF file. */
final class GgufVocabulary {
    private static final String KEYS = "tokenizer.ggml.";
    private static final String TOKENS = KEYS + "tokens";
    private static final String TYPES = KEYS + "token_type";
    private static final String CONTROL = "3";
    private static final String USER_DEFINED = "4";

    private final GgufValues values;
    private final List<String> tokens;

    private GgufVocabulary(GgufValues values) {
        this.values = values;
        tokens = values.list(TOKENS);
    }

    /**
     * As the tokenizer.json that the model was converted from has it.
     *
     * @throws CheckpointException if it is of another kind than byte-level BPE, or is damaged
     */
    static BpeVocabulary read(GgufValues values) {
        return new GgufVocabulary(values).read();
    }

    /** What tokenizer_config.json says of a tokenizer, such as {@code eos_token}. */
    static Map<String, String> settings(GgufValues values) {
        GgufVocabulary vocabulary = new GgufVocabulary(values);
        Map<String, String> settings = new LinkedHashMap<>();
        vocabulary.put(settings, "bos_token", "bos_token_id");
        vocabulary.put(settings, "eos_token", "eos_token_id");
        vocabulary.put(settings, "unk_token", "unknown_token_id");
        vocabulary.put(settings, "pad_token", "padding_token_id");
        values.optional("tokenizer.chat_template").ifPresent(template -> settings.put("chat_template", template));
        return settings;
    }

    private void put(Map<String, String> settings, String name, String key) {
        String token = token(key);
        if (token != null) {
            settings.put(name, token);
        }
    }

    private BpeVocabulary read() {
        String model = values.string(KEYS + "model");
        if (!model.equals("gpt2")) {
            throw unknown("model", "'gpt2', a byte-level BPE tokenizer as of Llama 3", model);
        }
        String name = values.string(KEYS + "pre", "default");
        PreTokenization pieces = PreTokenization.named(name)
                .orElseThrow(() -> unknown("pre", "one of " + String.join(", ", PreTokenization.names()), name));
        if (values.truth(KEYS + "add_space_prefix", false)) {
            throw unknown("add_space_prefix", "false", "true");
        }
        requireDistinct();
        return new BpeVocabulary(
                tokens,
                merges(),
                typed(CONTROL),
                typed(USER_DEFINED),
                values.truth(KEYS + "add_bos_token", pieces.beginsRows()) ? required("bos_token_id") : null,
                values.truth(KEYS + "add_eos_token", false) ? required("eos_token_id") : null,
                pieces);
    }

    private CheckpointException unknown(String key, String expected, String found) {
        return values.wrong(
                KEYS + key,
                expected,
                "'" + found + "'",
                "give the model as the directory of Hugging Face that it was converted from, with a tokenizer.json");
    }

    private void requireDistinct() {
        Map<String, Integer> seen = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            Integer first = seen.putIfAbsent(tokens.get(id), id);
            if (first != null) {
                throw values.wrong(
                        TOKENS, "every token once", "'%s' as %d and %d".formatted(tokens.get(id), first, id));
            }
        }
    }

    private List<Merge> merges() {
        List<Merge> merges = new ArrayList<>();
        for (String merge : values.list(KEYS + "merges")) {
            // A token may begin with a space, though not one of the byte alphabet.
            int space = merge.indexOf(' ', 1);
            if (space < 0 || space == merge.length() - 1) {
                throw values.wrong(KEYS + "merges", "pairs of tokens with a space between", "'" + merge + "'");
            }
            merges.add(new Merge(merge.substring(0, space), merge.substring(space + 1)));
        }
        return merges;
    }

    private List<String> typed(String type) {
        if (!values.has(TYPES)) {
            return List.of();
        }
        List<String> types = values.list(TYPES);
        if (types.size() != tokens.size()) {
            throw values.wrong(TYPES, "a type for each of %d tokens".formatted(tokens.size()), types.size() + " types");
        }
        List<String> found = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            if (types.get(id).equals(type)) {
                found.add(tokens.get(id));
            }
        }
        return found;
    }

    private String required(String key) {
        String token = token(key);
        if (token == null) {
            throw values.wrong(KEYS + key, "the token that rows begin or end with", "none");
        }
        return token;
    }

    private @Nullable String token(String key) {
        if (!values.has(KEYS + key)) {
            return null;
        }
        int id = values.number(KEYS + key);
        if (id >= tokens.size()) {
            throw values.wrong(KEYS + key, "one of %d tokens".formatted(tokens.size()), Integer.toString(id));
        }
        return tokens.get(id);
    }
}

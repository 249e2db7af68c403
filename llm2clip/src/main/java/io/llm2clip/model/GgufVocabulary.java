package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.BpeVocabulary;
import io.llm2clip.text.BpeVocabulary.Merge;
import io.llm2clip.text.PieceVocabulary;
import io.llm2clip.text.PreTokenization;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The tokenizer of a GGUF file. */
final class GgufVocabulary {
    private static final String KEYS = "tokenizer.ggml.";
    private static final String TOKENS = KEYS + "tokens";
    private static final String TYPES = KEYS + "token_type";
    private static final String UNKNOWN = "2";
    private static final String CONTROL = "3";
    private static final String USER_DEFINED = "4";
    /** Those between which conversations are, and the end of a sequence. */
    private static final Predicate<String> STRIPS_RIGHT =
            Pattern.compile("</s>|<\\|(?!endoftext\\|)\\w+\\|>").asMatchPredicate();

    private final GgufValues values;
    private final List<String> tokens;

    private GgufVocabulary(GgufValues values) {
        this.values = values;
        tokens = values.list(TOKENS);
    }

    /**
     * The same tokens and rules as of the tokenizer.json that the model was converted from, as a tokenizer.json.
     *
     * @throws CheckpointException if it is of another kind than byte-level BPE or SentencePiece's, or is damaged
     */
    static String json(GgufValues values) {
        GgufVocabulary vocabulary = new GgufVocabulary(values);
        String model = values.string(KEYS + "model");
        vocabulary.requireDistinct();
        return switch (model) {
            case "gpt2" -> vocabulary.bytes().toJson();
            case "llama" -> vocabulary.pieces().toJson();
            default ->
                throw vocabulary.unknown(
                        "model",
                        "'gpt2', a byte-level BPE tokenizer as of Llama 3, or 'llama', one of SentencePiece as of Llama 2",
                        model);
        };
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

    private PieceVocabulary pieces() {
        List<String> special = typed(CONTROL);
        List<String> unknown = typed(UNKNOWN);
        List<String> added = typed(USER_DEFINED);
        special.addAll(unknown);
        return new PieceVocabulary(
                escaped(added),
                scores(),
                special,
                added.stream().map(GgufVocabulary::escape).toList(),
                // Of Phi-3 alone; the file does not say so.
                values.string("general.architecture").equals(GgufArchitecture.PHI3.key())
                        ? special.stream().filter(STRIPS_RIGHT).collect(Collectors.toSet())
                        : Set.of(),
                unknown.isEmpty() ? token("unknown_token_id") : unknown.getFirst(),
                values.truth(KEYS + "add_bos_token", true) ? required("bos_token_id") : null,
                values.truth(KEYS + "add_eos_token", false) ? required("eos_token_id") : null,
                values.truth(KEYS + "add_space_prefix", true));
    }

    /** Files have spaces in tokens that a user has defined, and SentencePiece's own character for them in all others. */
    private List<String> escaped(List<String> added) {
        Set<String> defined = Set.copyOf(added);
        return tokens.stream()
                .map(token -> defined.contains(token) ? escape(token) : token)
                .toList();
    }

    private static String escape(String token) {
        return token.replace(" ", PieceVocabulary.SPACE);
    }

    private List<Float> scores() {
        String key = KEYS + "scores";
        List<Float> scores = new ArrayList<>();
        for (String score : values.list(key)) {
            try {
                scores.add(Float.parseFloat(score));
            } catch (NumberFormatException e) {
                throw values.wrong(key, "numbers", "'" + score + "'");
            }
        }
        if (scores.size() != tokens.size()) {
            throw values.wrong(
                    key, "a score for each of %d tokens".formatted(tokens.size()), scores.size() + " scores");
        }
        return scores;
    }

    private BpeVocabulary bytes() {
        String name = values.string(KEYS + "pre", "default");
        PreTokenization pieces = PreTokenization.named(name)
                .orElseThrow(() -> unknown("pre", "one of " + String.join(", ", PreTokenization.names()), name));
        if (values.truth(KEYS + "add_space_prefix", false)) {
            throw unknown("add_space_prefix", "false", "true");
        }
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
            return new ArrayList<>();
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

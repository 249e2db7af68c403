package io.llm2clip.text;

import io.llm2clip.text.BpeVocabulary.Merge;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** A Hugging Face {@code tokenizer.json} of a BPE vocabulary, part by part. */
final class TokenizerJson {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final List<String> tokens;
    private final Map<String, Integer> idOf = new HashMap<>();
    private final ObjectNode root = JSON.createObjectNode();
    private final ArrayNode added;

    /** @param tokens the token of every id */
    TokenizerJson(List<String> tokens) {
        this.tokens = tokens;
        for (int id = 0; id < tokens.size(); id++) {
            idOf.put(tokens.get(id), id);
        }
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        added = root.putArray("added_tokens");
    }

    /** Where normalizer, pre-tokenizer and decoder go. */
    ObjectNode root() {
        return root;
    }

    /**
     * Adds a token that text is searched for before it is cut.
     *
     * @param special whether only templates have it
     * @param stripsRight whether whitespace behind it is a part of it
     */
    void add(String token, boolean special, boolean stripsRight) {
        added.addObject()
                .put("id", idOf.get(token))
                .put("content", token)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", stripsRight)
                .put("normalized", false)
                .put("special", special);
    }

    /** What rows begin and end with when special tokens are asked for. */
    void putTemplate(@Nullable String begin, @Nullable String end) {
        if (begin == null && end == null) {
            root.putNull("post_processor");
            return;
        }
        ObjectNode template = root.putObject("post_processor").put("type", "TemplateProcessing");
        for (String rule : List.of("single", "pair")) {
            ArrayNode pieces = template.putArray(rule);
            putPiece(pieces, "SpecialToken", begin, 0);
            putPiece(pieces, "Sequence", "A", 0);
            if (rule.equals("pair")) {
                putPiece(pieces, "Sequence", "B", 1);
            }
            putPiece(pieces, "SpecialToken", end, 0);
        }
        ObjectNode special = template.putObject("special_tokens");
        Stream.of(begin, end).filter(Objects::nonNull).distinct().forEach(name -> {
            ObjectNode token = special.putObject(name).put("id", name);
            token.putArray("ids").add(idOf.get(name));
            token.putArray("tokens").add(name);
        });
    }

    private static void putPiece(ArrayNode pieces, String kind, @Nullable String id, int type) {
        if (id != null) {
            pieces.addObject().putObject(kind).put("id", id).put("type_id", type);
        }
    }

    /** The vocabulary itself, without what else its kind says. */
    ObjectNode putModel(List<Merge> merges) {
        ObjectNode model = root.putObject("model");
        model.put("type", "BPE").putNull("dropout");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(merge -> pairs.addArray().add(merge.left()).add(merge.right()));
        return model;
    }

    @Override
    public String toString() {
        return JSON.writeValueAsString(root);
    }
}

package io.llm2clip.text;

import io.llm2clip.nn.checkpoint.AtomicFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A byte-level BPE vocabulary, with what stands around its merges.
 *
 * @param tokens the token of every id; byte characters, not text
 * @param merges in order of priority
 * @param specialTokens that only templates have; of {@code tokens}
 * @param addedTokens which text has, too, and no merge makes; of {@code tokens}
 * @param beginToken what precedes a row when special tokens are asked for
 * @param endToken what ends one then
 * @param preTokenization how text is cut before it is merged
 */
public record BpeVocabulary(
        List<String> tokens,
        List<Merge> merges,
        List<String> specialTokens,
        List<String> addedTokens,
        @Nullable String beginToken,
        @Nullable String endToken,
        PreTokenization preTokenization) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Two neighbouring tokens that become one. */
    public record Merge(String left, String right) {}

    public BpeVocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        specialTokens = List.copyOf(specialTokens);
        addedTokens = List.copyOf(addedTokens);
    }

    /** A vocabulary as {@link BpeTrainer} learns it. */
    BpeVocabulary(List<String> tokens, List<Merge> merges, List<String> specialTokens, @Nullable String beginToken) {
        this(tokens, merges, specialTokens, List.of(), beginToken, null, PreTokenization.GPT2);
    }

    /** The number of tokens, special tokens included. */
    public int size() {
        return tokens.size();
    }

    /** Writes a Hugging Face {@code tokenizer.json}, atomically. */
    public void write(Path file) {
        AtomicFile.write(file, toJson().getBytes(StandardCharsets.UTF_8));
    }

    /** The content of {@code tokenizer.json}. */
    public String toJson() {
        Map<String, Integer> idOf = new HashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            idOf.put(tokens.get(id), id);
        }
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        specialTokens.forEach(token -> putAdded(added, token, idOf, true));
        addedTokens.forEach(token -> putAdded(added, token, idOf, false));
        preTokenization.write(root);
        putTemplate(root, idOf);
        PreTokenization.putByteLevel(root.putObject("decoder"), true);
        putModel(root.putObject("model"));
        return JSON.writeValueAsString(root);
    }

    private static void putAdded(ArrayNode added, String token, Map<String, Integer> idOf, boolean special) {
        added.addObject()
                .put("id", idOf.get(token))
                .put("content", token)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", special);
    }

    private void putTemplate(ObjectNode root, Map<String, Integer> idOf) {
        if (beginToken == null && endToken == null) {
            root.putNull("post_processor");
            return;
        }
        ObjectNode template = root.putObject("post_processor").put("type", "TemplateProcessing");
        for (String rule : List.of("single", "pair")) {
            ArrayNode pieces = template.putArray(rule);
            putPiece(pieces, "SpecialToken", beginToken, 0);
            putPiece(pieces, "Sequence", "A", 0);
            if (rule.equals("pair")) {
                putPiece(pieces, "Sequence", "B", 1);
            }
            putPiece(pieces, "SpecialToken", endToken, 0);
        }
        ObjectNode special = template.putObject("special_tokens");
        Stream.of(beginToken, endToken).filter(Objects::nonNull).distinct().forEach(name -> {
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

    private void putModel(ObjectNode model) {
        model.put("type", "BPE").putNull("dropout").putNull("unk_token");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", preTokenization.ignoresMerges());
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(merge -> pairs.addArray().add(merge.left()).add(merge.right()));
    }
}

package io.llm2clip.text;

import io.llm2clip.nn.checkpoint.AtomicFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A trained byte-level BPE vocabulary.
 *
 * @param tokens the token of every id; byte characters, not text
 * @param merges in order of priority
 * @param specialTokens as given to the trainer
 * @param beginToken what precedes a row when special tokens are asked for
 */
public record BpeVocabulary(
        List<String> tokens,
        List<Merge> merges,
        List<String> specialTokens,
        @Nullable String beginToken) {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** Two neighbouring tokens that become one. */
    public record Merge(String left, String right) {}

    public BpeVocabulary {
        tokens = List.copyOf(tokens);
        merges = List.copyOf(merges);
        specialTokens = List.copyOf(specialTokens);
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
        ObjectNode root = JSON.createObjectNode();
        root.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = root.putArray("added_tokens");
        for (String token : specialTokens) {
            added.addObject()
                    .put("id", tokens.indexOf(token))
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        root.putNull("normalizer");
        putByteLevel(root, "pre_tokenizer");
        if (beginToken == null) {
            root.putNull("post_processor");
        } else {
            putTemplate(root.putObject("post_processor"), beginToken);
        }
        putByteLevel(root, "decoder");
        putModel(root.putObject("model"));
        return JSON.writeValueAsString(root);
    }

    private static void putByteLevel(ObjectNode root, String name) {
        root.putObject(name)
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", true);
    }

    private void putTemplate(ObjectNode template, String begin) {
        template.put("type", "TemplateProcessing");
        for (String rule : List.of("single", "pair")) {
            ArrayNode pieces = template.putArray(rule);
            putPiece(pieces, "SpecialToken", begin, 0);
            putPiece(pieces, "Sequence", "A", 0);
            if (rule.equals("pair")) {
                putPiece(pieces, "Sequence", "B", 1);
            }
        }
        ObjectNode token = template.putObject("special_tokens").putObject(begin).put("id", begin);
        token.putArray("ids").add(tokens.indexOf(begin));
        token.putArray("tokens").add(begin);
    }

    private static void putPiece(ArrayNode pieces, String kind, String id, int type) {
        pieces.addObject().putObject(kind).put("id", id).put("type_id", type);
    }

    private void putModel(ObjectNode model) {
        model.put("type", "BPE").putNull("dropout").putNull("unk_token");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.put(tokens.get(id), id);
        }
        ArrayNode pairs = model.putArray("merges");
        merges.forEach(merge -> pairs.addArray().add(merge.left()).add(merge.right()));
    }
}

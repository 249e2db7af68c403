package io.llm2clip.text;

import io.llm2clip.text.BpeVocabulary.Merge;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A vocabulary of SentencePiece's BPE, as of Llama 2, Mistral, Gemma and Phi-3: of characters, with {@code ▁} for a space; characters that
 * it has not are tokens of bytes.
 *
 * @param pieces the token of every id
 * @param scores of the pieces; the higher, the earlier it is made of two others
 * @param specialTokens that only templates have; of {@code pieces}
 * @param addedTokens which text has, too, and which are found before all others; of {@code pieces}
 * @param stripsRight special tokens that take the whitespace behind them
 * @param unknownToken what stands for what no token is for
 * @param beginToken what precedes a row when special tokens are asked for
 * @param endToken what ends one then
 * @param spacePrefix whether a text begins with a space that it does not have
 */
public record PieceVocabulary(
        List<String> pieces,
        List<Float> scores,
        List<String> specialTokens,
        List<String> addedTokens,
        Set<String> stripsRight,
        @Nullable String unknownToken,
        @Nullable String beginToken,
        @Nullable String endToken,
        boolean spacePrefix) {
    /** What stands for a space. */
    public static final String SPACE = "▁";

    public PieceVocabulary {
        pieces = List.copyOf(pieces);
        scores = List.copyOf(scores);
        specialTokens = List.copyOf(specialTokens);
        addedTokens = List.copyOf(addedTokens);
        stripsRight = Set.copyOf(stripsRight);
    }

    /** The content of {@code tokenizer.json}. */
    public String toJson() {
        TokenizerJson json = new TokenizerJson(pieces);
        specialTokens.forEach(token -> json.add(token, true, stripsRight.contains(token)));
        // Text has spaces where these have ▁, so that they are never found, but made by merges.
        addedTokens.stream().filter(token -> !token.contains(SPACE)).forEach(token -> json.add(token, false, false));
        putNormalizer(json.root());
        json.root().putNull("pre_tokenizer");
        json.putTemplate(beginToken, endToken);
        putDecoder(json.root());
        json.putModel(merges())
                .put("unk_token", unknownToken)
                .put("fuse_unk", true)
                .put("byte_fallback", true)
                .put("ignore_merges", false);
        return json.toString();
    }

    private void putNormalizer(ObjectNode root) {
        ArrayNode steps = root.putObject("normalizer").put("type", "Sequence").putArray("normalizers");
        if (spacePrefix) {
            steps.addObject().put("type", "Prepend").put("prepend", SPACE);
        }
        putReplace(steps.addObject(), " ", SPACE);
    }

    private void putDecoder(ObjectNode root) {
        ArrayNode steps = root.putObject("decoder").put("type", "Sequence").putArray("decoders");
        putReplace(steps.addObject(), SPACE, " ");
        steps.addObject().put("type", "ByteFallback");
        steps.addObject().put("type", "Fuse");
        if (spacePrefix) {
            steps.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
    }

    private static void putReplace(ObjectNode step, String found, String content) {
        step.put("type", "Replace").putObject("pattern").put("String", found);
        step.put("content", content);
    }

    /** Every pair of pieces that makes a piece, added ones and then those of highest score first, as SentencePiece joins them. */
    private List<Merge> merges() {
        Map<String, Integer> idOf = new HashMap<>();
        for (int id = 0; id < pieces.size(); id++) {
            idOf.put(pieces.get(id), id);
        }
        Set<String> added = Set.copyOf(addedTokens);
        List<Integer> order = new ArrayList<>(idOf.values());
        order.sort(Comparator.comparing((Integer id) -> !added.contains(pieces.get(id)))
                .thenComparing(scores::get, Comparator.reverseOrder())
                .thenComparing(id -> id));
        Set<String> special = Set.copyOf(specialTokens);
        List<Merge> merges = new ArrayList<>();
        for (int id : order) {
            String piece = pieces.get(id);
            for (int at = 1; at < piece.length() && !special.contains(piece); at++) {
                if (idOf.containsKey(piece.substring(0, at)) && idOf.containsKey(piece.substring(at))) {
                    merges.add(new Merge(piece.substring(0, at), piece.substring(at)));
                }
            }
        }
        return merges;
    }
}

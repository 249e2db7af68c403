package io.llm2clip.text;

import io.llm2clip.nn.checkpoint.AtomicFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

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

    /** The same where rows end with a special token of it when special tokens are asked for. */
    public BpeVocabulary endingWith(String token) {
        return new BpeVocabulary(tokens, merges, specialTokens, addedTokens, beginToken, token, preTokenization);
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
        TokenizerJson json = new TokenizerJson(tokens);
        specialTokens.forEach(token -> json.add(token, true, false));
        addedTokens.forEach(token -> json.add(token, false, false));
        preTokenization.write(json.root());
        json.putTemplate(beginToken, endToken);
        PreTokenization.putByteLevel(json.root().putObject("decoder"), true);
        json.putModel(merges)
                .putNull("unk_token")
                .put("fuse_unk", false)
                .put("byte_fallback", false)
                .put("ignore_merges", preTokenization.ignoresMerges());
        return json.toString();
    }
}

package io.llm2clip.training.mask;

import io.llm2clip.text.Tokenizer;
import java.util.Arrays;

/**
 * Tokens of one text or of several concatenated texts.
 *
 * @param ids the tokens
 * @param text whether each token belongs to a text; the others are special tokens
 */
public record PackedTokens(int[] ids, boolean[] text) {
    private static final long OBJECT_BYTES = 100;

    /** Tokenizes a text and adds the tokenizer's special tokens around it. */
    public static PackedTokens of(Tokenizer tokenizer, String text) {
        int[] whole = tokenizer.encode(text, true);
        int[] own = tokenizer.encode(text, false);
        int start = 0;
        while (!Arrays.equals(whole, start, Math.min(whole.length, start + own.length), own, 0, own.length)) {
            if (++start > whole.length - own.length) {
                throw new IllegalStateException(
                        "The tokenizer splits \"%s\" differently when it adds special tokens.".formatted(text));
            }
        }
        boolean[] isText = new boolean[whole.length];
        Arrays.fill(isText, start, start + own.length, true);
        return new PackedTokens(whole, isText);
    }

    /** Approximate heap size. */
    long bytes() {
        return OBJECT_BYTES + (long) (Integer.BYTES + 1) * ids.length;
    }
}

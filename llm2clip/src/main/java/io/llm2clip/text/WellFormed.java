package io.llm2clip.text;

/**
 * Text that every encoding can express. Half an emoji, as truncation and escapes in JSON leave it behind, is no character;
 * the tokenizer's native side would take every emoji of the text for damaged.
 */
public final class WellFormed {
    private static final char REPLACEMENT = '\uFFFD';

    private WellFormed() {}

    /** The text with every lone surrogate replaced by one U+FFFD; whole pairs are kept. */
    public static String text(String text) {
        StringBuilder mended = null;
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            if (!Character.isSurrogate(character)) {
                continue;
            }
            if (i + 1 < text.length() && Character.isSurrogatePair(character, text.charAt(i + 1))) {
                i++;
                continue;
            }
            if (mended == null) {
                mended = new StringBuilder(text);
            }
            mended.setCharAt(i, REPLACEMENT);
        }
        return mended == null ? text : mended.toString();
    }
}

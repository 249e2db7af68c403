package io.llm2clip.cli;

import java.util.Locale;

/** Names and values on lines that other programs split at tabs. */
final class LineFormat {
    private LineFormat() {}

    /**
     * A name without the characters that separate: a backslash is {@code \\}, a tab {@code \t}, line ends are {@code \n} and
     * {@code \r}, other control characters and line separators are written as in Java and JSON.
     */
    static String escape(String name) {
        StringBuilder escaped = new StringBuilder(name.length());
        name.codePoints().forEach(character -> {
            switch (character) {
                case '\\' -> escaped.append("\\\\");
                case '\t' -> escaped.append("\\t");
                case '\n' -> escaped.append("\\n");
                case '\r' -> escaped.append("\\r");
                default -> {
                    if (Character.isISOControl(character) || character == 0x2028 || character == 0x2029) {
                        escaped.append(String.format(Locale.ROOT, "\\u%04x", character));
                    } else {
                        escaped.appendCodePoint(character);
                    }
                }
            }
        });
        return escaped.toString();
    }

    /** The values, separated by blanks. */
    static String values(float[] vector) {
        StringBuilder text = new StringBuilder();
        for (float value : vector) {
            text.append(text.isEmpty() ? "" : " ").append(value);
        }
        return text.toString();
    }
}

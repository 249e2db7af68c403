package io.llm2clip.data;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.CharacterCodingException;

/** The lines of a stream of UTF-8, one in memory at a time; a line that cannot be used does not stop the ones after it. */
public final class Utf8Lines {
    /** Longer lines are refused: no text is that long, but a binary file is one such line. */
    private static final int MAX_LINE_BYTES = 16 << 20;

    private static final char BYTE_ORDER_MARK = '\uFEFF';

    private Utf8Lines() {}

    /** Receives lines, which count from 1. */
    public interface Target {
        /** A line without its end. */
        void line(int number, String text) throws IOException;

        /** @param reason why the line is no text, as part of a sentence */
        void unusable(int number, String reason) throws IOException;
    }

    /**
     * Reads all lines, empty ones too. They end with a line feed, or with a carriage return before it; a byte order mark is left out. What
     * follows the last line feed is a line if there is anything.
     */
    public static void read(InputStream stream, Target target) throws IOException {
        InputStream input = new BufferedInputStream(stream, 1 << 16);
        var line = new ByteArrayOutputStream(1 << 12);
        int number = 1;
        for (int value = input.read(); value >= 0; value = input.read()) {
            if (value == '\n') {
                accept(number++, line, target);
                line.reset();
            } else if (line.size() <= MAX_LINE_BYTES) {
                line.write(value);
            }
        }
        if (line.size() > 0) {
            accept(number, line, target);
        }
    }

    private static void accept(int number, ByteArrayOutputStream bytes, Target target) throws IOException {
        if (bytes.size() > MAX_LINE_BYTES) {
            target.unusable(number, "line longer than 16 MiB");
            return;
        }
        String text;
        try {
            text = Utf8.text(bytes.toByteArray());
        } catch (CharacterCodingException e) {
            target.unusable(number, "not UTF-8");
            return;
        }
        int first = number == 1 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? 1 : 0;
        int end = text.endsWith("\r") ? text.length() - 1 : text.length();
        target.line(number, text.substring(Math.min(first, end), end));
    }
}

package io.llm2clip.cli;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Texts from a file or standard input, one per line. */
final class TextLines {
    /** Stands for standard input. */
    static final Path STANDARD_INPUT = Path.of("-");

    private static final String BYTE_ORDER_MARK = "\uFEFF";

    private TextLines() {}

    /**
     * All lines, empty ones too, so that the n-th vector is that of the n-th line. They end with a line feed, or with a carriage return
     * before it; a byte order mark is left out.
     *
     * @throws InputException if the file cannot be read or is not UTF-8, naming the line
     */
    static List<String> read(Path file, InputStream standardInput) {
        String name = file.equals(STANDARD_INPUT) ? "Standard input" : file.toString();
        try {
            byte[] bytes = file.equals(STANDARD_INPUT) ? standardInput.readAllBytes() : Files.readAllBytes(file);
            List<String> lines = new ArrayList<>();
            for (int start = 0; start < bytes.length; ) {
                int end = start;
                while (end < bytes.length && bytes[end] != '\n') {
                    end++;
                }
                int length = end > start && bytes[end - 1] == '\r' ? end - 1 - start : end - start;
                lines.add(decode(Arrays.copyOfRange(bytes, start, start + length), name, lines.size() + 1));
                start = end + 1;
            }
            if (lines.isEmpty()) {
                throw new InputException("%s holds no texts; expected one per line.".formatted(name));
            }
            if (lines.getFirst().startsWith(BYTE_ORDER_MARK)) {
                lines.set(0, lines.getFirst().substring(1));
            }
            return lines;
        } catch (IOException e) {
            throw new InputException(
                    "%s cannot be read (%s); give a file of texts, one per line.".formatted(name, IoReason.of(e)), e);
        }
    }

    private static String decode(byte[] line, String name, int number) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new InputException(
                    "%s: line %d is not UTF-8; convert the file, for instance with iconv.".formatted(name, number), e);
        }
    }
}

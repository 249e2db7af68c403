package io.llm2clip.data;

import io.llm2clip.nn.checkpoint.JsonFault;
import io.llm2clip.text.WellFormed;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Reads a file of one JSON object a line; a line that cannot be used does not stop the ones after it. */
final class JsonLines {
    /** Longer lines are refused: no caption is that long, but a binary file is one such line. */
    private static final int MAX_LINE_BYTES = 16 << 20;

    private static final int BYTE_ORDER_MARK = 0xfeff;
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonLines() {}

    /** Uses the object of a line. */
    interface LineReader {
        void read(int line, ObjectNode object) throws BadLineException;
    }

    /** A line that breaks the format. */
    static final class BadLineException extends Exception {
        private static final long serialVersionUID = 1;
        private final String detail;

        BadLineException(String reason, String detail) {
            super(reason, null, false, false);
            this.detail = detail;
        }
    }

    static void read(Path file, DataReport.Builder report, LineReader reader) {
        try (InputStream input = new BufferedInputStream(Files.newInputStream(file), 1 << 16)) {
            var line = new ByteArrayOutputStream(1 << 12);
            int number = 1;
            for (int value = input.read(); value >= 0; value = input.read()) {
                if (value == '\n') {
                    accept(number++, line, report, reader);
                    line.reset();
                } else if (line.size() <= MAX_LINE_BYTES) {
                    line.write(value);
                }
            }
            accept(number, line, report, reader);
        } catch (IOException e) {
            throw new InputException(file + " cannot be read (" + e.getMessage() + ").", e);
        }
    }

    /**
     * The captions of an object: a list of strings or one string, under "captions" or "caption". What is blank or no string
     * is left out and counted.
     */
    static List<String> captions(ObjectNode object, DataReport.Builder report) throws BadLineException {
        String key = object.has("captions") ? "captions" : "caption";
        JsonNode node = object.get(key);
        if (node == null) {
            throw new BadLineException("no key \"captions\"", "");
        }
        if (!node.isArray() && !node.isString()) {
            throw new BadLineException("\"%s\" is not a list".formatted(key), "");
        }
        List<String> captions = new ArrayList<>();
        for (JsonNode caption : node.isString() ? List.of(node) : node) {
            if (!caption.isString()) {
                report.leaveOut("not a string");
            } else if (caption.stringValue().isBlank()) {
                report.leaveOut("blank");
            } else {
                captions.add(WellFormed.text(caption.stringValue()));
            }
        }
        if (captions.isEmpty()) {
            throw new BadLineException("no captions", "");
        }
        return List.copyOf(captions);
    }

    private static void accept(int number, ByteArrayOutputStream bytes, DataReport.Builder report, LineReader reader) {
        try {
            String text = text(bytes);
            if (!text.isBlank()) {
                reader.read(number, parse(text));
            }
        } catch (BadLineException e) {
            report.skipBad(number, String.valueOf(e.getMessage()), e.detail);
        }
    }

    private static String text(ByteArrayOutputStream bytes) throws BadLineException {
        if (bytes.size() > MAX_LINE_BYTES) {
            throw new BadLineException("line longer than 16 MiB", "");
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toByteArray()))
                    .toString();
            return !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK ? text.substring(1) : text;
        } catch (CharacterCodingException e) {
            throw new BadLineException("not UTF-8", "");
        }
    }

    private static ObjectNode parse(String text) throws BadLineException {
        try {
            if (JSON.readTree(text) instanceof ObjectNode object) {
                return object;
            }
        } catch (JacksonException e) {
            throw new BadLineException("invalid JSON", JsonFault.column(e));
        }
        throw new BadLineException("not a JSON object", "");
    }
}

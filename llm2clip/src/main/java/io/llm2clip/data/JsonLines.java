package io.llm2clip.data;

import io.llm2clip.nn.checkpoint.JsonFault;
import io.llm2clip.text.WellFormed;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Reads a file of one JSON object per line; a line that cannot be used does not stop the ones after it. */
public final class JsonLines {
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonLines() {}

    /** Uses the object of a line. */
    @FunctionalInterface
    public interface LineReader {
        /** @throws BadLineException if the object is not as expected */
        void read(int line, ObjectNode object) throws BadLineException;
    }

    /** A line that breaks the format. */
    public static final class BadLineException extends Exception {
        private static final long serialVersionUID = 1;
        private final String detail;

        /** What was found; may be empty. */
        public String detail() {
            return detail;
        }

        /** Reason and detail, as part of a sentence. */
        public String sentencePart() {
            return detail.isEmpty() ? String.valueOf(getMessage()) : getMessage() + ": " + detail;
        }

        /** @param detail what was found, may be empty */
        public BadLineException(String reason, String detail) {
            super(reason, null, false, false);
            this.detail = detail;
        }
    }

    /**
     * Reads all lines; bad ones are counted in {@code report}.
     *
     * @throws InputException if the file cannot be read
     */
    public static void read(Path file, DataReport.Builder report, LineReader reader) {
        try (InputStream input = Files.newInputStream(file)) {
            Utf8Lines.read(input, new Utf8Lines.Target() {
                @Override
                public void line(int number, String text) {
                    try {
                        if (!text.isBlank()) {
                            reader.read(number, parse(text));
                        }
                    } catch (BadLineException e) {
                        report.skipBad(number, String.valueOf(e.getMessage()), e.detail);
                    }
                }

                @Override
                public void unusable(int number, String reason) {
                    report.skipBad(number, reason, "");
                }
            });
        } catch (IOException e) {
            throw new InputException(file + " cannot be read (" + e.getMessage() + ").", e);
        }
    }

    /**
     * The captions of an object: a list of strings or one string, under "captions" or "caption". What is blank or no string
     * is left out.
     *
     * @param leftOut hears why, for each
     */
    public static List<String> captions(ObjectNode object, Consumer<String> leftOut) throws BadLineException {
        String key = object.has("captions") ? "captions" : "caption";
        JsonNode node = object.get(key);
        if (node == null) {
            throw new BadLineException("no key \"captions\"", "");
        }
        if (!node.isArray() && !node.isString()) {
            throw new BadLineException("\"%s\" is not a list".formatted(key), "");
        }
        return texts(node.isString() ? List.of(node) : node, leftOut);
    }

    /**
     * The strings among JSON values, as captions. What is blank or no string is left out.
     *
     * @param leftOut hears why, for each
     * @throws BadLineException if nothing remains
     */
    public static List<String> texts(Iterable<JsonNode> values, Consumer<String> leftOut) throws BadLineException {
        List<String> captions = new ArrayList<>();
        for (JsonNode caption : values) {
            if (!caption.isString()) {
                leftOut.accept("not a string");
            } else if (caption.stringValue().isBlank()) {
                leftOut.accept("blank");
            } else {
                captions.add(WellFormed.text(caption.stringValue()));
            }
        }
        if (captions.isEmpty()) {
            throw new BadLineException("no captions", "");
        }
        return List.copyOf(captions);
    }

    /** The object of a line. */
    public static ObjectNode parse(String text) throws BadLineException {
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

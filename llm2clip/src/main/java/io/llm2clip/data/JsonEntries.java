package io.llm2clip.data;

import io.llm2clip.data.JsonLines.BadLineException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.JsonFault;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * Reads the list of objects that a JSON file is, or has under a key: one object in memory at a time, whatever the size of the file. An
 * entry that cannot be used does not stop the ones after it; what is no JSON ends the file.
 */
public final class JsonEntries {
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private JsonEntries() {}

    /** Uses entries, which count from 1. */
    @FunctionalInterface
    public interface EntryReader {
        /**
         * Takes an entry.
         *
         * @return whether it wants more
         * @throws BadLineException if the entry is not as expected
         */
        boolean read(int number, ObjectNode entry) throws BadLineException;
    }

    /**
     * Reads a file.
     *
     * @param key of the list in the object that the file is; null if the file is the list
     * @param report counts what is no object or was refused
     * @throws InputException if the file cannot be read, is no JSON, or has no such list
     */
    public static void read(Path file, @Nullable String key, DataReport.Builder report, EntryReader reader) {
        String expected = key == null ? "a JSON list of entries" : "a JSON object with a list \"%s\"".formatted(key);
        try (InputStream input = Files.newInputStream(file);
                JsonParser parser = JSON.createParser(input)) {
            if (!findList(parser, key)) {
                throw new InputException("%s: expected %s, found none; get the file again from where it was published."
                        .formatted(file, expected));
            }
            for (int number = 1; parser.nextToken() != JsonToken.END_ARRAY; number++) {
                JsonNode node = parser.readValueAsTree();
                try {
                    if (!(node instanceof ObjectNode entry)) {
                        throw new BadLineException("not a JSON object", "");
                    }
                    if (!reader.read(number, entry)) {
                        return;
                    }
                } catch (BadLineException e) {
                    report.skipBad(number, String.valueOf(e.getMessage()), e.detail());
                }
            }
        } catch (JacksonException e) {
            throw new InputException(
                    "%s: expected %s, found what is no JSON (%s); get the file again from where it was published."
                            .formatted(file, expected, JsonFault.describe(e)),
                    e);
        } catch (IOException e) {
            throw new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
        }
    }

    private static boolean findList(JsonParser parser, @Nullable String key) {
        JsonToken first = parser.nextToken();
        if (key == null) {
            return first == JsonToken.START_ARRAY;
        }
        if (first != JsonToken.START_OBJECT) {
            return false;
        }
        while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
            boolean found = parser.currentName().equals(key);
            JsonToken value = parser.nextToken();
            if (found) {
                return value == JsonToken.START_ARRAY;
            }
            parser.skipChildren();
        }
        return false;
    }
}

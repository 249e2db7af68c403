package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.JsonFault;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A JSON configuration, read with messages that name file and key.
 *
 * @param file where it was read from
 * @param root its object, or an object within
 */
record ConfigFile(Path file, JsonNode root) {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /** Configurations have a few KB; the largest file that is read so is a tokenizer.json. */
    private static final long MAX_BYTES = 256L << 20;

    private static final String NOTES = "provenance";

    /** Has the classes initialized that read JSON. */
    static void prepare() {
        JSON.readTree("{}");
    }

    static ObjectNode object() {
        return JSON.createObjectNode();
    }

    static ConfigFile read(Path file) {
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new CheckpointException(
                        "%s: expected a configuration of at most %d MB, found %d MB; fetch it again."
                                .formatted(file, MAX_BYTES >> 20, Files.size(file) >> 20));
            }
            JsonNode root = JSON.readTree(Files.readAllBytes(file));
            if (!root.isObject()) {
                throw new CheckpointException("%s: expected a JSON object, found %s; fetch or save it again."
                        .formatted(file, root.getNodeType()));
            }
            return new ConfigFile(file, root);
        } catch (JacksonException e) {
            throw new CheckpointException(
                    "%s: expected JSON, found: %s; fetch or save it again.".formatted(file, JsonFault.describe(e)), e);
        } catch (NoSuchFileException e) {
            throw new CheckpointException(
                    "%s: expected a configuration file, found none; check that %s is the directory of a model or of its part."
                            .formatted(file, file.toAbsolutePath().getParent()),
                    e);
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: expected a configuration file, but it cannot be read; check that the model directory is complete."
                            .formatted(file),
                    e);
        }
    }

    static void write(Path file, ObjectNode root) {
        byte[] json = (JSON.writeValueAsString(root) + "\n").getBytes(StandardCharsets.UTF_8);
        AtomicFile.write(file, json);
    }

    /** Free-form notes, which {@link #notes} reads. */
    static void writeNotes(ObjectNode root, Map<String, String> notes) {
        ObjectNode object = root.putObject(NOTES);
        new TreeMap<>(notes).forEach(object::put);
    }

    /** Free-form notes by name; none if there are none. */
    Map<String, String> notes() {
        Map<String, String> notes = new TreeMap<>();
        within(NOTES)
                .root
                .propertyStream()
                .forEach(entry -> notes.put(entry.getKey(), entry.getValue().asString("")));
        return notes;
    }

    /** The object at {@code key}, empty if there is none. */
    ConfigFile within(String key) {
        JsonNode child = root.path(key);
        return new ConfigFile(file, child.isObject() ? child : object());
    }

    boolean has(String key) {
        return root.hasNonNull(key);
    }

    int integer(String key) {
        JsonNode value = root.path(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() <= 0) {
            throw wrong(key, "a positive whole number");
        }
        return value.asInt();
    }

    int integer(String key, int absent) {
        return has(key) ? integer(key) : absent;
    }

    long wholeNumber(String key) {
        if (!root.path(key).canConvertToLong() || !root.path(key).isIntegralNumber()) {
            throw wrong(key, "a whole number");
        }
        return root.path(key).asLong();
    }

    double number(String key) {
        // What no double holds is read as infinity.
        if (!root.path(key).isNumber() || !Double.isFinite(root.path(key).asDouble())) {
            throw wrong(key, "a number");
        }
        return root.path(key).asDouble();
    }

    double number(String key, double absent) {
        return has(key) ? number(key) : absent;
    }

    String string(String key) {
        if (!root.path(key).isString()) {
            throw wrong(key, "a string");
        }
        return root.path(key).asString();
    }

    String string(String key, String absent) {
        return has(key) ? string(key) : absent;
    }

    boolean truth(String key, boolean absent) {
        if (has(key) && !root.path(key).isBoolean()) {
            throw wrong(key, "true or false");
        }
        return has(key) ? root.path(key).asBoolean() : absent;
    }

    /** The constant whose name is the lower-case string at {@code key}. */
    <E extends Enum<E>> E constant(String key, Class<E> type) {
        String value = string(key);
        for (E constant : type.getEnumConstants()) {
            if (nameOf(constant).equals(value)) {
                return constant;
            }
        }
        throw wrong(key, "one of " + String.join(", ", names(type)));
    }

    /** The activation that transformers of Hugging Face name at {@code hidden_act}. */
    Activation activation(Activation absent) {
        if (!has("hidden_act")) {
            return absent;
        }
        try {
            return Activation.parse(string("hidden_act"));
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: 'hidden_act': %s".formatted(file, e.getMessage()), e);
        }
    }

    static String nameOf(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static <E extends Enum<E>> List<String> names(Class<E> type) {
        return Arrays.stream(type.getEnumConstants()).map(ConfigFile::nameOf).toList();
    }

    CheckpointException wrong(String key, String expected) {
        JsonNode value = root.path(key);
        return new CheckpointException("%s: '%s': expected %s, found %s; fetch or save the model again."
                .formatted(file, key, expected, value.isMissingNode() ? "none" : value));
    }
}

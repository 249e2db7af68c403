package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The metadata of a GGUF file, read with messages that name file and key.
 *
 * @param file which is open
 */
record GgufValues(Checkpoint file) {
    private static final Pattern WHOLE = Pattern.compile("\\d{1,9}");

    boolean has(String key) {
        return file.metadata().containsKey(key) || file.lists().containsKey(key);
    }

    String string(String key) {
        String value = file.metadata().get(key);
        if (value == null) {
            throw wrong(key, "a value", file.lists().containsKey(key) ? "a list" : "none");
        }
        return value;
    }

    String string(String key, String absent) {
        return has(key) ? string(key) : absent;
    }

    Optional<String> optional(String key) {
        return has(key) ? Optional.of(string(key)) : Optional.empty();
    }

    /** At least 1. */
    int count(String key) {
        int value = number(key);
        if (value == 0) {
            throw wrong(key, "a positive whole number", "0");
        }
        return value;
    }

    int count(String key, int absent) {
        return has(key) ? count(key) : absent;
    }

    /** At least 0. */
    int number(String key) {
        String value = string(key);
        if (!WHOLE.matcher(value).matches()) {
            throw wrong(key, "a positive whole number", value);
        }
        return Integer.parseInt(value);
    }

    /** Positive and finite. */
    double real(String key) {
        String value = string(key);
        try {
            double real = Double.parseDouble(value);
            if (real > 0 && Double.isFinite(real)) {
                return real;
            }
        } catch (NumberFormatException e) {
            throw wrong(key, "a positive number", "'" + value + "'");
        }
        throw wrong(key, "a positive number", value);
    }

    double real(String key, double absent) {
        return has(key) ? real(key) : absent;
    }

    boolean truth(String key, boolean absent) {
        String value = string(key, Boolean.toString(absent));
        if (!value.equals("true") && !value.equals("false")) {
            throw wrong(key, "true or false", value);
        }
        return Boolean.parseBoolean(value);
    }

    List<String> list(String key) {
        List<String> values = file.lists().get(key);
        if (values == null) {
            throw wrong(key, "a list", file.metadata().containsKey(key) ? "a value" : "none");
        }
        return values;
    }

    CheckpointException wrong(String key, String expected, String found) {
        return wrong(key, expected, found, "convert the model again with today's llama.cpp");
    }

    /** @param remedy what can be done about it */
    CheckpointException wrong(String key, String expected, String found, String remedy) {
        return new CheckpointException(
                "%s: '%s': expected %s, found %s; %s.".formatted(file.source(), key, expected, found, remedy));
    }
}

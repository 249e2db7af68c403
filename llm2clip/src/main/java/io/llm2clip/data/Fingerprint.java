package io.llm2clip.data;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What vectors depend on, by name: a hash of the weights, say. Vectors of equal fingerprints are the same function of a text.
 *
 * @param parts value by name; a name has no {@code =}, and neither has line breaks
 */
public record Fingerprint(Map<String, String> parts) {

    public Fingerprint {
        SortedMap<String, String> sorted = new TreeMap<>(parts);
        sorted.forEach((name, value) -> {
            if (name.isEmpty() || name.contains("=") || (name + value).matches("(?s).*[\\n\\r\\x00].*")) {
                throw new IllegalArgumentException(
                        "A fingerprint's part '%s' is '%s'; expected a name without = and one line each."
                                .formatted(name, value));
            }
        });
        if (sorted.isEmpty()) {
            throw new IllegalArgumentException("A fingerprint has no parts; expected what the vectors depend on.");
        }
        parts = Collections.unmodifiableSortedMap(sorted);
    }

    /** The same with one more part. */
    public Fingerprint and(String name, String value) {
        Map<String, String> more = new TreeMap<>(parts);
        more.put(name, value);
        return new Fingerprint(more);
    }

    /** A value for what is long or has line breaks: its SHA-256, in hexadecimal. */
    public static String hash(String text) {
        try {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has SHA-256.", e);
        }
    }

    /** A line per part, sorted by name. */
    public String text() {
        return parts.entrySet().stream()
                .map(part -> part.getKey() + "=" + part.getValue())
                .collect(Collectors.joining("\n"));
    }

    /** Reads what {@link #text} writes. */
    public static Fingerprint parse(String text) {
        return new Fingerprint(text.lines()
                .map(line -> line.split("=", 2))
                .collect(Collectors.toMap(part -> part[0], part -> part.length == 2 ? part[1] : "")));
    }

    /** Names of the parts that differ, for people. */
    public String differences(Fingerprint other) {
        return Stream.concat(parts.keySet().stream(), other.parts.keySet().stream())
                .distinct()
                .filter(name -> !Objects.equals(parts.get(name), other.parts.get(name)))
                .sorted()
                .collect(Collectors.joining(", "));
    }
}

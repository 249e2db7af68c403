package io.llm2clip.bench.compare;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * Work that a peer is asked to do, as it is told: a kind, and settings that have neither spaces nor line ends.
 *
 * @param kind such as {@code images}
 * @param settings such as {@code batch=8}
 */
record Request(String kind, Map<String, String> settings) {
    Request {
        settings = Map.copyOf(settings);
        for (String value : settings.values()) {
            if (value.chars().anyMatch(Character::isWhitespace)) {
                throw new IllegalArgumentException(
                        "A setting is '" + value + "'; expected one without spaces, give folders without them.");
            }
        }
    }

    /** From names and values in turns. */
    static Request of(String kind, Object... settings) {
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < settings.length; i += 2) {
            all.put(settings[i].toString(), settings[i + 1].toString());
        }
        return new Request(kind, all);
    }

    static Request parse(List<String> words) {
        Map<String, String> settings = new LinkedHashMap<>();
        for (String word : words.subList(1, words.size())) {
            int equals = word.indexOf('=');
            settings.put(word.substring(0, equals), word.substring(equals + 1));
        }
        return new Request(words.getFirst(), settings);
    }

    /** The same with more settings. */
    Request with(Map<String, String> more) {
        Map<String, String> all = new LinkedHashMap<>(settings);
        all.putAll(more);
        return new Request(kind, all);
    }

    boolean has(String name) {
        return settings.containsKey(name);
    }

    String text(String name) {
        String value = settings.get(name);
        if (value == null) {
            throw new IllegalArgumentException("Work '" + this + "' has no " + name + "; expected one.");
        }
        return value;
    }

    int number(String name) {
        return Integer.parseInt(text(name));
    }

    /** The sizes of its model. */
    int[] model() {
        return Arrays.stream(text("model").split(","))
                .mapToInt(Integer::parseInt)
                .toArray();
    }

    /** As one line, in an order that does not depend on how it was made. */
    @Override
    public String toString() {
        return kind
                + settings.entrySet().stream()
                        .sorted(Map.Entry.comparingByKey())
                        .map(entry -> " " + entry.getKey() + "=" + entry.getValue())
                        .collect(Collectors.joining());
    }
}

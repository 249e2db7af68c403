package io.llm2clip.training.run;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * All that the bits of a trained model depend on, by name: recipe, seeds, digests of data and of the model it starts from.
 *
 * @param values by names such as {@code stage_2.batch}, in an order for people
 */
public record RunSettings(Map<String, String> values) {
    /** The value of what is not there. */
    public static final String NONE = "none";

    private static final int NAMED = 5;

    public RunSettings {
        values = Collections.unmodifiableMap(new LinkedHashMap<>(values));
    }

    /** For people: {@code stage_2.batch 32 instead of 64, seed 2 instead of 1}; empty if all are equal. */
    String since(RunSettings earlier) {
        Set<String> names = new LinkedHashSet<>(values.keySet());
        names.addAll(earlier.values.keySet());
        names.removeIf(name -> value(name).equals(earlier.value(name)));
        String first = names.stream()
                .limit(NAMED)
                .map(name -> "%s %s instead of %s".formatted(name, value(name), earlier.value(name)))
                .collect(Collectors.joining(", "));
        return names.size() <= NAMED ? first : first + " and %d more".formatted(names.size() - NAMED);
    }

    private String value(String name) {
        return values.getOrDefault(name, NONE);
    }
}

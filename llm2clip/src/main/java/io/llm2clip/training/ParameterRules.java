package io.llm2clip.training;

import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which parameters are not trained, and which at rates of their own, by patterns of their names: {@code *} stands for anything, so
 * {@code vision_model.encoder.layers.0.*} for all parameters of the first block.
 *
 * @param freeze patterns of parameters that stay as they are
 * @param rates factors of the learning rate by pattern; of several that fit, the first one applies
 */
public record ParameterRules(List<String> freeze, Map<String, Float> rates) {
    /** All parameters are trained, at the rates of the recipe. */
    public static final ParameterRules NONE = new ParameterRules(List.of(), Map.of());

    /** How many names a message gives. */
    private static final int NAMED = 3;

    public ParameterRules {
        freeze = List.copyOf(freeze);
        rates = Collections.unmodifiableMap(new LinkedHashMap<>(rates));
        rates.forEach((pattern, rate) -> Limit.SCALE.require("The rate of '" + pattern + "'", rate));
    }

    /**
     * Checks that these rules are of these parameters.
     *
     * @throws IllegalArgumentException naming a pattern that none has, or if nothing is left to train
     */
    void require(List<Parameter> parameters) {
        Stream.concat(freeze.stream(), rates.keySet().stream())
                .filter(pattern -> parameters.stream().noneMatch(parameter -> fits(pattern, parameter.name())))
                .findFirst()
                .ifPresent(pattern -> {
                    throw new IllegalArgumentException(
                            "No parameter has a name like '%s'; expected one of %d, such as %s (* stands for anything)."
                                    .formatted(pattern, parameters.size(), examples(parameters)));
                });
        if (trained(parameters).isEmpty()) {
            throw new IllegalArgumentException("All %d parameters are frozen, by %s; leave some to be trained."
                    .formatted(parameters.size(), String.join(", ", freeze)));
        }
    }

    private static String examples(List<Parameter> parameters) {
        int step = Math.max(1, parameters.size() / NAMED);
        return Stream.iterate(0, i -> i < parameters.size(), i -> i + step)
                .limit(NAMED)
                .map(i -> parameters.get(i).name())
                .collect(Collectors.joining(", "));
    }

    /** Those that are not frozen. */
    List<Parameter> trained(List<Parameter> parameters) {
        return parameters.stream()
                .filter(parameter -> freeze.stream().noneMatch(pattern -> fits(pattern, parameter.name())))
                .toList();
    }

    /** The factor of the learning rate of a parameter. */
    double rate(String name) {
        return rates.entrySet().stream()
                .filter(rule -> fits(rule.getKey(), name))
                .findFirst()
                .map(Map.Entry::getValue)
                .orElse(1f);
    }

    private static boolean fits(String pattern, String name) {
        return Pattern.matches(Pattern.quote(pattern).replace("*", "\\E.*\\Q"), name);
    }
}

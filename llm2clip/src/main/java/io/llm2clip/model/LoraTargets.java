package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** Layers that the configuration of an adapter names. */
sealed interface LoraTargets {
    /** PEFT's name for all linear layers. */
    String ALL_LINEAR = "all-linear";

    boolean contain(String layer);

    /** Those whose names are one of these or end with one of them behind a dot. */
    record Named(List<String> names) implements LoraTargets {
        @Override
        public boolean contain(String layer) {
            return names.stream().anyMatch(name -> isNamed(layer, name));
        }

        static boolean isNamed(String layer, String name) {
            return forms(layer).anyMatch(form -> form.equals(name) || form.endsWith("." + name));
        }
    }

    /** Those whose whole names match. */
    record Matching(Pattern pattern) implements LoraTargets {
        @Override
        public boolean contain(String layer) {
            return forms(layer).anyMatch(form -> pattern.matcher(form).matches());
        }
    }

    /** Every layer. */
    record All() implements LoraTargets {
        @Override
        public boolean contain(String layer) {
            return true;
        }
    }

    /**
     * What stands under a key.
     *
     * @param absent if nothing does
     * @throws CheckpointException if it is neither names nor a regular expression
     */
    static LoraTargets of(ConfigFile config, String key, LoraTargets absent) {
        JsonNode value = config.root().path(key);
        if (value.isString()) {
            String text = value.asString();
            return text.equals(ALL_LINEAR) ? new All() : new Matching(compile(config.file(), text));
        }
        if (value.isArray() && value.valueStream().allMatch(JsonNode::isString)) {
            return new Named(value.valueStream().map(JsonNode::asString).toList());
        }
        if (config.has(key)) {
            throw config.wrong(key, "a list of names or a regular expression");
        }
        return absent;
    }

    /** The names of a layer: in the bare model, and within the language model. */
    static Stream<String> forms(String layer) {
        return Stream.of(layer, "model." + layer);
    }

    /** @throws CheckpointException if it is no regular expression */
    static Pattern compile(Path file, String regex) {
        try {
            return Pattern.compile(regex);
        } catch (PatternSyntaxException e) {
            throw new CheckpointException(
                    "%s: expected a regular expression of layers, found '%s' (%s); correct it."
                            .formatted(file, regex, e.getDescription()),
                    e);
        }
    }
}

package io.llm2clip.training.pair;

import io.llm2clip.dataset.ExampleSet;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A data set that batches are drawn from.
 *
 * @param name as instructions and metrics have it
 * @param set its examples
 * @param weight its share of the batches, before the weights of all sources are made to sum to one; empty for as many as it has examples
 */
public record TextData(String name, ExampleSet set, OptionalDouble weight) {
    private static final String CAPTIONS = "captions.jsonl";

    public TextData {
        if (weight.isPresent() && !(weight.getAsDouble() > 0 && Double.isFinite(weight.getAsDouble()))) {
            throw new IllegalArgumentException(
                    "The weight of %s must be a number above 0, found %s; leave out a source that is not wanted."
                            .formatted(name, weight.getAsDouble()));
        }
    }

    /** A source that is called as its file or folder is, drawn as often as it has examples. */
    public static TextData of(ExampleSet set) {
        return new TextData(name(Path.of(set.name())), set, OptionalDouble.empty());
    }

    /** The same with a weight. */
    public TextData weighing(double other) {
        return new TextData(name, set, OptionalDouble.of(other));
    }

    /** The same with other examples. */
    public TextData with(ExampleSet other) {
        return new TextData(name, other, weight);
    }

    /** The name of a file without its ending; that of the folder for its captions.jsonl, or a pattern of files in it. */
    private static String name(Path path) {
        Path whole = path.toAbsolutePath().normalize();
        String last = last(whole);
        Optional<Path> folder = Optional.ofNullable(whole.getParent());
        if (folder.isPresent() && (last.equals(CAPTIONS) || last.contains("{"))) {
            return last(folder.get());
        }
        int dot = last.indexOf('.', 1);
        return dot < 0 ? last : last.substring(0, dot);
    }

    private static String last(Path path) {
        Path name = path.getFileName();
        return name == null ? path.toString() : name.toString();
    }
}

package io.llm2clip.dataset;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * A data set that is learned from, and how often it is drawn from.
 *
 * @param name as instructions and metrics have it
 * @param set its examples
 * @param weight in proportion to those of other sources; empty for as many as it has examples
 */
public record DataSource(String name, ExampleSet set, OptionalDouble weight) {
    private static final String CAPTIONS = "captions.jsonl";

    public DataSource {
        if (weight.isPresent() && !(weight.getAsDouble() > 0 && Double.isFinite(weight.getAsDouble()))) {
            throw new IllegalArgumentException(
                    "The weight of %s must be a number above 0, found %s; leave out a source that is not wanted."
                            .formatted(name, weight.getAsDouble()));
        }
    }

    /** The weight that was given, or how many examples there are. */
    public double weightOrSize() {
        return weight.orElseGet(() -> Math.max(1, set.size()));
    }

    /** A source that is called as its file or folder is, drawn as often as it has examples. */
    public static DataSource of(ExampleSet set) {
        return new DataSource(nameOf(set), set, OptionalDouble.empty());
    }

    /** The same with a weight. */
    public DataSource weighing(double other) {
        return new DataSource(name, set, OptionalDouble.of(other));
    }

    /** The same with other examples. */
    public DataSource with(ExampleSet other) {
        return new DataSource(name, other, weight);
    }

    private static String nameOf(ExampleSet set) {
        try {
            return name(Path.of(set.name()));
        } catch (InvalidPathException e) {
            return set.name();
        }
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

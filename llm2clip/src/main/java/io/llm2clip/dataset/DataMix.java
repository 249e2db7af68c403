package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Data sets to learn from, and how often.
 *
 * @param sources at least one
 */
public record DataMix(List<DataSource> sources) {
    public DataMix {
        sources = List.copyOf(sources);
    }

    /** A single one. */
    public static DataMix of(ExampleSet set) {
        return of(List.of(set), List.of());
    }

    /**
     * Several.
     *
     * @param weights of each; empty for their sizes, so that every example is drawn as often
     * @throws IllegalArgumentException if there are other than that many
     */
    public static DataMix of(List<ExampleSet> sets, List<Double> weights) {
        if (!weights.isEmpty() && weights.size() != sets.size()) {
            throw new IllegalArgumentException("There are %d weights for %d data sets; expected one for each."
                    .formatted(weights.size(), sets.size()));
        }
        List<DataSource> sources = new ArrayList<>();
        for (int i = 0; i < sets.size(); i++) {
            DataSource source = DataSource.of(sets.get(i));
            sources.add(source.weighing(weights.isEmpty() ? source.weightOrSize() : weights.get(i)));
        }
        return new DataMix(sources);
    }

    /** What it is called in messages. */
    public String name() {
        return sources.stream().map(source -> source.set().name()).collect(Collectors.joining(" and "));
    }

    /** The number of all examples. */
    public long size() {
        return sources.stream().mapToLong(source -> source.set().size()).sum();
    }

    /** A hash of all and their weights; of a single one its own. */
    public String digest() {
        return sources.size() == 1
                ? sources.getFirst().set().digest()
                : Fingerprint.hash(sources.stream()
                        .map(source -> source.set().digest() + " " + source.weightOrSize())
                        .collect(Collectors.joining("\n")));
    }
}

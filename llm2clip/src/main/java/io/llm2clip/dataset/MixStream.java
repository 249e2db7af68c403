package io.llm2clip.dataset;

import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Batches of an {@link ImageMix}. Which source a step learns from is a function of the seed and the step, the order within a source one of
 * the seed; so the positions of all sources are what a training needs to go on. For one thread.
 */
public final class MixStream<C> implements AutoCloseable {
    private static final long SOURCES = CounterRandom.streamOf("sources of steps");
    private static final long SEEDS = CounterRandom.streamOf("seeds of sources");
    private static final String SEPARATOR = ",";

    private final ImageMix mix;
    private final CounterRandom random;
    private final double total;
    private final List<ExampleStream<C>> streams = new ArrayList<>();
    private final List<Position> positions = new ArrayList<>();

    /**
     * A batch.
     *
     * @param source its name
     */
    public record Batch<C>(String source, List<ExampleStream.Loaded<C>> examples) {}

    MixStream(ImageMix mix, int batch, long seed, String position, Function<Example, C> prepare) {
        this.mix = mix;
        this.random = new CounterRandom(seed);
        this.total = mix.sources().stream().mapToDouble(ImageMix.Source::weight).sum();
        String[] parts = position.split(SEPARATOR, -1);
        for (int i = 0; i < mix.sources().size(); i++) {
            Position start = parts.length == mix.sources().size() ? Position.parse(parts[i]) : start(position);
            positions.add(start);
            long own = i == 0 ? seed : random.bits(SEEDS, i);
            streams.add(new ExampleStream<>(
                    mix.sources().get(i).images(), mix.sources().size(), batch, own, start, prepare));
        }
    }

    private static Position start(String position) {
        if (!position.isEmpty()) {
            throw new IllegalArgumentException("'%s' is a position in other sources.".formatted(position));
        }
        return Position.START;
    }

    /**
     * The batch of a step; steps come in their order.
     *
     * @throws io.llm2clip.data.InputException as {@link ExampleStream#next}
     */
    public Batch<C> next(long step) {
        int source = source(step);
        ExampleStream.Batch<C> batch = streams.get(source).next();
        positions.set(source, batch.after());
        return new Batch<>(mix.sources().get(source).images().set().name(), batch.examples());
    }

    /** The number of the source that a step learns from. */
    int source(long step) {
        double left = random.uniform(SOURCES, step) * total;
        int source = 0;
        while (source < streams.size() - 1 && left >= mix.sources().get(source).weight()) {
            left -= mix.sources().get(source++).weight();
        }
        return source;
    }

    /** Where the next batches begin. */
    public String position() {
        return positions.stream().map(Position::toString).collect(Collectors.joining(SEPARATOR));
    }

    /** How many examples could not be used so far. */
    public long skipped() {
        return streams.stream().mapToLong(stream -> stream.skipped().count()).sum();
    }

    /** A sentence for each of the first. */
    public List<String> reasons() {
        return streams.stream()
                .flatMap(stream -> stream.skipped().reasons().stream())
                .toList();
    }

    @Override
    public void close() {
        streams.forEach(ExampleStream::close);
    }
}

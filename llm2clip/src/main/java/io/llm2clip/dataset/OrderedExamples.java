package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageThreads;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;

/**
 * Draws examples in a seeded random order, epoch after epoch, and prepares them on several threads ahead of the caller. Examples that
 * cannot be used are skipped and counted. What is drawn is a function of data, seed, position and the caller's requests. Not thread-safe.
 *
 * @param <L> a prepared example
 */
public final class OrderedExamples<L> implements AutoCloseable {
    /** What is judged before more than half of it is too much. */
    private static final int JUDGED = 64;

    private static final long MOST_KEPT = 256L << 20;

    private final ExampleSet set;
    private final ExampleOrder order;
    private final Loader<L> load;
    private final KeptExamples<L> kept;
    private final Skipped skipped = new Skipped();
    private final Deque<Drawn<L>> reading = new ArrayDeque<>();
    private Position position;
    private long used;

    /** Prepares examples. */
    @FunctionalInterface
    public interface Loader<L> {
        /**
         * Prepares an example; called by several threads.
         *
         * @param draw the position after it, unique to each draw
         * @throws InputException naming it, if it cannot be used; it is then skipped
         */
        L load(Example example, Position draw);
    }

    private record Drawn<L>(ExampleOrder.Place place, Position after, Future<L> loaded) {}

    /**
     * Starts at a position.
     *
     * @param start {@link Position#START}, or the {@link #position} of an instance with the same set, sampling and seed
     * @param keptBytes cache size for prepared examples, so that a small set is read once; 0 if preparation depends on the draw
     * @param bytes approximate size of a prepared example
     */
    public OrderedExamples(
            ExampleSet set,
            Sampling sampling,
            long seed,
            Position start,
            Loader<L> load,
            long keptBytes,
            ToLongFunction<L> bytes) {
        this.set = set;
        this.load = load;
        this.kept = new KeptExamples<>(keptBytes, bytes);
        this.order = new ExampleOrder(
                IntStream.range(0, set.shards()).map(set::size).toArray(), sampling, new CounterRandom(seed));
        this.position = start;
        order.seek(start);
    }

    /**
     * The cache size of each of several orders of prepared examples: 256 MB for all of them, or a quarter of the heap if that is less.
     *
     * @param orders that are drawn from in turns
     */
    public static long keptBytes(int orders) {
        return Math.min(MOST_KEPT, Runtime.getRuntime().maxMemory() / 4) / orders;
    }

    /** Examples that could not be used so far. */
    public Skipped skipped() {
        return skipped;
    }

    /** The position after the last drawn example. */
    public Position position() {
        return position;
    }

    /**
     * The next examples, all distinct; an incomplete batch at the end of an epoch is dropped.
     *
     * @param count batch size
     * @param wanted filter; other examples are passed over
     * @throws InputException if so many examples cannot be used that there are none, or that the others mislead
     */
    public List<L> next(int count, Predicate<? super L> wanted) {
        List<L> examples = new ArrayList<>();
        int epochs = 0;
        while (examples.size() < count) {
            int missing = count - examples.size();
            if (order.left() < missing - reading.size()) {
                examples.clear();
                close();
                if (++epochs > 1) {
                    throw tooFew(count);
                }
                order.skipEpoch();
                continue;
            }
            readAhead(missing);
            Drawn<L> drawn = reading.removeFirst();
            position = drawn.after;
            try {
                L example = ImageThreads.await(drawn.loaded);
                used++;
                if (wanted.test(example)) {
                    examples.add(example);
                }
            } catch (InputException e) {
                skipped.add(drawn.place, String.valueOf(e.getMessage()));
                requireUsable();
            }
        }
        // Read ahead while the caller computes; wasted if the epoch has no complete batch left.
        readAhead(reading.size() + (int) Math.min(count, order.left()));
        return examples;
    }

    /** Keeps this many examples in preparation. */
    private void readAhead(int count) {
        while (reading.size() < count) {
            ExampleOrder.Place place = order.next();
            Position draw = order.position();
            reading.add(new Drawn<>(
                    place, draw, ImageThreads.shared().submit(() -> kept.get(place, () -> load(place, draw)))));
        }
    }

    private L load(ExampleOrder.Place place, Position draw) {
        return load.load(set.read(place.shard(), place.index()), draw);
    }

    private InputException tooFew(int count) {
        return new InputException("%s has fewer usable examples than a batch of %d: %s"
                .formatted(
                        set.name(),
                        count,
                        skipped.count() == 0
                                ? "too few others have the texts it needs; lower the batch or add examples."
                                : "%d cannot be used, the first because: %s".formatted(skipped.count(), first())));
    }

    private void requireUsable() {
        if (skipped.count() + used >= JUDGED && skipped.count() > used) {
            throw new InputException("%d of the first %d examples of %s cannot be used, the first because: %s"
                    .formatted(skipped.count(), skipped.count() + used, set.name(), first()));
        }
    }

    private String first() {
        return skipped.reasons().stream().findFirst().orElse("none was read");
    }

    /** Cancels the read-ahead. */
    @Override
    public void close() {
        // The last first, so that no thread begins one that is still to be canceled.
        while (!reading.isEmpty()) {
            reading.removeLast().loaded.cancel(true);
        }
    }
}

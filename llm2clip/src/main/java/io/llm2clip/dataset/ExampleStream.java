package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageThreads;
import io.llm2clip.image.RgbImage;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Future;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Batches of examples with their images, without end: while a caller computes with one, the next is read and decoded. What cannot be
 * used is left out and counted, the next example takes its place; a batch has no example twice, so an epoch's incomplete last one is left
 * out. Batches are a function of data, seed and position. For one thread.
 */
public final class ExampleStream<C> implements AutoCloseable {
    /** Decoded images that are kept for their next turn; a small set fits as a whole. */
    private static final long KEPT_BYTES = 256L << 20;
    /** What is judged before more than half of it is too much. */
    private static final int JUDGED = 64;

    private static final long VIEWS = CounterRandom.streamOf("views of an epoch");

    private final ExampleSet set;
    private final ExampleOrder order;
    private final CounterRandom random;
    private final int batch;
    private final ImageExamples examples;
    private final Function<Example, C> prepare;
    private final KeptExamples<C> kept = new KeptExamples<>(KEPT_BYTES);
    private final Skipped skipped = new Skipped();
    private final Deque<Drawn<C>> reading = new ArrayDeque<>();
    private long used;

    /**
     * An example.
     *
     * @param prepared what the caller makes of its texts
     * @param image as the model takes it
     */
    public record Loaded<C>(Example example, C prepared, RgbImage image) {}

    /**
     * What a step learns from.
     *
     * @param after where the next batch begins
     */
    public record Batch<C>(List<Loaded<C>> examples, Position after) {
        public Batch {
            examples = List.copyOf(examples);
        }
    }

    private record Drawn<C>(ExampleOrder.Place place, Future<Loaded<C>> loaded) {}

    /**
     * Begins or goes on.
     *
     * @param batch examples of a batch
     * @param start where, such as that after a batch of an earlier stream of the same set, sampling, batch and seed
     * @throws InputException if there are fewer examples than a batch has
     */
    ExampleStream(ImageExamples examples, int batch, long seed, Position start, Function<Example, C> prepare) {
        ExampleSet set = examples.set();
        if (set.size() < batch) {
            throw new InputException("%s has %d examples, fewer than a batch of %d; lower the batch or add examples."
                    .formatted(set.name(), set.size(), batch));
        }
        this.set = set;
        this.batch = batch;
        this.examples = examples;
        this.prepare = prepare;
        this.random = new CounterRandom(seed);
        this.order = new ExampleOrder(
                IntStream.range(0, set.shards()).map(set::size).toArray(), examples.sampling(), random);
        order.seek(start);
    }

    /** What could not be used so far. */
    public Skipped skipped() {
        return skipped;
    }

    /**
     * The next batch.
     *
     * @throws InputException if so many examples cannot be used that there is none, or that the others mislead
     */
    public Batch<C> next() {
        List<Loaded<C>> batchOf = new ArrayList<>();
        int epochs = 0;
        draw();
        while (batchOf.size() < batch) {
            if (reading.isEmpty()) {
                if (order.left() == 0) {
                    batchOf.clear();
                    if (++epochs > 1) {
                        throw new InputException(
                                "%s has fewer usable examples than a batch of %d: %d cannot be used, the first because: %s"
                                        .formatted(set.name(), batch, skipped.count(), first()));
                    }
                    draw();
                } else {
                    submit();
                }
            }
            Drawn<C> drawn = reading.getFirst();
            try {
                batchOf.add(ImageThreads.await(drawn.loaded));
                used++;
            } catch (InputException e) {
                skipped.add(drawn.place, String.valueOf(e.getMessage()));
                requireUsable();
            }
            reading.removeFirst();
        }
        Position after = order.position();
        draw();
        return new Batch<>(batchOf, after);
    }

    /** Begins to read a batch, unless that is under way. */
    private void draw() {
        if (!reading.isEmpty()) {
            return;
        }
        if (order.left() < batch) {
            order.skipEpoch();
        }
        for (int i = 0; i < batch; i++) {
            submit();
        }
    }

    private void submit() {
        ExampleOrder.Place place = order.next();
        // Each draw has a position of its own, also where an example is drawn twice.
        Position draw = order.position();
        long view = random.bits(VIEWS + draw.epoch(), draw.drawn());
        reading.add(new Drawn<>(place, ImageThreads.shared().submit(() -> load(place, view))));
    }

    private Loaded<C> load(ExampleOrder.Place place, long view) {
        return examples.crop() == null ? kept.get(place, () -> read(place, view)) : read(place, view);
    }

    private Loaded<C> read(ExampleOrder.Place place, long view) {
        Example example = set.read(place.shard(), place.index());
        return new Loaded<>(example, prepare.apply(example), examples.view(example, view));
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

    /** Gives up what was read ahead. */
    @Override
    public void close() {
        // The last first, so that no thread begins one that is still to be canceled.
        while (!reading.isEmpty()) {
            reading.removeLast().loaded.cancel(true);
        }
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageThreads;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Future;
import java.util.stream.IntStream;

/**
 * Batches of examples with their images, without end: while a caller computes with one, the next is read and decoded. What cannot be
 * used is left out and counted, the next example takes its place; a batch has no example twice, so an epoch's incomplete last one is left
 * out. Batches are a function of data, seed and position. For one thread.
 */
public final class ExampleStream implements AutoCloseable {
    /** Decoded images that are kept for their next turn; a small set fits as a whole. */
    private static final long KEPT_BYTES = 256L << 20;
    /** What is judged before more than half of it is too much. */
    private static final int JUDGED = 64;

    private final ExampleSet set;
    private final ExampleOrder order;
    private final int batch;
    private final ImageReader reader;
    private final Preprocessing preprocessing;
    private final DecodedImages decoded = new DecodedImages(KEPT_BYTES);
    private final Skipped skipped = new Skipped();
    private final Deque<Drawn> reading = new ArrayDeque<>();
    private long used;

    /** An example and its image, as the model takes it. */
    public record Loaded(Example example, RgbImage image) {}

    /**
     * What a step learns from.
     *
     * @param after where the next batch begins
     */
    public record Batch(List<Loaded> examples, Position after) {
        public Batch {
            examples = List.copyOf(examples);
        }
    }

    private record Drawn(ExampleOrder.Place place, Future<Loaded> loaded) {}

    /**
     * Begins or goes on.
     *
     * @param batch examples of a batch
     * @param start where, such as that after a batch of an earlier stream of the same set, sampling, batch and seed
     * @throws InputException if there are fewer examples than a batch has
     */
    public ExampleStream(
            ExampleSet set,
            Sampling sampling,
            int batch,
            long seed,
            Position start,
            ImageReader reader,
            Preprocessing preprocessing) {
        if (set.size() < batch) {
            throw new InputException("%s has %d examples, fewer than a batch of %d; lower the batch or add examples."
                    .formatted(set.name(), set.size(), batch));
        }
        this.set = set;
        this.batch = batch;
        this.reader = reader;
        this.preprocessing = preprocessing;
        this.order = new ExampleOrder(
                IntStream.range(0, set.shards()).map(set::size).toArray(), sampling, new CounterRandom(seed));
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
    public Batch next() {
        List<Loaded> examples = new ArrayList<>();
        int epochs = 0;
        draw();
        while (examples.size() < batch) {
            if (reading.isEmpty()) {
                if (order.left() == 0) {
                    examples.clear();
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
            Drawn drawn = reading.getFirst();
            try {
                examples.add(ImageThreads.await(drawn.loaded));
                used++;
            } catch (InputException e) {
                skipped.add(drawn.place, String.valueOf(e.getMessage()));
                requireUsable();
            }
            reading.removeFirst();
        }
        Position after = order.position();
        draw();
        return new Batch(examples, after);
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
        reading.add(new Drawn(place, ImageThreads.shared().submit(() -> load(place))));
    }

    private Loaded load(ExampleOrder.Place place) {
        Example example = set.read(place.shard(), place.index());
        ExampleImage image = example.image()
                .orElseThrow(
                        () -> new InputException("%s of %s has no image.".formatted(example.key(), example.shard())));
        return new Loaded(example, decoded.get(place, () -> image.read(reader, preprocessing)));
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

package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.image.RgbImage;
import io.llm2clip.tensor.CounterRandom;
import java.util.List;
import java.util.function.Function;

/**
 * Batches of examples with their images, without end: while a caller computes with one, the next is read and decoded. What cannot be
 * used is left out and counted, the next example takes its place; a batch has no example twice, so an epoch's incomplete last one is left
 * out. Batches are a function of data, seed and position. For one thread.
 */
public final class ExampleStream<C> implements AutoCloseable {
    /** What texts take, about. */
    private static final long TEXT_BYTES = 4096;

    private static final long VIEWS = CounterRandom.streamOf("views of an epoch");

    private final int batch;
    private final OrderedExamples<Loaded<C>> examples;

    /**
     * An example.
     *
     * @param prepared what the caller makes of its texts
     * @param image as the model takes it
     */
    public record Loaded<C>(Example example, C prepared, RgbImage image) {
        long bytes() {
            return 3L * image.width() * image.height() + TEXT_BYTES;
        }
    }

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

    /**
     * Begins or goes on.
     *
     * @param streams that are drawn from in turns
     * @param batch examples of a batch
     * @param start where, such as that after a batch of an earlier stream of the same set, sampling, batch and seed
     * @throws InputException if there are fewer examples than a batch has
     */
    ExampleStream(
            ImageExamples images, int streams, int batch, long seed, Position start, Function<Example, C> prepare) {
        ExampleSet set = images.set();
        if (set.size() < batch) {
            throw new InputException("%s has %d examples, fewer than a batch of %d; lower the batch or add examples."
                    .formatted(set.name(), set.size(), batch));
        }
        this.batch = batch;
        CounterRandom random = new CounterRandom(seed);
        this.examples = new OrderedExamples<>(
                set,
                images.sampling(),
                seed,
                start,
                (example, draw) -> new Loaded<>(
                        example,
                        prepare.apply(example),
                        // Each draw has a view of its own, also where an example is drawn twice.
                        images.view(example, random.bits(VIEWS + draw.epoch(), draw.drawn()))),
                images.crop() == null ? OrderedExamples.keptBytes(streams) : 0,
                Loaded::bytes);
    }

    /** What could not be used so far. */
    public Skipped skipped() {
        return examples.skipped();
    }

    /**
     * The next batch.
     *
     * @throws InputException if so many examples cannot be used that there is none, or that the others mislead
     */
    public Batch<C> next() {
        List<Loaded<C>> next = examples.next(batch, _ -> true);
        return new Batch<>(next, examples.position());
    }

    /** Gives up what was read ahead. */
    @Override
    public void close() {
        examples.close();
    }
}

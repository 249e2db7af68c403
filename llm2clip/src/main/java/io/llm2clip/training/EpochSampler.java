package io.llm2clip.training;

import io.llm2clip.tensor.CounterRandom;
import java.util.Arrays;

/** Draws batches of distinct indices: every index once an epoch, in an order of the epoch's own. An incomplete last batch is dropped. */
final class EpochSampler {
    private final int[] order;
    private final int batch;
    private final CounterRandom random;
    private long epoch;
    private int position;

    /**
     * @param size indices {@code 0 .. size-1}
     * @param batch indices a draw
     */
    EpochSampler(int size, int batch, CounterRandom random) {
        if (batch < 1 || size < batch) {
            throw new IllegalArgumentException("A batch of " + batch + " cannot be drawn from " + size
                    + " examples without repeating one; lower the batch or add examples.");
        }
        this.order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = i;
        }
        this.batch = batch;
        this.random = random;
        this.position = size;
    }

    /** Indices a draw. */
    int batch() {
        return batch;
    }

    /** The next batch of distinct indices. */
    int[] next() {
        skip();
        return Arrays.copyOfRange(order, position - batch, position);
    }

    /** Draws a batch that nobody wants. */
    void skip() {
        if (position + batch > order.length) {
            shuffle();
        }
        position += batch;
    }

    /** The same so many times. */
    void skip(long draws) {
        for (long i = 0; i < draws; i++) {
            skip();
        }
    }

    private void shuffle() {
        long stream = epoch++;
        for (int i = order.length - 1; i > 0; i--) {
            int other = random.integer(stream, i, i + 1);
            int held = order[i];
            order[i] = order[other];
            order[other] = held;
        }
        position = 0;
    }
}

package io.llm2clip.dataset;

import io.llm2clip.tensor.CounterRandom;

/**
 * The order in which examples are drawn: shards in random order, their examples through a shuffle buffer. It is a function of seed and
 * sizes alone, so that any position can be returned to without reading data; that takes time proportional to what was drawn in the
 * epoch, some milliseconds per million.
 */
final class ExampleOrder {
    private static final long SHARDS = CounterRandom.streamOf("shards of an epoch");
    private static final long DRAWS = CounterRandom.streamOf("draws of an epoch");

    /** An example by its shard and its number there. */
    record Place(int shard, int index) {
        private static Place of(long packed) {
            return new Place((int) (packed >>> 32), (int) packed);
        }
    }

    private final int[] sizes;
    private final long total;
    private final Sampling sampling;
    private final CounterRandom random;
    private final int[] order;
    private final long[] buffer;

    private long epoch;
    private long drawn;
    private int filled;
    /** Where the buffer is filled from: the how-manieth shard, and which of its examples. */
    private long shard;

    private int index;

    /** @throws IllegalArgumentException if there are no examples */
    ExampleOrder(int[] sizes, Sampling sampling, CounterRandom random) {
        this.sizes = sizes.clone();
        long sum = 0;
        for (int size : sizes) {
            sum += size;
        }
        if (sum == 0) {
            throw new IllegalArgumentException("There are no examples to draw from; expected at least one.");
        }
        this.total = sum;
        this.sampling = sampling;
        this.random = random;
        this.order = new int[sizes.length];
        this.buffer = new long[(int) (sampling.resampled() ? sampling.buffer() : Math.min(sampling.buffer(), sum))];
        begin(0);
    }

    /** Examples that are left of the epoch; without end where shards are drawn with replacement. */
    long left() {
        return sampling.resampled() ? Long.MAX_VALUE : total - drawn;
    }

    Position position() {
        return new Position(epoch, drawn);
    }

    /**
     * Goes to a position.
     *
     * @throws IllegalArgumentException if an epoch has no such position
     */
    void seek(Position position) {
        if (position.drawn() > total && !sampling.resampled() || position.epoch() > 0 && sampling.resampled()) {
            throw new IllegalArgumentException(
                    "Position %d of epoch %d of %d examples; the data are not those it was taken of."
                            .formatted(position.drawn(), position.epoch(), total));
        }
        begin(position.epoch());
        while (drawn < position.drawn()) {
            next();
        }
    }

    /** The next example; after the last of an epoch comes the first of the next. */
    Place next() {
        if (filled == 0) {
            begin(epoch + 1);
        }
        int slot = random.integer(DRAWS + epoch, drawn, filled);
        long place = buffer[slot];
        if (hasMore()) {
            buffer[slot] = take();
        } else {
            buffer[slot] = buffer[--filled];
        }
        drawn++;
        return Place.of(place);
    }

    /** Leaves out what is left of the epoch. */
    void skipEpoch() {
        begin(epoch + 1);
    }

    private void begin(long number) {
        epoch = number;
        drawn = 0;
        shard = 0;
        index = 0;
        // From the same arrangement each time: an epoch's order depends on no other's.
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        for (int i = order.length - 1; i > 0; i--) {
            int other = random.integer(SHARDS + epoch, i, i + 1);
            int held = order[i];
            order[i] = order[other];
            order[other] = held;
        }
        for (filled = 0; filled < buffer.length; filled++) {
            buffer[filled] = take();
        }
    }

    private boolean hasMore() {
        return sampling.resampled() || drawn + filled < total;
    }

    private long take() {
        while (index == sizes[current()]) {
            shard++;
            index = 0;
        }
        return (long) current() << 32 | index++;
    }

    private int current() {
        return sampling.resampled() ? random.integer(SHARDS, shard, order.length) : order[(int) shard];
    }
}

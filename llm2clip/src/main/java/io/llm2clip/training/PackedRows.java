package io.llm2clip.training;

import io.llm2clip.nn.Sequences;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;

/**
 * Captions in shuffled order, joined to one stream of tokens that is cut into rows of equal length; the rest is dropped. Rows are
 * put together when they are asked for: the stream may have more tokens than an array.
 */
final class PackedRows {
    private final List<int[]> captions;
    private final int[] order;
    /** Where each caption of the order begins in the stream. */
    private final long[] starts;

    private final int length;
    private final int count;

    /**
     * Joins captions.
     *
     * @param length tokens per row
     * @throws IllegalArgumentException if they do not fill one row
     */
    PackedRows(List<int[]> captions, int length, CounterRandom random) {
        this.captions = captions;
        this.length = length;
        this.order = new EpochSampler(captions.size(), captions.size(), random).next();
        this.starts = new long[order.length];
        long total = 0;
        for (int i = 0; i < order.length; i++) {
            starts[i] = total;
            total += captions.get(order[i]).length;
        }
        if (total < length) {
            throw new IllegalArgumentException("The captions have " + total + " tokens, fewer than one row of " + length
                    + "; add captions or shorten the rows.");
        }
        this.count = Math.toIntExact(total / length);
    }

    /** What token ids {@code [B, T]} are whose rows are full. */
    static Sequences full(Tensor ids) {
        int[] lengths = new int[ids.shape().dim(0)];
        Arrays.fill(lengths, ids.shape().dim(1));
        return new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(lengths.length), lengths)));
    }

    /** Number of rows. */
    int count() {
        return count;
    }

    /** A row. */
    int[] row(int number) {
        int[] row = new int[length];
        long position = (long) number * length;
        int found = Arrays.binarySearch(starts, position);
        int caption = found >= 0 ? found : -found - 2;
        for (int filled = 0; filled < length; caption++) {
            int[] tokens = captions.get(order[caption]);
            int from = Math.toIntExact(position + filled - starts[caption]);
            int copied = Math.min(tokens.length - from, length - filled);
            System.arraycopy(tokens, from, row, filled, copied);
            filled += copied;
        }
        return row;
    }
}

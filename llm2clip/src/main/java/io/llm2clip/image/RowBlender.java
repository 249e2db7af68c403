package io.llm2clip.image;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The vertical pass of a resampling over rows that arrive one after the other: sums of weighted rows are kept only for
 * target rows that still wait for source rows, so a picture of any height needs the memory of a few rows.
 */
final class RowBlender {
    private final Taps taps;
    private final int values;
    private final int[] @Nullable [] sums;
    private final int[] missing;
    private final Target target;

    /** Takes finished rows. */
    interface Target {
        /** A row; {@code index} counts from the window's first. */
        void accept(int index, byte[] row);
    }

    /** Blends rows of {@code values} bytes. */
    RowBlender(Taps taps, int values, Target target) {
        this.taps = taps;
        this.values = values;
        this.sums = new int[taps.count()][];
        this.missing = Arrays.stream(taps.weights())
                .mapToInt(weights -> weights.length)
                .toArray();
        this.target = target;
    }

    /** Adds the source row at {@code position} to every target row that it has a weight in. */
    void add(int position, byte[] row) {
        for (int i = 0; i < sums.length; i++) {
            int offset = position - taps.starts()[i];
            int[] weights = taps.weights()[i];
            if (offset < 0 || offset >= weights.length) {
                continue;
            }
            int[] sum = sum(i);
            int weight = weights[offset];
            for (int v = 0; v < values; v++) {
                sum[v] += (row[v] & 0xff) * weight;
            }
            if (--missing[i] == 0) {
                target.accept(i, rounded(sum));
                sums[i] = null;
            }
        }
    }

    private int[] sum(int index) {
        int @Nullable [] sum = sums[index];
        if (sum == null) {
            sum = new int[values];
            Arrays.fill(sum, 1 << Taps.PRECISION_BITS - 1);
            sums[index] = sum;
        }
        return sum;
    }

    private byte[] rounded(int[] sum) {
        byte[] row = new byte[values];
        for (int v = 0; v < values; v++) {
            row[v] = Taps.round(sum[v]);
        }
        return row;
    }
}

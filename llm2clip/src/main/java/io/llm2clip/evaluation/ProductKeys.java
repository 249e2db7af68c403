package io.llm2clip.evaluation;

import io.llm2clip.tensor.machine.InnerProducts;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Inner products of vectors of length 1 as integers of the same order. The JVM's compiler makes vector instructions of loops that count by
 * these; of those that compare floats it does not. All loops have one index for all arrays, without which it does not either.
 */
final class ProductKeys {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final int SIGN = Integer.SIZE - 1;

    private ProductKeys() {}

    /** The key of a number between -1.9 and 1.9, so that differences of keys do not overflow. */
    static int key(float product) {
        return key(Float.floatToRawIntBits(product));
    }

    private static int key(int bits) {
        return bits ^ bits >> SIGN & Integer.MAX_VALUE;
    }

    /** The key of a product of a block. */
    static int key(InnerProducts.Block block, int row, int column) {
        return key(block.products().get(INT, block.offset(row) + 4L * column));
    }

    /** The keys of a row of a block. */
    static void copy(InnerProducts.Block block, int row, int[] keys) {
        MemorySegment.copy(block.products(), INT, block.offset(row), keys, 0, keys.length);
        for (int i = 0; i < keys.length; i++) {
            keys[i] = key(keys[i]);
        }
    }

    /** How many keys are greater than another one. */
    static int greater(int[] keys, int than) {
        int count = 0;
        for (int i = 0; i < keys.length; i++) {
            count += than - keys[i] >>> SIGN;
        }
        return count;
    }

    /** Adds 1 to the counts of those keys that are greater than theirs. */
    static void addGreater(int[] keys, int[] than, int[] counts) {
        for (int i = 0; i < keys.length; i++) {
            counts[i] += than[i] - keys[i] >>> SIGN;
        }
    }
}

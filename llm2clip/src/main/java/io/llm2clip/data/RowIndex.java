package io.llm2clip.data;

import java.util.function.IntFunction;

/**
 * Which row has a key: open addressing over row numbers. It holds five to eleven bytes per row and no keys, which stay where the
 * rows are, so that a store of hundreds of millions of rows opens on an ordinary heap.
 */
final class RowIndex {
    private static final int SMALLEST = 1 << 10;
    private static final int LARGEST = 1 << 30;

    /** Rows that fit: three quarters of the largest table. */
    static final int MAX_ROWS = LARGEST / 4 * 3;

    /** Row + 1, or 0. The length is a power of two, a quarter of it is free. */
    private int[] slots;

    private int size;

    /** @param rows how many there will be, as far as known; more can be added */
    RowIndex(long rows) {
        slots = new int[capacity(rows)];
    }

    /** The number of keys. */
    int size() {
        return size;
    }

    /** The row of a key, or -1. */
    int find(TextKey key, IntFunction<TextKey> keyOf) {
        return slots[slot(key, keyOf)] - 1;
    }

    /** Adds a row, unless its key is there already. */
    void add(TextKey key, int row, IntFunction<TextKey> keyOf) {
        if (size >= slots.length / 4 * 3) {
            grow(keyOf);
        }
        int slot = slot(key, keyOf);
        if (slots[slot] == 0) {
            slots[slot] = row + 1;
            size++;
        }
    }

    /** Where a key is, or where it would be. Keys are hashes already. */
    private int slot(TextKey key, IntFunction<TextKey> keyOf) {
        int slot = (int) key.first() & (slots.length - 1);
        while (slots[slot] != 0 && !keyOf.apply(slots[slot] - 1).equals(key)) {
            slot = (slot + 1) & (slots.length - 1);
        }
        return slot;
    }

    private void grow(IntFunction<TextKey> keyOf) {
        if (slots.length == LARGEST) {
            throw new IllegalStateException(
                    "A text vector store holds at most %,d vectors; use another folder for more.".formatted(MAX_ROWS));
        }
        int[] before = slots;
        slots = new int[2 * before.length];
        for (int entry : before) {
            if (entry != 0) {
                slots[slot(keyOf.apply(entry - 1), keyOf)] = entry;
            }
        }
    }

    private static int capacity(long rows) {
        int capacity = SMALLEST;
        while (capacity < LARGEST && rows > capacity / 4 * 3) {
            capacity *= 2;
        }
        return capacity;
    }
}

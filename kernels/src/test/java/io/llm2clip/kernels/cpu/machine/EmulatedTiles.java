package io.llm2clip.kernels.cpu.machine;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.llm2clip.kernels.cpu.runtime.Memory;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** The tile registers of AMX and their products, as Intel's manual describes them. */
final class EmulatedTiles {
    private static final int TILES = 8;
    private static final int ROWS = 16;
    private static final int ROW_BYTES = 64;

    private final int[] rows = new int[TILES];
    private final int[] rowBytes = new int[TILES];
    private final byte[][] data = new byte[TILES][ROWS * ROW_BYTES];
    private boolean configured;

    boolean configured() {
        return configured;
    }

    void release() {
        configured = false;
    }

    void configure(long from) {
        require(Memory.ALL.get(JAVA_BYTE, from) == 1, "a palette that is not 1");
        require(Memory.ALL.get(JAVA_BYTE, from + 1) == 0, "a first row that is not 0");
        for (int at = 2; at < 64; at++) {
            boolean used = at >= 16 && at < 32 || at >= 48 && at < 56;
            require(used || Memory.ALL.get(JAVA_BYTE, from + at) == 0, "reserved bytes that are not 0");
        }
        for (int tile = 0; tile < TILES; tile++) {
            rowBytes[tile] = Memory.ALL.get(JAVA_SHORT_UNALIGNED, from + 16 + 2L * tile) & 0xFFFF;
            rows[tile] = Memory.ALL.get(JAVA_BYTE, from + 48 + tile) & 0xFF;
            require(rows[tile] <= ROWS && rowBytes[tile] <= ROW_BYTES, "a tile that is too large");
            require((rows[tile] == 0) == (rowBytes[tile] == 0), "a tile of rows without columns, or the reverse");
            data[tile] = new byte[ROWS * ROW_BYTES];
        }
        configured = true;
    }

    private static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalStateException("The emulated tiles: " + otherwise + ".");
        }
    }

    private void requireTile(int tile) {
        require(configured && tile < TILES && rows[tile] > 0, "a tile that is not configured, " + tile);
    }

    void zero(int tile) {
        requireTile(tile);
        data[tile] = new byte[ROWS * ROW_BYTES];
    }

    void load(int tile, long start, long stride) {
        requireTile(tile);
        data[tile] = new byte[ROWS * ROW_BYTES];
        for (int row = 0; row < rows[tile]; row++) {
            MemorySegment.copy(
                    Memory.ALL, JAVA_BYTE, start + row * stride, data[tile], row * ROW_BYTES, rowBytes[tile]);
        }
    }

    void store(int tile, long start, long stride) {
        requireTile(tile);
        for (int row = 0; row < rows[tile]; row++) {
            MemorySegment.copy(
                    data[tile], row * ROW_BYTES, Memory.ALL, JAVA_BYTE, start + row * stride, rowBytes[tile]);
        }
    }

    /** {@code TDPBF16PS}: the lower elements of a's and b's pairs, the upper ones, and then both sums, are added up. */
    void multiply(int sum, int a, int b) {
        requireOperands(sum, a, b);
        MemorySegment sums = MemorySegment.ofArray(data[sum]);
        for (int row = 0; row < rows[sum]; row++) {
            for (int column = 0; column < rowBytes[sum] / 4; column++) {
                float lower = 0;
                float upper = 0;
                for (int pair = 0; pair < rowBytes[a] / 4; pair++) {
                    int left = row * ROW_BYTES + pair * 4;
                    int right = pair * ROW_BYTES + column * 4;
                    lower = EmulatedVectors.multiplyAdd(lower, bits(data[a], left), bits(data[b], right));
                    upper = EmulatedVectors.multiplyAdd(upper, bits(data[a], left + 2), bits(data[b], right + 2));
                }
                long at = row * ROW_BYTES + column * 4L;
                float before = EmulatedVectors.flushed(sums.get(ValueLayout.JAVA_FLOAT_UNALIGNED, at));
                float after = before + EmulatedVectors.flushed(lower + upper);
                sums.set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, EmulatedVectors.flushed(after));
            }
        }
    }

    private void requireOperands(int sum, int a, int b) {
        requireTile(sum);
        requireTile(a);
        requireTile(b);
        require(sum != a && a != b && sum != b, "one tile as two operands");
        require(
                rows[a] == rows[sum] && rowBytes[b] == rowBytes[sum] && rowBytes[a] / 4 == rows[b],
                "shapes that do not fit");
    }

    /** {@code TDPBSSD} and {@code TDPBSUD}: fours of signed bytes of a's row by fours of b's column, signed or not. */
    void multiplyBytes(int sum, int a, int b, boolean signed) {
        requireOperands(sum, a, b);
        MemorySegment sums = MemorySegment.ofArray(data[sum]);
        for (int row = 0; row < rows[sum]; row++) {
            for (int column = 0; column < rowBytes[sum] / 4; column++) {
                long at = row * ROW_BYTES + column * 4L;
                int total = sums.get(ValueLayout.JAVA_INT_UNALIGNED, at);
                for (int i = 0; i < rowBytes[a]; i++) {
                    byte right = data[b][i / 4 * ROW_BYTES + column * 4 + i % 4];
                    total += data[a][row * ROW_BYTES + i] * (signed ? right : right & 0xFF);
                }
                sums.set(ValueLayout.JAVA_INT_UNALIGNED, at, total);
            }
        }
    }

    private static int bits(byte[] tile, int at) {
        return tile[at] & 0xFF | (tile[at + 1] & 0xFF) << 8;
    }
}

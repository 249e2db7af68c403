package io.llm2clip.kernels.cpu.matrix;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.MemorySegment;

/**
 * The packed layout of quantized weights, one for all units and vector widths, so that a weight is packed once whatever multiplies by it.
 * It takes the bytes of the stored blocks in another order, nothing is lost.
 *
 * <p>Panels of {@link #COLUMNS} columns, each {@code [k / 32]} steps of a block per column: first the columns' f16 scales,
 * of Q4_1 then their f16 minima, then rows of 32-bit words, one word per column, each with four of the block's bytes as they are stored. Of Q8 these are four k in their order,
 * of the others the low nibbles of four k and the high nibbles of those 16 further on.
 */
public final class BlockPanels {
    /** Name of the layout. */
    public static final String LAYOUT = "blocks";
    /** Columns of a panel: those of one vector of 512 bits. */
    public static final int COLUMNS = 16;
    /** Of k, in a step. */
    public static final int STEP = DType.Q8.blockSize();
    /** Bytes of the columns' scales, with which a step begins, and of their minima behind. */
    public static final int HALVES = COLUMNS * Short.BYTES;
    /** Bytes of a row of words. */
    public static final int WORDS = COLUMNS * Integer.BYTES;

    /** Steps that are put in order column by column, few enough to stay in the first level of cache. */
    private static final int CHUNK = 16;

    private BlockPanels() {}

    /** The layout of a transposed, quantized {@code [n, k]}. */
    public static Packing packing(DType format, int n, int k) {
        long panels = Math.ceilDiv(n, COLUMNS);
        return new Packing(LAYOUT, format, n, k, COLUMNS, Math.multiplyExact(panels, panelBytes(format, k / STEP)));
    }

    /** Bytes of a step before its words. */
    public static int headerBytes(DType format) {
        return COLUMNS * format.headerBytes();
    }

    /** Size of a panel of so many steps in bytes. */
    public static long panelBytes(DType format, int steps) {
        return steps * format.bytes((long) STEP * COLUMNS);
    }

    /** See {@link MatrixUnit#pack}. */
    public static void pack(Packing packing, MatrixOperand b, MemorySegment from, MemorySegment to, Workers workers) {
        PackArguments.require(LAYOUT, packing, b, from, to);
        long panelBytes = panelBytes(packing.format(), packing.k() / STEP);
        workers.parallel(Math.ceilDiv(packing.n(), COLUMNS), (panel, _) -> {
            int column = panel * COLUMNS;
            int columns = Math.min(COLUMNS, packing.n() - column);
            panel(b, from.address(), 0, 0, packing.k(), column, columns, to.address() + panel * panelBytes);
        });
    }

    /** See {@link MatrixUnit#unpack}. */
    public static void unpack(Packing packing, MemorySegment from, MemorySegment to, Workers workers) {
        PackArguments.requireUnpackable(LAYOUT, packing, from, to);
        DType format = packing.format();
        long rowBytes = format.bytes((long) packing.k());
        int steps = packing.k() / STEP;
        workers.parallel(Math.ceilDiv(packing.n(), COLUMNS), (panel, _) -> {
            int column = panel * COLUMNS;
            int columns = Math.min(COLUMNS, packing.n() - column);
            new Columns(format, steps)
                    .unpack(
                            from.address() + panel * panelBytes(format, steps),
                            columns,
                            to.address() + column * rowBytes);
        });
    }

    /**
     * Packs a panel, of a part of k. A step of zeros is written where k is 0, and zeros for columns that do not exist.
     *
     * @param b how the matrix is stored
     * @param from its first element
     * @param k first one, a multiple of {@link #STEP}
     * @param length how many, a multiple too
     * @param to {@link #panelBytes} bytes
     */
    public static void panel(
            MatrixOperand b, long from, int batch, int k, int length, int column, int columns, long to) {
        DType format = b.format();
        int steps = length / STEP;
        if (columns < COLUMNS || steps == 0) {
            ALL.asSlice(to, panelBytes(format, Math.max(1, steps))).fill((byte) 0);
        }
        Columns blocks = new Columns(format, steps);
        for (int first = 0; first < steps; first += CHUNK) {
            int some = Math.min(CHUNK, steps - first);
            for (int lane = 0; lane < columns; lane++) {
                long source = from + format.bytes(b.index(batch, k, column + lane)) + first * blocks.block;
                blocks.pack(source, some, to + first * blocks.step, lane);
            }
        }
    }

    /** Sizes of blocks of a column, and of steps. */
    private static final class Columns {
        final int steps;
        final long block;
        final long step;
        /** Bytes before the elements, of a block. */
        final int header;
        /** Two words of a block. */
        final int pairs;

        Columns(DType format, int steps) {
            this.steps = steps;
            block = format.bytes((long) STEP);
            step = panelBytes(format, 1);
            header = format.headerBytes();
            pairs = (int) (block - header) / Long.BYTES;
        }

        void pack(long from, int some, long to, int lane) {
            for (int s = 0; s < some; s++) {
                long source = from + s * block;
                long target = to + s * step;
                for (int half = 0; half < header; half += Short.BYTES) {
                    copyHalf(source + half, target + half * COLUMNS + lane * (long) Short.BYTES);
                }
                long words = target + header * COLUMNS + lane * (long) Integer.BYTES;
                for (int pair = 0; pair < pairs; pair++) {
                    long two = ALL.get(JAVA_LONG_UNALIGNED, source + header + pair * (long) Long.BYTES);
                    long word = words + pair * (2L * WORDS);
                    Memory.putInt(word, (int) two);
                    Memory.putInt(word + WORDS, (int) (two >>> Integer.SIZE));
                }
            }
        }

        private static void copyHalf(long from, long to) {
            ALL.set(JAVA_SHORT_UNALIGNED, to, ALL.get(JAVA_SHORT_UNALIGNED, from));
        }

        /** All columns of a panel, each a stored row. */
        void unpack(long from, int columns, long to) {
            long rowBytes = steps * block;
            for (int s = 0; s < steps; s++) {
                long source = from + s * step;
                for (int lane = 0; lane < columns; lane++) {
                    long target = to + lane * rowBytes + s * block;
                    for (int half = 0; half < header; half += Short.BYTES) {
                        copyHalf(source + half * COLUMNS + lane * (long) Short.BYTES, target + half);
                    }
                    long words = source + header * COLUMNS + lane * (long) Integer.BYTES;
                    for (int pair = 0; pair < pairs; pair++) {
                        long word = words + pair * (2L * WORDS);
                        long low = Integer.toUnsignedLong(Memory.getInt(word));
                        long high = Memory.getInt(word + WORDS);
                        ALL.set(
                                JAVA_LONG_UNALIGNED,
                                target + header + pair * (long) Long.BYTES,
                                low | high << Integer.SIZE);
                    }
                }
            }
        }
    }
}

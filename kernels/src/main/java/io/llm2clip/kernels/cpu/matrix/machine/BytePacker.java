package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.operations.MatrixOperand;

/**
 * Quantizes rows of A, and puts blocks of B in the order in which they are multiplied.
 *
 * @param kernels what quantizes
 * @param call {@link QuantizeCall#BYTES} bytes of scratch memory, aligned to 64
 */
record BytePacker(ByteKernels kernels, long call) implements PanelPacker {
    /** Steps of B that are put in order column by column, few enough to stay in the first level of cache. */
    private static final int CHUNK = 16;

    /** Prepares the scratch memory. */
    static BytePacker in(ByteKernels kernels, long scratch) {
        QuantizeCall.prepare(scratch);
        return new BytePacker(kernels, scratch);
    }

    @Override
    public void rows(MatrixOperand a, long from, int batch, int row, int rows, int k, int length, long to) {
        if (length == 0) {
            ALL.asSlice(to, kernels.bytesOfA(rows, 1)).fill((byte) 0);
            return;
        }
        PanelCall.set(call, QuantizeCall.FROM, from + a.index(batch, row, k) * Float.BYTES);
        PanelCall.set(call, QuantizeCall.FROM_ROW, (long) a.leadingDimension() * Float.BYTES);
        PanelCall.set(call, QuantizeCall.TO, to);
        PanelCall.set(call, QuantizeCall.ROWS, rows);
        PanelCall.set(call, QuantizeCall.STEPS, length / Tiles.STEP);
        PanelCall.set(call, QuantizeCall.TO_STEP, kernels.bytesOfA(rows, 1));
        PanelCall.set(call, QuantizeCall.TO_SCALES, (long) rows * Tiles.STEP);
        PanelCall.set(call, QuantizeCall.TO_ADDENDS, (long) rows * Float.BYTES);
        kernels.quantize.call(call);
    }

    /** Whole blocks: first the scales of all columns, then words of four k of each, as they are stored. */
    @Override
    public void columns(MatrixOperand b, long from, int batch, int k, int length, int column, int columns, long to) {
        DType format = kernels.format();
        long block = format.bytes((long) Tiles.STEP);
        long step = kernels.bytesOfB(1);
        int steps = length / Tiles.STEP;
        if (columns < ByteKernels.COLUMNS || steps == 0) {
            ALL.asSlice(to, kernels.bytesOfB(Math.max(1, steps))).fill((byte) 0);
        }
        for (int first = 0; first < steps; first += CHUNK) {
            int some = Math.min(CHUNK, steps - first);
            for (int lane = 0; lane < columns; lane++) {
                long source = from + format.bytes(b.index(batch, k, column + lane)) + first * block;
                column(source, block, some, to + first * step, step, lane);
            }
        }
    }

    private static void column(long from, long block, int steps, long to, long step, int lane) {
        int pairs = (int) (block - Short.BYTES) / Long.BYTES;
        for (int s = 0; s < steps; s++) {
            long source = from + s * block;
            long target = to + s * step;
            ALL.set(JAVA_SHORT_UNALIGNED, target + lane * (long) Short.BYTES, ALL.get(JAVA_SHORT_UNALIGNED, source));
            long words = target + ByteKernels.SCALES_OF_B + lane * (long) Integer.BYTES;
            for (int pair = 0; pair < pairs; pair++) {
                long two = ALL.get(JAVA_LONG_UNALIGNED, source + Short.BYTES + pair * (long) Long.BYTES);
                long word = words + pair * (2L * Tiles.ROW);
                Memory.putInt(word, (int) two);
                Memory.putInt(word + Tiles.ROW, (int) (two >>> Integer.SIZE));
            }
        }
    }
}

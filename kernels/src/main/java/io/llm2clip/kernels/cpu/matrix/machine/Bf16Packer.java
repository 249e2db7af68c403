package io.llm2clip.kernels.cpu.matrix.machine;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.simd.Widening;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;

/**
 * Rounds parts of matrices into panels.
 *
 * @param kernels what rounds
 * @param call {@link #SCRATCH_BYTES} bytes of scratch memory, aligned to 64; those of {@link RoundingKernels} are enough for rows of f32
 */
record Bf16Packer(Bf16Kernels kernels, long call) implements PanelPacker {
    /** Of k, of what is widened or transposed at once; whole steps. */
    private static final int CHUNK = 256;

    /** Rows that are read side by side: more, which may be a power of two apart, have no room in the first level of cache. */
    static final int ROWS = 4;

    private static final long WIDENED_BYTES = (long) CHUNK * Tiles.COLUMNS * Float.BYTES + Tiles.ROW;
    private static final long ROUNDED_BYTES =
            Tiles.bytes(Tiles.COLUMNS, CHUNK / Tiles.STEP, RowPanels.Format.BF16X6.parts());

    private static final int TRANSPOSITION = RoundingKernels.BYTES;
    private static final int WIDENED = TRANSPOSITION + PairTransposition.BYTES;

    static final long SCRATCH_BYTES = WIDENED + WIDENED_BYTES + ROUNDED_BYTES;

    /** Prepares the scratch memory. */
    static Bf16Packer in(Bf16Kernels kernels, long scratch) {
        for (int column = 0; column < Tiles.LANES; column++) {
            long pair = scratch + RoundingKernels.INTERLEAVE + 4L * column;
            ALL.set(JAVA_SHORT, pair, (short) column);
            ALL.set(JAVA_SHORT, pair + 2, (short) (Tiles.LANES + column));
        }
        return new Bf16Packer(kernels, scratch);
    }

    @Override
    public void rows(MatrixOperand a, long from, int batch, int row, int rows, int k, int length, long to) {
        for (int at = 0; at == 0 || at < length; at += CHUNK) {
            int some = Math.min(CHUNK, length - at);
            long target = to + kernels.bytesOfA(rows, at / Tiles.STEP);
            if (!a.transposed()) {
                Source source = source(a, from, a.index(batch, row, k + at), rows, some);
                roundRows(kernels.ofA, source.address, source.row, rows, some, target, rows);
                continue;
            }
            for (int first = 0; first < rows; first += Tiles.COLUMNS) {
                int columns = Math.min(Tiles.COLUMNS, rows - first);
                Source source = source(a, from, a.index(batch, row + first, k + at), some, columns);
                roundPairs(kernels.ofA, source, some, columns, rounded());
                rowsOfPairs(some, first, columns, target, rows);
            }
        }
    }

    @Override
    public void columns(MatrixOperand b, long from, int batch, int k, int length, int column, int columns, long to) {
        for (int at = 0; at == 0 || at < length; at += CHUNK) {
            int some = Math.min(CHUNK, length - at);
            long target = to + kernels.bytesOfB(at / Tiles.STEP);
            long first = b.index(batch, k + at, column);
            if (b.transposed()) {
                Source source = source(b, from, first, columns, some);
                roundRows(kernels.ofB, source.address, source.row, columns, some, rounded(), Tiles.COLUMNS);
                pairsOfRows(some, columns, target);
            } else {
                pairs(b, from, first, some, columns, target);
            }
        }
    }

    /** Whole steps of what is stored as bf16 need no rounding. */
    private void pairs(MatrixOperand b, long from, long element, int k, int columns, long to) {
        int steps = b.format() == DType.BF16 && columns == Tiles.COLUMNS ? k / Tiles.STEP : 0;
        long row = b.leadingDimension();
        if (steps > 0) {
            interleave(from + element * Short.BYTES, row * Short.BYTES, to, steps, kernels.bytesOfB(1));
        }
        int done = steps * Tiles.STEP;
        if (done == 0 || done < k) {
            long target = to + kernels.bytesOfB(steps);
            roundPairs(
                    kernels.ofB, source(b, from, element + done * row, k - done, columns), k - done, columns, target);
        }
    }

    private void interleave(long from, long rowBytes, long to, int steps, long step) {
        set(RoundingKernels.FROM, from);
        set(RoundingKernels.FROM_ROW, rowBytes);
        set(RoundingKernels.TO, to);
        set(RoundingKernels.TO_STEP, step);
        set(RoundingKernels.STEPS, steps);
        kernels.interleave.call(call);
    }

    @Override
    public void columns(RowPanels b, long from, int column, long to) {
        for (int row = 0; row < b.rows(); row += Tiles.STEP) {
            for (int part = 0; part < kernels.ofB.parts(); part++) {
                long step = to + kernels.bytesOfB(row / Tiles.STEP);
                long target = step + part * Tiles.bytes(Tiles.COLUMNS, 1, 1);
                interleave(step(b, from, row, column, part), Tiles.ROW, target, 1, 0);
            }
        }
    }

    /** Where 32 rows of a step of panels are, one behind the other: there, or copied, with zeros for rows that do not exist. */
    private long step(RowPanels panels, long from, int row, int column, int part) {
        if (row % panels.panelRows() + Tiles.STEP <= panels.rowsFrom(row / panels.panelRows() * panels.panelRows())) {
            return from + panels.offset(row, column, part);
        }
        MemorySegment copy = ALL.asSlice(rounded(), Tiles.bytes(Tiles.STEP, 1, 1));
        int rows = Math.min(Tiles.STEP, panels.rows() - row);
        for (int done = 0; done < rows; ) {
            int ofPanel = (row + done) % panels.panelRows();
            int some = Math.min(rows - done, panels.rowsFrom(row + done - ofPanel) - ofPanel);
            long source = from + panels.offset(row + done, column, part);
            MemorySegment.copy(ALL, source, copy, (long) done * Tiles.ROW, (long) some * Tiles.ROW);
            done += some;
        }
        copy.asSlice((long) rows * Tiles.ROW).fill((byte) 0);
        return copy.address();
    }

    /** Where f32 rows are, and the bytes from one to the next. */
    private record Source(long address, long row) {}

    /** Rows as they are stored, or widened to f32. */
    private Source source(MatrixOperand matrix, long from, long element, int rows, int length) {
        DType format = matrix.format();
        if (format == DType.F32) {
            return new Source(from + element * 4, matrix.leadingDimension() * 4L);
        }
        long widened = call + WIDENED;
        for (int row = 0; row < rows; row++) {
            long stored = from + format.bytes(element + (long) row * matrix.leadingDimension());
            Widening.toFloats(format, stored, 0, length, widened + row * (length * 4L));
        }
        return new Source(widened, length * 4L);
    }

    private long rounded() {
        return call + WIDENED + WIDENED_BYTES;
    }

    private void set(int field, long value) {
        ALL.set(JAVA_LONG, call + field, value);
    }

    /**
     * Rounds rows of f32, of one panel.
     *
     * @param from the first of them
     * @param rowBytes from one to the next
     * @param panelRows rows from one step to the next
     */
    void roundRows(Bf16Kernels.Rounding rounding, long from, long rowBytes, int rows, int k, long to, int panelRows) {
        int parts = rounding.parts();
        if (k == 0) {
            ALL.asSlice(to, Tiles.bytes(panelRows, 1, parts)).fill((byte) 0);
            return;
        }
        set(RoundingKernels.FROM_ROW, rowBytes);
        set(RoundingKernels.STEPS, k / Tiles.STEP);
        set(RoundingKernels.TO_STEP, Tiles.bytes(panelRows, 1, parts));
        set(RoundingKernels.TO_PART, Tiles.bytes(panelRows, 1, 1));
        set(RoundingKernels.LOW, PanelCall.bits(k % Tiles.STEP));
        set(RoundingKernels.HIGH, PanelCall.bits(k % Tiles.STEP - Tiles.LANES));
        for (int row = 0; row < rows; row += ROWS) {
            set(RoundingKernels.FROM, from + row * rowBytes);
            set(RoundingKernels.TO, to + (long) row * Tiles.ROW);
            set(RoundingKernels.ROWS, Math.min(ROWS, rows - row));
            rounding.rows().call(call);
        }
    }

    private void roundPairs(Bf16Kernels.Rounding rounding, Source source, int k, int columns, long to) {
        long step = Tiles.bytes(Tiles.COLUMNS, 1, rounding.parts());
        int steps = k / Tiles.STEP;
        int rest = k % Tiles.STEP;
        set(RoundingKernels.FROM_ROW, source.row);
        set(RoundingKernels.TO_STEP, step);
        set(RoundingKernels.TO_PART, Tiles.bytes(Tiles.COLUMNS, 1, 1));
        set(RoundingKernels.LOW, PanelCall.bits(columns));
        set(RoundingKernels.HIGH, PanelCall.bits(columns - Tiles.LANES));
        if (steps > 0) {
            roundPairs(rounding, source.address, to, steps, Tiles.LANES, 0);
        }
        if (rest > 0 || steps == 0) {
            long last = to + steps * step;
            ALL.asSlice(last, step).fill((byte) 0);
            if (rest > 0) {
                roundPairs(rounding, source.address + steps * Tiles.STEP * source.row, last, 1, rest / 2, rest % 2);
            }
        }
    }

    private void roundPairs(Bf16Kernels.Rounding rounding, long from, long to, int steps, int pairs, int odd) {
        set(RoundingKernels.FROM, from);
        set(RoundingKernels.TO, to);
        set(RoundingKernels.STEPS, steps);
        set(RoundingKernels.ROWS, pairs);
        set(RoundingKernels.ODD, odd);
        rounding.pairs().call(call);
    }

    /** Of 32 rounded rows, of which so many exist, a panel of B. */
    private void pairsOfRows(int k, int columns, long to) {
        int blocks = Tiles.steps(k) * kernels.ofB.parts();
        for (int half = 0; half < 2; half++) {
            int exist = Math.clamp(columns - (long) half * Tiles.LANES, 0, Tiles.LANES);
            long tile = (long) half * Tiles.TILE;
            transpose(rounded() + tile, exist, to + tile, 2 * Tiles.TILE, Tiles.LANES, blocks);
        }
    }

    /** Of rounded pairs of up to 32 columns, rows of a panel of A. */
    private void rowsOfPairs(int k, int first, int columns, long to, int panelRows) {
        int blocks = Tiles.steps(k) * kernels.ofA.parts();
        for (int half = 0; half * Tiles.LANES < columns; half++) {
            int rows = Math.min(Tiles.LANES, columns - half * Tiles.LANES);
            long row = to + (first + (long) half * Tiles.LANES) * Tiles.ROW;
            long from = rounded() + (long) half * Tiles.TILE;
            transpose(from, Tiles.LANES, row, (long) panelRows * Tiles.ROW, rows, blocks);
        }
    }

    /** Every second tile. */
    private void transpose(long from, int columns, long to, long toTile, int rows, int tiles) {
        set(TRANSPOSITION + PairTransposition.FROM, from);
        set(TRANSPOSITION + PairTransposition.FROM_TILE, 2 * Tiles.TILE);
        set(TRANSPOSITION + PairTransposition.COLUMNS, columns);
        set(TRANSPOSITION + PairTransposition.TO, to);
        set(TRANSPOSITION + PairTransposition.TO_TILE, toTile);
        set(TRANSPOSITION + PairTransposition.ROWS, rows);
        set(TRANSPOSITION + PairTransposition.TILES, tiles);
        kernels.transpose.call(call + TRANSPOSITION);
    }
}

package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.MachineFunction;
import io.llm2clip.kernels.cpu.matrix.BlockEpilogue;
import io.llm2clip.kernels.cpu.matrix.OutputBlock;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.RowPanels;

/**
 * One block of a matmul's output: panel of B by panel of B, each times all of the block's panels of A. Sums over more than one part of k are
 * kept meanwhile: where programs finish them in blocks of scratch memory, for as many panels of B as that has room for, otherwise in the output.
 * Sums of all of k take turns in one block: those of a panel are finished before those of the next one are stored.
 */
final class BlockProduct {
    /** Of sums that wait for the next part of k. */
    private static final long WAITING_BYTES = 1 << 20;
    /** So few panels of A do not fetch all of the next panel of B, which would be too much for a step. */
    private static final int FEW_PANELS = 4;
    /** The most lines of the next part of A to be fetched in a step. */
    private static final int MAX_FETCHED_OF_A = 8;

    /** Rows of the output, and of what its epilogue reads, between the one that is finished and the one that is fetched. */
    private static final int ROWS_AHEAD = 16;

    private final MachineMatmul matmul;
    private final Matmul op;
    private final MachineKernels kernels;
    private final SectionPanels panels;
    private final OutputBlock output;
    private final Rows whole;
    private final Rows last;
    /** Panels of B whose sums wait together. */
    private final int group;

    BlockProduct(MachineMatmul matmul, SectionPanels panels, OutputBlock output) {
        this.matmul = matmul;
        this.panels = panels;
        this.output = output;
        op = matmul.op;
        kernels = matmul.kernels;
        int count = output.rows() / matmul.panelRows;
        int rest = output.rows() % matmul.panelRows;
        int lines = (int) (kernels.bytesOfB(1) / Tiles.ROW);
        int wanted = count == 0 ? 0 : Integer.highestOneBit(2 * Math.ceilDiv(lines, count) - 1);
        int fetched = Math.min(Integer.highestOneBit(lines / FEW_PANELS), wanted);
        int all = Math.ceilDiv(output.columns(), kernels.columns());
        boolean waiting = matmul.finish != null && op.k() > matmul.part;
        long room = WAITING_BYTES / ((count + 1L) * PanelCall.BLOCK);
        group = waiting ? Math.ceilDiv(all, Math.ceilDiv(all, Math.clamp(room, 1, all))) : all;
        whole = new Rows(matmul.panelRows, count, 0, fetched);
        last = new Rows(rest, rest == 0 ? 0 : 1, count, 0);
    }

    long scratchBytes() {
        long blocks = matmul.finish == null ? 0 : op.k() > matmul.part ? group * (whole.count + 1L) : 1;
        return 2 * PanelCall.BYTES + blocks * PanelCall.BLOCK;
    }

    /** @param scratch {@link #scratchBytes} bytes */
    void run(long scratch) {
        whole.call = scratch;
        last.call = scratch + PanelCall.BYTES;
        matmul.putConstants(whole.call);
        matmul.putConstants(last.call);
        int columns = group * kernels.columns();
        for (int first = 0; first < output.columns(); first += columns) {
            int end = Math.min(first + columns, output.columns());
            int from = 0;
            do {
                for (int column = first; column < end; column += kernels.columns()) {
                    Step step = new Step(
                            column, (column - first) / kernels.columns(), from, following(first, end, column, from));
                    whole.multiply(step, scratch + 2 * PanelCall.BYTES);
                    last.multiply(step, scratch + 2 * PanelCall.BYTES);
                }
                from += matmul.part;
            } while (from < op.k());
        }
    }

    /** What is multiplied after a part of k of a panel of a group: the next panel, the next part of the first one, or the next group. */
    private Place following(int first, int end, int column, int from) {
        int next = column + kernels.columns();
        if (next < end) {
            return new Place(next, from);
        }
        if (from + matmul.part < op.k()) {
            return new Place(first, from + matmul.part);
        }
        return new Place(Math.min(end, output.columns() - 1) / kernels.columns() * kernels.columns(), 0);
    }

    /** A column in the block, and a k. */
    private record Place(int column, int k) {}

    /**
     * A part of k of a panel of B.
     *
     * @param column its first column in the block
     * @param inGroup its number
     * @param from its first k
     * @param next where the next one begins
     */
    private record Step(int column, int inGroup, int from, Place next) {}

    /** Panels of A of the same number of rows, one behind the other. */
    private final class Rows {
        final int rows;
        final int count;
        final int number;
        final int fetched;
        /** Lines of the next part of a panel of A in a step, which all panels of B of a group share. */
        final int fetchedOfA;

        long call;
        private int width;
        private MachineFunction[] functions = {};

        /**
         * @param number of the first panel
         * @param fetched lines of the next panel of B in a step
         */
        Rows(int rows, int count, int number, int fetched) {
            this.rows = rows;
            this.count = count;
            this.number = number;
            this.fetched = fetched;
            int lines = (int) (kernels.bytesOfA(Math.max(1, rows), 1) / Tiles.ROW);
            fetchedOfA = Math.min(MAX_FETCHED_OF_A, Math.ceilDiv(lines, group));
        }

        void multiply(Step step, long blocks) {
            if (count == 0) {
                return;
            }
            int from = step.from;
            shape(Math.min(kernels.columns(), output.columns() - step.column));
            int k = Math.min(matmul.part, op.k() - from);
            int steps = Tiles.steps(k);
            int batch = output.batch();
            int row = output.row() + number * matmul.panelRows;
            long offsetOfB = from == 0 ? 0 : kernels.bytesOfB(from / Tiles.STEP);
            set(PanelCall.A, panels.ofA(batch, row) + (from == 0 ? 0 : kernels.bytesOfA(rows, from / Tiles.STEP)));
            set(PanelCall.A_PANEL, kernels.bytesOfA(rows, Tiles.steps(op.k())));
            set(PanelCall.B, panels.ofB(batch, output.column() + step.column) + offsetOfB);
            Place next = step.next;
            set(
                    PanelCall.NEXT,
                    panels.ofB(batch, output.column() + next.column)
                            + (next.k == 0 ? 0 : kernels.bytesOfB(next.k / Tiles.STEP)));
            long fetchedBefore = (long) step.inGroup * steps * fetchedOfA * Tiles.ROW;
            set(PanelCall.NEXT_PART, kernels.bytesOfA(rows, steps) + fetchedBefore);
            PanelCall.steps(call, steps, kernels.bytesOfB(1));
            set(PanelCall.PANELS, count);
            if (matmul.finish == null) {
                sumInOutput(step, row);
            } else {
                sumInBlocks(step, row, blocks);
            }
            functions[from + k < op.k() ? 0 : 1].call(call);
        }

        private void shape(int columns) {
            if (columns == width) {
                return;
            }
            width = columns;
            PanelCall.shape(call, rows, width);
            int vectors = Math.ceilDiv(width, Tiles.LANES);
            functions = new MachineFunction[] {
                kernels.panel(new PanelShape(rows, vectors, fetched, fetchedOfA, null, false, 0)),
                kernels.panel(new PanelShape(
                        rows,
                        vectors,
                        fetched,
                        0,
                        matmul.finish,
                        op.epilogue().panels() != null,
                        matmul.packed == null ? 0 : matmul.packed.format().parts()))
            };
        }

        /** Sums begin as what is added, later parts of k as the sums of earlier ones. */
        private void sumInOutput(Step step, int row) {
            BlockEpilogue epilogue = matmul.epilogue;
            int column = output.column() + step.column;
            long c = epilogue.output(output.batch(), row, column);
            long add = step.from > 0 ? c : epilogue.addend(output.batch(), row, column);
            sum(c, op.n() * 4L, rows * op.n() * 4L, add, step.from > 0 ? op.n() * 4L : epilogue.addendRow());
        }

        private void sumInBlocks(Step step, int row, long blocks) {
            BlockEpilogue epilogue = matmul.epilogue;
            int column = output.column() + step.column;
            boolean waiting = op.k() > matmul.part;
            long block = blocks;
            if (waiting) {
                block += (step.inGroup * (whole.count + 1L) + number) * PanelCall.BLOCK;
            }
            boolean first = step.from == 0;
            sum(
                    block,
                    PanelCall.BLOCK_ROW,
                    waiting ? PanelCall.BLOCK : 0,
                    first ? 0 : block,
                    first ? 0 : PanelCall.BLOCK_ROW);
            set(PanelCall.ADD_PANEL, first ? 0 : PanelCall.BLOCK);
            RowPanels packed = matmul.packed;
            if (packed == null) {
                set(PanelCall.OUT, epilogue.output(output.batch(), row, column));
            } else {
                set(PanelCall.OUT, matmul.out + packed.offset(row, column, 0));
                set(PanelCall.OUT_PANEL, packed.panel(matmul.panelRows) / matmul.panelRows * rows);
            }
            set(PanelCall.OUT_ROW, op.n() * 4L);
            set(PanelCall.AHEAD, ROWS_AHEAD * op.n() * 4L);
            for (int e = 0; e < op.epilogue().extras().size(); e++) {
                set(
                        PanelCall.EXTRAS + e * Long.BYTES,
                        op.epilogue().packs(e)
                                ? epilogue.extra(e, 0, 0, 0) - matmul.out
                                : epilogue.extra(e, output.batch(), row, column));
            }
        }

        private void sum(long c, long rowOfC, long panelOfC, long add, long rowOfAdd) {
            set(PanelCall.C, c);
            set(PanelCall.C_ROW, rowOfC);
            set(PanelCall.C_PANEL, panelOfC);
            set(PanelCall.ADD, add);
            set(PanelCall.ADD_ROW, rowOfAdd);
            set(PanelCall.ADD_PANEL, rows * rowOfAdd);
        }

        private void set(int field, long value) {
            PanelCall.set(call, field, value);
        }
    }
}

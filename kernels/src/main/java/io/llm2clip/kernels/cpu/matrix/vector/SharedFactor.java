package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.cpu.matrix.Section;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.RowPanels;

/** A factor of a section that is packed before the tasks, in pieces, each a task of its own: of a part of k of some rows or columns. */
abstract sealed class SharedFactor {
    final Section section;
    final Matmul op;
    final int part;
    final int parts;
    final long memory;

    private SharedFactor(Section section, Matmul op, int part, long memory) {
        this.section = section;
        this.op = op;
        this.part = part;
        parts = Math.max(1, Math.ceilDiv(op.k(), Math.max(1, part)));
        this.memory = memory;
    }

    /** How much memory the packed factor takes. */
    abstract long bytes();

    abstract void pack(Workers workers);

    /** Rows of A. */
    static final class Rows extends SharedFactor {
        final TiledRows tiles;
        private final FloatCode code;
        private final long address;
        private final int unit;

        Rows(Section section, Matmul op, long address, FloatGrid grid, FloatCode code, long memory) {
            super(section, op, grid.part(), memory);
            this.code = code;
            this.address = address;
            unit = grid.unit();
            int height = Math.min(grid.tile(), section.rows());
            RowPanels panels = new RowPanels(section.rows(), op.k(), height, RowPanels.Format.F32);
            tiles = new TiledRows(panels, memory, section.batch(), section.row());
        }

        @Override
        long bytes() {
            return tiles.bytes(section.batches());
        }

        @Override
        void pack(Workers workers) {
            int units = Math.ceilDiv(section.rows(), unit);
            int pieces = Math.multiplyExact(section.batches(), Math.multiplyExact(units, parts));
            MatrixOperand a = op.a();
            workers.parallel(pieces, (number, worker) -> {
                int from = number % parts * part;
                int row = section.row() + number / parts % units * unit;
                int batch = section.batch() + number / parts / units;
                int rows = Math.min(unit, section.row() + section.rows() - row);
                long first = address + a.index(batch, row, from) * 4;
                code.packRows(
                        a.transposed(),
                        first,
                        a.leadingDimension() * 4L,
                        rows,
                        Math.min(part, op.k() - from),
                        tiles.at(batch, row, from),
                        workers.scratch(worker, FloatCode.CALL_BYTES));
            });
        }
    }

    /** Columns of B, {@code [matrix][part][panel]}. */
    static final class Columns extends SharedFactor implements PanelSource {
        /** Panels of a piece: B is read in rows of their columns. */
        private static final int PANELS = 8;

        private final PanelSource stored;

        Columns(Section section, Matmul op, PanelSource stored, int part, long memory) {
            super(section, op, part, memory);
            this.stored = stored;
        }

        private int columns() {
            return PackedB.padded(section.columns());
        }

        @Override
        long bytes() {
            return PackedB.bytes(op.k(), columns()) * section.batches();
        }

        private long at(int batch, int from, int k, int column) {
            long matrix = (batch - section.batch()) * PackedB.bytes(op.k(), columns());
            return memory + matrix + PackedB.bytes(from, columns()) + 4L * k * (column - section.column());
        }

        @Override
        void pack(Workers workers) {
            int width =
                    Math.clamp(columns() / MicroKernel.COLUMNS / workers.threads(), 1, PANELS) * MicroKernel.COLUMNS;
            int groups = Math.ceilDiv(section.columns(), width);
            int pieces = Math.multiplyExact(section.batches(), Math.multiplyExact(groups, parts));
            workers.parallel(pieces, (number, worker) -> {
                int from = number % parts * part;
                int column = section.column() + number / parts % groups * width;
                int batch = section.batch() + number / parts / groups;
                int k = Math.min(part, op.k() - from);
                int some = Math.min(width, section.column() + section.columns() - column);
                long scratch = workers.scratch(worker, stored.scratchBytes(k, some));
                stored.panels(batch, from, k, column, some, at(batch, from, k, column), scratch);
            });
        }

        @Override
        public PackedB panels(int batch, int from, int k, int column, int columns, long to, long scratch) {
            return new PackedB(at(batch, from, k, column), PackedB.bytes(k, MicroKernel.COLUMNS));
        }

        @Override
        public long scratchBytes(int k, int columns) {
            return 0;
        }

        @Override
        public boolean copies() {
            return false;
        }
    }
}

package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.matrix.f32.FloatCode;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.cpu.simd.Widening;
import io.llm2clip.kernels.operations.MatrixOperand;

/** Panels of a B that is stored by rows, of any format: packed in each call, and widened to f32 on the way. */
record StridedPanels(MatrixOperand b, long address) implements PanelSource {

    @Override
    public PackedB panels(int batch, int from, int k, int column, int columns, long to, long scratch) {
        long first = b.index(batch, from, column);
        if (b.format() == DType.F32) {
            return PackedB.pack(b.transposed(), address + first * 4, rowBytes(), k, columns, to, scratch);
        }
        FloatCode code = FloatCode.ofThisProcess(Vectors.LANES);
        if (code != null && code.widens(b.format(), b.transposed(), columns, k)) {
            long panelBytes = PackedB.bytes(k, MicroKernel.COLUMNS);
            long source = address + b.format().bytes(first);
            code.packColumns(b.format(), b.transposed(), source, rowBytes(), columns, k, to, panelBytes, scratch);
            return new PackedB(to, panelBytes);
        }
        long widened = scratch + FloatCode.CALL_BYTES;
        if (!b.transposed()) {
            widen(first, k, columns, widened);
            return PackedB.pack(false, widened, columns * 4L, k, columns, to, scratch);
        }
        return PackedB.each(k, columns, to, (lane, some, panel) -> {
            widen(first + (long) lane * b.leadingDimension(), some, k, widened);
            PackedB.pack(true, widened, k * 4L, k, some, panel, scratch);
        });
    }

    private long rowBytes() {
        return b.format().bytes((long) b.leadingDimension());
    }

    private void widen(long first, int rows, int length, long to) {
        int skip = (int) (first % b.format().blockSize());
        for (int row = 0; row < rows; row++) {
            long source = address + b.format().bytes(first - skip + (long) row * b.leadingDimension());
            Widening.toFloats(b.format(), source, skip, length, to + row * (length * 4L));
        }
    }

    @Override
    public long scratchBytes(int k, int columns) {
        return FloatCode.CALL_BYTES + (b.format() == DType.F32 ? 0 : 4L * k * widened(columns) + Vectors.BYTES);
    }

    /** Rows that are transposed are widened a panel at a time, and stay in cache. */
    private int widened(int columns) {
        return b.transposed() ? MicroKernel.COLUMNS : columns;
    }

    @Override
    public boolean copies() {
        return true;
    }
}

package io.llm2clip.kernels.cpu.matrix.vector;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.cpu.simd.Widening;
import io.llm2clip.kernels.operations.MatrixOperand;

/** Panels of a B that is stored by rows, of any format: packed in each call, and widened to f32 on the way. */
record StridedPanels(MatrixOperand b, long address) implements PanelSource {

    @Override
    public PackedB panel(int batch, int from, int k, int column, int columns, long scratch) {
        if (b.format() == DType.F32) {
            long source = address + b.index(batch, from, column) * 4;
            return PackedB.of(b.transposed(), source, b.leadingDimension() * 4L, k, columns, scratch);
        }
        int rows = b.transposed() ? columns : k;
        int length = b.transposed() ? k : columns;
        long first = b.index(batch, from, column);
        int skip = (int) (first % b.format().blockSize());
        long widened = scratch + PackedB.scratchBytes(k, MicroKernel.COLUMNS);
        long rowBytes = length * 4L;
        for (int row = 0; row < rows; row++) {
            long source = address + b.format().bytes(first - skip + (long) row * b.leadingDimension());
            Widening.toFloats(b.format(), source, skip, length, widened + row * rowBytes);
        }
        return PackedB.of(b.transposed(), widened, rowBytes, k, columns, scratch);
    }

    @Override
    public long scratchBytes(int k) {
        long panel = PackedB.scratchBytes(k, MicroKernel.COLUMNS);
        return b.format() == DType.F32 ? panel : panel + 4L * k * MicroKernel.COLUMNS + Vectors.BYTES;
    }

    @Override
    public boolean copies() {
        return true;
    }
}

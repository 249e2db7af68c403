package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.MatrixOperand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.tensor.WeightLayout;
import java.lang.foreign.MemorySegment;
import java.util.Optional;
import java.util.function.Supplier;

/** The layout in which kernels of the CPU read a weight. */
record HostLayout(Packing packing, Supplier<Workers> workers) implements WeightLayout {
    /** One part in so many of what rows take is the most that padding may add. */
    private static final int PART = 8;

    /** Nothing where kernels read rows, or where a matrix of few rows would be padded to much more. */
    static Optional<WeightLayout> of(DType format, int n, int k, Supplier<Workers> workers) {
        if (n == 0 || k == 0 || k % format.blockSize() != 0) {
            return Optional.empty();
        }
        Packing packing = CpuKernels.storage(format, n, k);
        long rows = format.bytes((long) n * k);
        return packing == null || packing.bytes() > rows + rows / PART
                ? Optional.empty()
                : Optional.of(new HostLayout(packing, workers));
    }

    @Override
    public void pack(int first, int count, MemorySegment rows, MemorySegment packed) {
        int columns = packing.panelColumns();
        long panelBytes = packing.bytes() / Math.ceilDiv(packing.n(), columns);
        long bytes = panelBytes * Math.ceilDiv(count, columns);
        Packing part = new Packing(packing.unit(), packing.format(), count, packing.k(), columns, bytes);
        MatrixOperand operand = MatrixOperand.dense(packing.format(), true, packing.k(), count);
        MemorySegment target = packed.asSlice(first / columns * panelBytes, bytes);
        CpuKernels.pack(part, operand, rows, target, workers.get());
    }

    @Override
    public void unpack(MemorySegment packed, MemorySegment rows) {
        CpuKernels.unpack(packing, packed, rows, workers.get());
    }
}

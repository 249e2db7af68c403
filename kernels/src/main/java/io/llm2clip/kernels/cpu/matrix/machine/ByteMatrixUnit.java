package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.function.Supplier;

/** Matmul of quantized weights as the bytes that they are, by rows of A that are quantized in each call. */
final class ByteMatrixUnit extends MachineMatrixUnit {
    private static final Set<DType> FORMATS_OF_B = Set.of(DType.Q8, DType.Q4, DType.Q4_1);

    private final ByteKernel kernel;

    private ByteMatrixUnit(String name, ByteKernel kernel, Supplier<MachineCode> machine) {
        super(name, kernel.feature(), MatrixPrecision.INT8, machine);
        this.kernel = kernel;
    }

    static ByteMatrixUnit amx(Supplier<MachineCode> machine) {
        return new ByteMatrixUnit("amx", new AmxByteKernel(), machine);
    }

    static ByteMatrixUnit avx512(Supplier<MachineCode> machine) {
        return new ByteMatrixUnit("avx512", new Avx512ByteKernel(), machine);
    }

    static ByteMatrixUnit avxVnni(Supplier<MachineCode> machine) {
        return new ByteMatrixUnit("avxvnni", new Avx2ByteKernel(true), machine);
    }

    static ByteMatrixUnit avx2(Supplier<MachineCode> machine) {
        return new ByteMatrixUnit("avx2", new Avx2ByteKernel(false), machine);
    }

    @Override
    Set<DType> formats() {
        return FORMATS_OF_B;
    }

    /** Blocks of both must go along k. */
    @Override
    boolean stored(Matmul op) {
        return !op.a().transposed() && op.b().transposed();
    }

    @Override
    boolean readsInEpilogue(RowPanels panels) {
        return false;
    }

    @Override
    String layout() {
        return BlockPanels.LAYOUT;
    }

    @Override
    int columns() {
        return BlockPanels.COLUMNS;
    }

    @Override
    long panelBytes(DType format, int steps) {
        return BlockPanels.panelBytes(format, steps);
    }

    @Override
    public boolean unpacks(Packing packing) {
        return packs(packing);
    }

    @Override
    public void unpack(Packing packing, MemorySegment from, MemorySegment to, Workers workers) {
        BlockPanels.unpack(packing, from, to, workers);
    }

    @Override
    DType multiplied(DType format) {
        return format;
    }

    @Override
    MachineKernels kernels(DType format, CodeSpace space) {
        return new ByteKernels(kernel, format, space);
    }
}

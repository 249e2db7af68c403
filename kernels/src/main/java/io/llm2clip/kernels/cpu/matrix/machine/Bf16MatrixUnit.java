package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.CodeSpace;
import io.llm2clip.kernels.cpu.machine.MachineCode;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.operations.Matmul;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Matmul in bf16, or in three products of it. Quantized weights are left to other units: in bf16 they would take two or four times their
 * memory.
 */
final class Bf16MatrixUnit extends MachineMatrixUnit {
    private static final Set<DType> FORMATS_OF_B = Set.of(DType.F32, DType.BF16, DType.F16);

    private final Bf16Kernel kernel;
    private final int parts;

    private Bf16MatrixUnit(String name, Bf16Kernel kernel, MatrixPrecision precision, Supplier<MachineCode> machine) {
        super(name, kernel.feature(), precision, machine);
        this.kernel = kernel;
        parts = precision == MatrixPrecision.BF16X3 ? 2 : 1;
    }

    static Bf16MatrixUnit amx(MatrixPrecision precision, Supplier<MachineCode> machine) {
        return new Bf16MatrixUnit("amx", new AmxKernel(), precision, machine);
    }

    static Bf16MatrixUnit avx512(MatrixPrecision precision, Supplier<MachineCode> machine) {
        return new Bf16MatrixUnit("avx512", new Avx512Kernel(), precision, machine);
    }

    @Override
    Set<DType> formats() {
        return FORMATS_OF_B;
    }

    @Override
    boolean stored(Matmul op) {
        return true;
    }

    @Override
    String layout() {
        return "tiles-" + precision();
    }

    @Override
    int columns() {
        return Tiles.COLUMNS;
    }

    @Override
    long panelBytes(DType format, int steps) {
        return Tiles.bytes(Tiles.COLUMNS, steps, parts);
    }

    /** All are widened to it before they are rounded. */
    @Override
    DType multiplied(DType format) {
        return DType.F32;
    }

    @Override
    MachineKernels kernels(DType format, CodeSpace space) {
        return new Bf16Kernels(kernel, parts, space);
    }
}

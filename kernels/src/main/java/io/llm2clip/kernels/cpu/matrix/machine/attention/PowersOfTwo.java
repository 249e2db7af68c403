package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Lanes;

/**
 * Powers of two of exponents that are at most 0, minus infinity or NaN: a polynomial of what they have above or below the nearest integers, scaled
 * by two to the power of these. RDI is the {@link BlockCall}.
 */
abstract sealed class PowersOfTwo permits PowersOfTwo256, PowersOfTwo512 {
    final Lanes lanes;
    final SoftmaxRegisters registers;

    PowersOfTwo(Lanes lanes, SoftmaxRegisters registers) {
        this.lanes = lanes;
        this.registers = registers;
    }

    static PowersOfTwo of(Assembler a, BlockShape shape, SoftmaxRegisters registers) {
        Lanes lanes = shape.lanes(a);
        return switch (shape.width()) {
            case AVX512 -> new PowersOfTwo512(a, lanes, registers);
            case AVX2 -> new PowersOfTwo256(lanes, registers);
        };
    }

    /** Loads what stays in registers. */
    void constants() {
        for (int i = 0; i < SoftmaxRegisters.COEFFICIENTS; i++) {
            lanes.broadcast(registers.coefficient(i), at(RDI, BlockCall.COEFFICIENTS + (i + 1) * Float.BYTES));
        }
    }

    /** Powers of the fractions of exponents, which become what these are to be scaled by. */
    final void unscaled(VectorGroup group) {
        split(group);
        group.forEach(v -> lanes.broadcast(registers.power(v), at(RDI, BlockCall.COEFFICIENTS)));
        for (int i = 0; i < SoftmaxRegisters.COEFFICIENTS; i++) {
            int coefficient = registers.coefficient(i);
            group.forEach(v -> lanes.multiplyThenAdd(registers.power(v), registers.fraction(v), coefficient));
        }
    }

    /** Exponents to fractions, from -1/2 to 1/2, and what their powers are to be scaled by. */
    abstract void split(VectorGroup group);

    /** Powers as they are to be, after {@link #unscaled}. */
    abstract void scale(int to, int vector);
}

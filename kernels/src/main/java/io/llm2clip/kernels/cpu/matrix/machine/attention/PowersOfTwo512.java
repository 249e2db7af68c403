package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.Zmm;

/** By the instructions that AVX-512 has for this. */
final class PowersOfTwo512 extends PowersOfTwo {
    private final Assembler a;

    PowersOfTwo512(Assembler a, Lanes lanes, SoftmaxRegisters registers) {
        super(lanes, registers);
        this.a = a;
    }

    @Override
    void split(VectorGroup group) {
        group.forEach(v -> a.vreducepsNearest(new Zmm(registers.fraction(v)), new Zmm(registers.exponent(v))));
        group.forEach(v -> lanes.subtract(registers.exponent(v), registers.exponent(v), registers.fraction(v)));
    }

    @Override
    void scale(int to, int vector) {
        a.vscalefps(new Zmm(to), new Zmm(registers.power(vector)), new Zmm(registers.exponent(vector)));
    }
}

package io.llm2clip.kernels.cpu.matrix.machine.attention;

import static io.llm2clip.kernels.cpu.machine.Address.at;
import static io.llm2clip.kernels.cpu.machine.Gpr.RDI;

import io.llm2clip.kernels.cpu.machine.Lanes;

/**
 * By a number so large that floats beside it are the integers: the lowest bits of a sum with it are the exponent of the power that an integer stands
 * for. Powers of less than the least exponent, for which these bits are 0, are 0.
 */
final class PowersOfTwo256 extends PowersOfTwo {
    static final float LEAST = -127;
    static final float ROUNDING = 0x1.8p23f + 127;

    private static final int MANTISSA_BITS = 23;

    PowersOfTwo256(Lanes lanes, SoftmaxRegisters registers) {
        super(lanes, registers);
    }

    @Override
    void constants() {
        super.constants();
        lanes.broadcast(registers.leastExponent(), at(RDI, BlockCall.LEAST_EXPONENT));
        lanes.broadcast(registers.rounding(), at(RDI, BlockCall.ROUNDING));
    }

    @Override
    void split(VectorGroup group) {
        group.forEach(v -> {
            int exponent = registers.exponent(v);
            int fraction = registers.fraction(v);
            int sum = registers.power(v);
            // NaN stays NaN.
            lanes.maximum(exponent, registers.leastExponent(), exponent);
            lanes.add(sum, exponent, registers.rounding());
            lanes.subtract(fraction, sum, registers.rounding());
            lanes.subtract(fraction, exponent, fraction);
            lanes.shiftLeft(exponent, sum, MANTISSA_BITS);
        });
    }

    @Override
    void scale(int to, int vector) {
        lanes.multiply(to, registers.power(vector), registers.exponent(vector));
    }
}

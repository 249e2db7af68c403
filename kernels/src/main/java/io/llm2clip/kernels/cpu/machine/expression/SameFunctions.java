package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.expression.Constants.Polynomial;

/** The functions of {@code VectorMath}, operation by operation, so that results have its bits. */
final class SameFunctions extends Functions {
    SameFunctions(SideBySide vectors, int free) {
        super(vectors, free);
    }

    @Override
    void exp(int[] to, int[] x) {
        int[] rest = first;
        int[] exponent = second;
        clamp(rest, x, Constants.EXP_LEAST, Constants.EXP_MOST);
        // Adding the rounder leaves an integer in the low bits of the sum.
        vectors.each(v -> vectors.load(exponent[v], Constants.ROUNDER));
        vectors.with(Constants.LOG2_E, (v, c) -> lanes.multiplyAdd(exponent[v], rest[v], c));
        vectors.with(Constants.ROUNDER, (v, c) -> lanes.subtract(to[v], exponent[v], c));
        vectors.with(Constants.LN2_HIGH, (v, c) -> lanes.multiplyAdd(rest[v], to[v], c));
        vectors.with(Constants.LN2_LOW, (v, c) -> lanes.multiplyAdd(rest[v], to[v], c));
        // The last two coefficients are 1, in another order.
        polynomial(to, rest, new Polynomial(Constants.EXP.first(), Constants.EXP.count() - 2));
        vectors.each(v -> lanes.multiply(third[v], rest[v], rest[v]));
        vectors.each(v -> lanes.multiplyThenAdd(to[v], third[v], rest[v]));
        vectors.with(Constants.ONE, (v, c) -> lanes.add(to[v], to[v], c));
        // Half the power of two, whose exponent reaches from 0 to the overflow of the doubled product.
        vectors.with(Constants.HALF_EXPONENT, (v, c) -> lanes.addIntegers(exponent[v], exponent[v], c));
        vectors.each(v -> lanes.shiftLeft(exponent[v], exponent[v], 23));
        vectors.each(v -> lanes.multiply(to[v], to[v], exponent[v]));
        vectors.each(v -> lanes.add(to[v], to[v], to[v]));
    }

    @Override
    void sigmoid(int[] to, int[] x) {
        vectors.with(Constants.SIGN, (v, c) -> lanes.xor(third[v], x[v], c));
        exp(to, third);
        vectors.with(Constants.ONE, (v, c) -> lanes.add(to[v], to[v], c));
        vectors.with(Constants.ONE, (v, c) -> lanes.divide(to[v], c, to[v]));
    }

    @Override
    void divide(int[] to, int[] by, int[] temporary) {
        vectors.each(v -> lanes.divide(to[v], to[v], by[v]));
    }
}

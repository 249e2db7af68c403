package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Gpr;
import io.llm2clip.kernels.cpu.machine.Lanes512;

/**
 * Functions with a relative error of about 1e-7: the approximations of {@code VectorMath}, but for quotients, which are products by inverses that
 * one Newton step makes as exact.
 */
final class FastFunctions extends Functions {
    private final Lanes512 wide;

    FastFunctions(Lanes512 wide, int count, Gpr table, int offset, int free) {
        super(new SideBySide(wide, count, table, offset), free);
        this.wide = wide;
    }

    @Override
    void exp(int[] to, int[] x) {
        exp(to, x, Constants.EXP_LEAST, Constants.EXP_MOST);
    }

    /** By the nearest power of two and a polynomial of the rest. */
    private void exp(int[] to, int[] x, int least, int most) {
        int[] rest = first;
        int[] exponent = second;
        clamp(rest, x, least, most);
        vectors.with(Constants.LOG2_E, (v, c) -> lanes.multiply(exponent[v], rest[v], c));
        vectors.each(v -> wide.round(exponent[v], exponent[v]));
        vectors.with(Constants.LN2_HIGH, (v, c) -> lanes.multiplyAdd(rest[v], exponent[v], c));
        vectors.with(Constants.LN2_LOW, (v, c) -> lanes.multiplyAdd(rest[v], exponent[v], c));
        polynomial(to, rest, Constants.EXP);
        vectors.each(v -> wide.scale(to[v], to[v], exponent[v]));
    }

    @Override
    void sigmoid(int[] to, int[] x) {
        vectors.with(Constants.SIGN, (v, c) -> lanes.xor(third[v], x[v], c));
        exp(to, third, Constants.SIGMOID_LEAST, Constants.SIGMOID_MOST);
        vectors.with(Constants.ONE, (v, c) -> lanes.add(first[v], to[v], c));
        inverse(to, first);
    }

    @Override
    void divide(int[] to, int[] by, int[] temporary) {
        inverse(temporary, by);
        vectors.each(v -> lanes.multiply(to[v], to[v], temporary[v]));
    }

    /** Of numbers whose inverses are not infinite; what they are in is overwritten. */
    private void inverse(int[] to, int[] x) {
        vectors.each(v -> wide.approximateInverse(to[v], x[v]));
        vectors.with(Constants.TWO, (v, c) -> wide.subtractProduct(x[v], to[v], c));
        vectors.each(v -> lanes.multiply(to[v], to[v], x[v]));
    }
}

package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Zmm;

/**
 * Functions with a relative error of about 1e-7: the approximations of {@code VectorMath}, but for quotients, which are products by inverses that
 * one Newton step makes as exact.
 */
final class FastFunctions extends Functions {
    FastFunctions(LaneCode lanes, Zmm[] first, Zmm[] second, Zmm[] third) {
        super(lanes, first, second, third);
    }

    @Override
    void exp(Zmm[] to, Zmm[] x) {
        exp(to, x, Constants.EXP_LEAST, Constants.EXP_MOST);
    }

    /** By the nearest power of two and a polynomial of the rest. */
    private void exp(Zmm[] to, Zmm[] x, int least, int most) {
        Zmm[] rest = first;
        Zmm[] exponent = second;
        clamp(rest, x, least, most);
        lanes.with(Constants.LOG2_E, (v, c) -> a.vmulps(exponent[v], rest[v], c));
        lanes.each(v -> a.vrndscalepsNearest(exponent[v], exponent[v]));
        lanes.with(Constants.LN2_HIGH, (v, c) -> a.vfmadd231ps(rest[v], exponent[v], c));
        lanes.with(Constants.LN2_LOW, (v, c) -> a.vfmadd231ps(rest[v], exponent[v], c));
        polynomial(to, rest, Constants.EXP);
        lanes.each(v -> a.vscalefps(to[v], to[v], exponent[v]));
    }

    @Override
    void sigmoid(Zmm[] to, Zmm[] x) {
        lanes.with(Constants.SIGN, (v, c) -> a.vpxord(third[v], x[v], c));
        exp(to, third, Constants.SIGMOID_LEAST, Constants.SIGMOID_MOST);
        lanes.with(Constants.ONE, (v, c) -> a.vaddps(first[v], to[v], c));
        inverse(to, first);
    }

    @Override
    void divide(Zmm[] to, Zmm[] by, Zmm[] temporary) {
        inverse(temporary, by);
        lanes.each(v -> a.vmulps(to[v], to[v], temporary[v]));
    }

    /** Of numbers whose inverses are not infinite; what they are in is overwritten. */
    private void inverse(Zmm[] to, Zmm[] x) {
        lanes.each(v -> a.vrcp14ps(to[v], x[v]));
        lanes.with(Constants.TWO, (v, c) -> a.vfnmadd213ps(x[v], to[v], c));
        lanes.each(v -> a.vmulps(to[v], to[v], x[v]));
    }
}

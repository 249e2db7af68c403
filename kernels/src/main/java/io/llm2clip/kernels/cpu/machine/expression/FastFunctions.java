package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.machine.expression.Constants.Polynomial;

/**
 * Functions with a relative error of about 1e-7: the approximations of {@code VectorMath}, but for quotients, which are products by inverses that
 * one Newton step makes as exact.
 */
final class FastFunctions implements Functions {
    private final LaneCode lanes;
    private final Assembler a;
    private final Zmm[] first;
    private final Zmm[] second;
    private final Zmm[] third;

    FastFunctions(LaneCode lanes, Zmm[] first, Zmm[] second, Zmm[] third) {
        this.lanes = lanes;
        this.a = lanes.assembler();
        this.first = first;
        this.second = second;
        this.third = third;
    }

    @Override
    public void exp(Zmm[] to, Zmm[] x) {
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
    public void sigmoid(Zmm[] to, Zmm[] x) {
        lanes.with(Constants.SIGN, (v, c) -> a.vpxord(third[v], x[v], c));
        exp(to, third, Constants.SIGMOID_LEAST, Constants.SIGMOID_MOST);
        lanes.with(Constants.ONE, (v, c) -> a.vaddps(first[v], to[v], c));
        inverse(to, first);
    }

    @Override
    public void tanh(Zmm[] to, Zmm[] x) {
        quotient(to, x, Constants.TANH_LEAST, Constants.TANH_MOST, Constants.TANH_UPPER, Constants.TANH_LOWER);
    }

    @Override
    public void erf(Zmm[] to, Zmm[] x) {
        quotient(to, x, Constants.ERF_LEAST, Constants.ERF_MOST, Constants.ERF_UPPER, Constants.ERF_LOWER);
    }

    /** Of x within bounds, x times the quotient of two polynomials of its square. */
    private void quotient(Zmm[] to, Zmm[] x, int least, int most, Polynomial upper, Polynomial lower) {
        clamp(first, x, least, most);
        lanes.each(v -> a.vmulps(second[v], first[v], first[v]));
        polynomial(to, second, upper);
        lanes.each(v -> a.vmulps(first[v], first[v], to[v]));
        polynomial(third, second, lower);
        inverse(to, third);
        lanes.each(v -> a.vmulps(to[v], to[v], first[v]));
    }

    /** A NaN stays one. */
    private void clamp(Zmm[] to, Zmm[] x, int least, int most) {
        lanes.with(least, (v, c) -> a.vmaxps(to[v], c, x[v]));
        lanes.with(most, (v, c) -> a.vminps(to[v], c, to[v]));
    }

    private void polynomial(Zmm[] to, Zmm[] x, Polynomial polynomial) {
        lanes.each(v -> lanes.load(to[v], polynomial.first()));
        for (int i = 1; i < polynomial.count(); i++) {
            lanes.with(polynomial.first() + i, (v, c) -> a.vfmadd213ps(to[v], x[v], c));
        }
    }

    /** Of numbers whose inverses are not infinite; what they are in is overwritten. */
    private void inverse(Zmm[] to, Zmm[] x) {
        lanes.each(v -> a.vrcp14ps(to[v], x[v]));
        lanes.with(Constants.TWO, (v, c) -> a.vfnmadd213ps(x[v], to[v], c));
        lanes.each(v -> a.vmulps(to[v], to[v], x[v]));
    }
}

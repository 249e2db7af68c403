package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.machine.expression.Constants.Polynomial;

/** The functions of {@code VectorMath}, operation by operation, so that results have its bits. */
final class SameFunctions implements Functions {
    private final LaneCode lanes;
    private final Assembler a;
    private final Zmm[] first;
    private final Zmm[] second;
    private final Zmm[] third;

    SameFunctions(LaneCode lanes, Zmm[] first, Zmm[] second, Zmm[] third) {
        this.lanes = lanes;
        this.a = lanes.assembler();
        this.first = first;
        this.second = second;
        this.third = third;
    }

    @Override
    public void exp(Zmm[] to, Zmm[] x) {
        Zmm[] rest = first;
        Zmm[] exponent = second;
        clamp(rest, x, Constants.EXP_LEAST, Constants.EXP_MOST);
        // Adding the rounder leaves an integer in the low bits of the sum.
        lanes.each(v -> lanes.load(exponent[v], Constants.ROUNDER));
        lanes.with(Constants.LOG2_E, (v, c) -> a.vfmadd231ps(exponent[v], rest[v], c));
        lanes.with(Constants.ROUNDER, (v, c) -> a.vsubps(to[v], exponent[v], c));
        lanes.with(Constants.LN2_HIGH, (v, c) -> a.vfmadd231ps(rest[v], to[v], c));
        lanes.with(Constants.LN2_LOW, (v, c) -> a.vfmadd231ps(rest[v], to[v], c));
        // The last two coefficients are 1, in another order.
        polynomial(to, rest, new Polynomial(Constants.EXP.first(), Constants.EXP.count() - 2));
        lanes.each(v -> a.vmulps(third[v], rest[v], rest[v]));
        lanes.each(v -> a.vfmadd213ps(to[v], third[v], rest[v]));
        lanes.with(Constants.ONE, (v, c) -> a.vaddps(to[v], to[v], c));
        // Half the power of two, whose exponent reaches from 0 to the overflow of the doubled product.
        lanes.with(Constants.HALF_EXPONENT, (v, c) -> a.vpaddd(exponent[v], exponent[v], c));
        lanes.each(v -> a.vpslld(exponent[v], exponent[v], 23));
        lanes.each(v -> a.vmulps(to[v], to[v], exponent[v]));
        lanes.each(v -> a.vaddps(to[v], to[v], to[v]));
    }

    @Override
    public void sigmoid(Zmm[] to, Zmm[] x) {
        lanes.with(Constants.SIGN, (v, c) -> a.vpxord(third[v], x[v], c));
        exp(to, third);
        lanes.with(Constants.ONE, (v, c) -> a.vaddps(to[v], to[v], c));
        lanes.with(Constants.ONE, (v, c) -> a.vdivps(to[v], c, to[v]));
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
        polynomial(third, second, lower);
        lanes.each(v -> a.vdivps(to[v], to[v], third[v]));
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
}

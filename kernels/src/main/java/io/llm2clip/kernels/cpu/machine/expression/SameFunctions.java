package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.machine.expression.Constants.Polynomial;

/** The functions of {@code VectorMath}, operation by operation, so that results have its bits. */
final class SameFunctions extends Functions {
    SameFunctions(LaneCode lanes, Zmm[] first, Zmm[] second, Zmm[] third) {
        super(lanes, first, second, third);
    }

    @Override
    void exp(Zmm[] to, Zmm[] x) {
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
    void sigmoid(Zmm[] to, Zmm[] x) {
        lanes.with(Constants.SIGN, (v, c) -> a.vpxord(third[v], x[v], c));
        exp(to, third);
        lanes.with(Constants.ONE, (v, c) -> a.vaddps(to[v], to[v], c));
        lanes.with(Constants.ONE, (v, c) -> a.vdivps(to[v], c, to[v]));
    }

    @Override
    void divide(Zmm[] to, Zmm[] by, Zmm[] temporary) {
        lanes.each(v -> a.vdivps(to[v], to[v], by[v]));
    }
}

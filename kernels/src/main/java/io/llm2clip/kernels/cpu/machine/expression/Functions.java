package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Zmm;
import io.llm2clip.kernels.cpu.machine.expression.Constants.Polynomial;

/** Encodes elementary functions of vectors, by the approximations of {@code VectorMath}. A result is in other registers than what it is of. */
abstract sealed class Functions permits FastFunctions, SameFunctions {
    /** Operands that functions need beside the result's. */
    static final int TEMPORARIES = 3;

    final LaneCode lanes;
    final Assembler a;
    final Zmm[] first;
    final Zmm[] second;
    final Zmm[] third;

    Functions(LaneCode lanes, Zmm[] first, Zmm[] second, Zmm[] third) {
        this.lanes = lanes;
        this.a = lanes.assembler();
        this.first = first;
        this.second = second;
        this.third = third;
    }

    abstract void exp(Zmm[] to, Zmm[] x);

    abstract void sigmoid(Zmm[] to, Zmm[] x);

    /** Divides by what may be overwritten, as temporaries that are not an operand may. */
    abstract void divide(Zmm[] to, Zmm[] by, Zmm[] temporary);

    final void tanh(Zmm[] to, Zmm[] x) {
        quotient(to, x, Constants.TANH_LEAST, Constants.TANH_MOST, Constants.TANH_UPPER, Constants.TANH_LOWER);
    }

    final void erf(Zmm[] to, Zmm[] x) {
        quotient(to, x, Constants.ERF_LEAST, Constants.ERF_MOST, Constants.ERF_UPPER, Constants.ERF_LOWER);
    }

    /** Of x within bounds, x times the quotient of two polynomials of its square. */
    private void quotient(Zmm[] to, Zmm[] x, int least, int most, Polynomial upper, Polynomial lower) {
        clamp(first, x, least, most);
        lanes.each(v -> a.vmulps(second[v], first[v], first[v]));
        polynomial(to, second, upper);
        polynomial(third, second, lower);
        divide(to, third, second);
        lanes.each(v -> a.vmulps(to[v], to[v], first[v]));
    }

    /** A NaN stays one. */
    final void clamp(Zmm[] to, Zmm[] x, int least, int most) {
        lanes.with(least, (v, c) -> a.vmaxps(to[v], c, x[v]));
        lanes.with(most, (v, c) -> a.vminps(to[v], c, to[v]));
    }

    final void polynomial(Zmm[] to, Zmm[] x, Polynomial polynomial) {
        lanes.each(v -> lanes.load(to[v], polynomial.first()));
        for (int i = 1; i < polynomial.count(); i++) {
            lanes.with(polynomial.first() + i, (v, c) -> a.vfmadd213ps(to[v], x[v], c));
        }
    }
}

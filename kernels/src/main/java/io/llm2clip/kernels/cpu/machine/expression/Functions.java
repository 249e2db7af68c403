package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Lanes;
import io.llm2clip.kernels.cpu.machine.expression.Constants.Polynomial;

/** Encodes elementary functions of vectors, by the approximations of {@code VectorMath}. A result is in other registers than what it is of. */
abstract sealed class Functions permits FastFunctions, SameFunctions {
    /** Slots that functions need beside the result's and the operand's. */
    static final int TEMPORARIES = 3;

    final SideBySide vectors;
    final Lanes lanes;
    final int[] first;
    final int[] second;
    final int[] third;

    /** @param free the first of the slots that have nothing but what functions need meanwhile */
    Functions(SideBySide vectors, int free) {
        this.vectors = vectors;
        lanes = vectors.lanes();
        first = vectors.slot(free);
        second = vectors.slot(free + 1);
        third = vectors.slot(free + 2);
    }

    abstract void exp(int[] to, int[] x);

    abstract void sigmoid(int[] to, int[] x);

    /** Divides by what may be overwritten, as temporaries that are not an operand may. */
    abstract void divide(int[] to, int[] by, int[] temporary);

    final void tanh(int[] to, int[] x) {
        quotient(to, x, Constants.TANH_LEAST, Constants.TANH_MOST, Constants.TANH_UPPER, Constants.TANH_LOWER);
    }

    final void erf(int[] to, int[] x) {
        quotient(to, x, Constants.ERF_LEAST, Constants.ERF_MOST, Constants.ERF_UPPER, Constants.ERF_LOWER);
    }

    /** Of x within bounds, x times the quotient of two polynomials of its square. */
    private void quotient(int[] to, int[] x, int least, int most, Polynomial upper, Polynomial lower) {
        clamp(first, x, least, most);
        vectors.each(v -> lanes.multiply(second[v], first[v], first[v]));
        polynomial(to, second, upper);
        polynomial(third, second, lower);
        divide(to, third, second);
        vectors.each(v -> lanes.multiply(to[v], to[v], first[v]));
    }

    /** A NaN stays one. */
    final void clamp(int[] to, int[] x, int least, int most) {
        vectors.with(least, (v, c) -> lanes.maximum(to[v], c, x[v]));
        vectors.with(most, (v, c) -> lanes.minimum(to[v], c, to[v]));
    }

    final void polynomial(int[] to, int[] x, Polynomial polynomial) {
        vectors.each(v -> vectors.load(to[v], polynomial.first()));
        for (int i = 1; i < polynomial.count(); i++) {
            vectors.with(polynomial.first() + i, (v, c) -> lanes.multiplyThenAdd(to[v], x[v], c));
        }
    }
}

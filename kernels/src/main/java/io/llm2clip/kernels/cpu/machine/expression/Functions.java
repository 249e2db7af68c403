package io.llm2clip.kernels.cpu.machine.expression;

import io.llm2clip.kernels.cpu.machine.Zmm;

/** Encodes elementary functions of vectors. A result is in other registers than what it is of. */
interface Functions {
    /** Operands that functions need beside the result's. */
    int TEMPORARIES = 3;

    void exp(Zmm[] to, Zmm[] x);

    void sigmoid(Zmm[] to, Zmm[] x);

    void tanh(Zmm[] to, Zmm[] x);

    void erf(Zmm[] to, Zmm[] x);
}

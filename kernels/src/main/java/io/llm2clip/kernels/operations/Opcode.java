package io.llm2clip.kernels.operations;

/** Scalar operations of an {@link Expression}. */
public enum Opcode {
    /** The instruction's literal value; no operands. */
    CONSTANT(0),
    ADD(2),
    SUBTRACT(2),
    MULTIPLY(2),
    DIVIDE(2),
    MAXIMUM(2),
    MINIMUM(2),
    NEGATE(1),
    ABSOLUTE(1),
    EXP(1),
    /** Natural logarithm. */
    LOG(1),
    SQRT(1),
    /** 1 / sqrt(a). */
    RSQRT(1),
    TANH(1),
    /** Gauss error function. */
    ERF(1),
    /** 1 / (1 + exp(-a)). */
    SIGMOID(1),
    SIN(1),
    COS(1),
    /** 1 where a &gt; b, else 0. */
    GREATER(2),
    /** 1 where a == b, else 0. */
    EQUAL(2),
    /** b where a is not 0, else c. */
    SELECT(3);

    private final int arity;

    Opcode(int arity) {
        this.arity = arity;
    }

    /** Number of operands. */
    public int arity() {
        return arity;
    }

    /** Whether it is a function that processors have no instruction for, as expensive as a polynomial of some terms. */
    public boolean transcendental() {
        return switch (this) {
            case EXP, LOG, TANH, ERF, SIGMOID, SIN, COS -> true;
            default -> false;
        };
    }
}

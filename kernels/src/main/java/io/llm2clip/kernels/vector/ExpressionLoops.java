package io.llm2clip.kernels.vector;

import static io.llm2clip.kernels.vector.Vectors.BYTES;
import static io.llm2clip.kernels.vector.Vectors.load;
import static io.llm2clip.kernels.vector.Vectors.store;

import io.llm2clip.kernels.Opcode;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * One small loop an opcode over whole vectors. An operand is an address and the bytes from one vector to the next: 0 repeats
 * one vector, so that a broadcast scalar needs no expansion and no loops of its own.
 */
final class ExpressionLoops {

    private ExpressionLoops() {}

    /** Runs an opcode other than {@link Opcode#CONSTANT}; operands beyond its arity are ignored. */
    static void run(Opcode opcode, int vectors, long a, long aStep, long b, long bStep, long c, long cStep, long out) {
        switch (opcode) {
            case CONSTANT -> throw new IllegalArgumentException("A constant has no loop; it is an operand of step 0.");
            case ADD -> add(vectors, a, aStep, b, bStep, out);
            case SUBTRACT -> subtract(vectors, a, aStep, b, bStep, out);
            case MULTIPLY -> multiply(vectors, a, aStep, b, bStep, out);
            case DIVIDE -> divide(vectors, a, aStep, b, bStep, out);
            case MAXIMUM -> maximum(vectors, a, aStep, b, bStep, out);
            case MINIMUM -> minimum(vectors, a, aStep, b, bStep, out);
            case NEGATE -> negate(vectors, a, aStep, out);
            case ABSOLUTE -> absolute(vectors, a, aStep, out);
            case EXP -> exp(vectors, a, aStep, out);
            case LOG -> log(vectors, a, aStep, out);
            case SQRT -> sqrt(vectors, a, aStep, out);
            case RSQRT -> rsqrt(vectors, a, aStep, out);
            case TANH -> tanh(vectors, a, aStep, out);
            case ERF -> erf(vectors, a, aStep, out);
            case SIGMOID -> sigmoid(vectors, a, aStep, out);
            case SIN -> sin(vectors, a, aStep, out);
            case COS -> cos(vectors, a, aStep, out);
            case GREATER -> greater(vectors, a, aStep, b, bStep, out);
            case EQUAL -> equal(vectors, a, aStep, b, bStep, out);
            case SELECT -> select(vectors, a, aStep, b, bStep, c, cStep, out);
        }
    }

    static void copy(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(load(a), out);
        }
    }

    private static void add(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(load(a).add(load(b)), out);
        }
    }

    private static void subtract(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(load(a).sub(load(b)), out);
        }
    }

    private static void multiply(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(load(a).mul(load(b)), out);
        }
    }

    private static void divide(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(load(a).div(load(b)), out);
        }
    }

    private static void maximum(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(load(a).max(load(b)), out);
        }
    }

    private static void minimum(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(load(a).min(load(b)), out);
        }
    }

    private static void negate(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(load(a).neg(), out);
        }
    }

    private static void absolute(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(load(a).abs(), out);
        }
    }

    private static void exp(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.exp(load(a)), out);
        }
    }

    private static void log(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.log(load(a)), out);
        }
    }

    private static void sqrt(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(load(a).sqrt(), out);
        }
    }

    private static void rsqrt(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.rsqrt(load(a)), out);
        }
    }

    private static void tanh(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.tanh(load(a)), out);
        }
    }

    private static void erf(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.erf(load(a)), out);
        }
    }

    private static void sigmoid(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.sigmoid(load(a)), out);
        }
    }

    private static void sin(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.sin(load(a)), out);
        }
    }

    private static void cos(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            store(VectorMath.cos(load(a)), out);
        }
    }

    private static void greater(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(VectorMath.indicator(load(a).compare(VectorOperators.GT, load(b))), out);
        }
    }

    private static void equal(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            store(VectorMath.indicator(load(a).eq(load(b))), out);
        }
    }

    private static void select(
            int vectors, long a, long aStep, long b, long bStep, long c, long cStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, c += cStep, out += BYTES) {
            FloatVector condition = load(a);
            store(load(b).blend(load(c), condition.eq(0f)), out);
        }
    }
}

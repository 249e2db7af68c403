package io.llm2clip.kernels.cpu.elementwise;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.operations.Opcode;
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
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER).intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void add(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                    .add(FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void subtract(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                    .sub(FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void multiply(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                    .mul(FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void divide(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                    .div(FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void maximum(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                    .max(FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void minimum(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                    .min(FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void negate(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER).neg().intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void absolute(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER).abs().intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void exp(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.exp(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void log(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.log(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void sqrt(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER).sqrt().intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void rsqrt(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.rsqrt(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void tanh(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.tanh(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void erf(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.erf(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void sigmoid(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.sigmoid(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void sin(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.sin(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void cos(int vectors, long a, long aStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, out += BYTES) {
            VectorMath.cos(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void greater(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            VectorMath.indicator(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                            .compare(VectorOperators.GT, FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER)))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void equal(int vectors, long a, long aStep, long b, long bStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, out += BYTES) {
            VectorMath.indicator(FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER)
                            .eq(FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER)))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }

    private static void select(int vectors, long a, long aStep, long b, long bStep, long c, long cStep, long out) {
        for (int i = 0; i < vectors; i++, a += aStep, b += bStep, c += cStep, out += BYTES) {
            FloatVector condition = FloatVector.fromMemorySegment(SPECIES, ALL, a, ORDER);
            FloatVector.fromMemorySegment(SPECIES, ALL, b, ORDER)
                    .blend(FloatVector.fromMemorySegment(SPECIES, ALL, c, ORDER), condition.eq(0f))
                    .intoMemorySegment(ALL, out, ORDER);
        }
    }
}

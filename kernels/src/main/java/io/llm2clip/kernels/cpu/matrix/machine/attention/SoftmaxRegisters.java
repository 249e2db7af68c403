package io.llm2clip.kernels.cpu.matrix.machine.attention;

import io.llm2clip.kernels.cpu.machine.VectorWidth;
import java.util.List;
import java.util.stream.IntStream;

/**
 * What is in which register in a softmax and its gradient: constants, the greatest score of each vector, and what else those have that are computed at
 * a time. With 16 registers that is one vector, as the CPU has several of its keys under way by itself.
 */
record SoftmaxRegisters(VectorWidth width) {
    /** The polynomial's coefficients but the first. */
    static final int COEFFICIENTS = BlockCall.POLYNOMIAL.length - 1;

    /** The vectors of a block, of which as many are computed at a time as there are registers for. */
    List<VectorGroup> groups(int vectors) {
        return IntStream.range(0, Math.ceilDiv(vectors, together()))
                .map(group -> group * together())
                .mapToObj(first -> new VectorGroup(first, Math.min(first + together(), vectors)))
                .toList();
    }

    private int together() {
        return width == VectorWidth.AVX512 ? BlockShape.MOST_VECTORS : 1;
    }

    /** Of the polynomial, that of the highest power but one first. */
    int coefficient(int i) {
        return i;
    }

    /** For {@link PowersOfTwo256}, as is the next one. */
    int leastExponent() {
        return COEFFICIENTS;
    }

    int rounding() {
        return COEFFICIENTS + 1;
    }

    int greatest(int vector) {
        return constants() + vector;
    }

    int sum(int vector) {
        return own(0, vector);
    }

    int exponent(int vector) {
        return own(1, vector);
    }

    int fraction(int vector) {
        return own(2, vector);
    }

    int power(int vector) {
        return own(3, vector);
    }

    /** The sum of weights times their gradients. */
    int delta(int vector) {
        return own(4, vector);
    }

    private int own(int number, int vector) {
        return greatest(BlockShape.MOST_VECTORS) + number * together() + vector % together();
    }

    private int constants() {
        return width == VectorWidth.AVX512 ? COEFFICIENTS : COEFFICIENTS + 2;
    }

    /** By what sums over earlier chunks are to be multiplied. */
    int correction(int vector) {
        return width.registers() - together() + vector % together();
    }

    /** The same beside products, for all vectors; they overwrite it where there are few registers. */
    int productCorrection(int vector) {
        return width.registers() - BlockShape.MOST_VECTORS + vector;
    }

    /** Whether corrections of all vectors stay in registers. */
    boolean correctionsStay() {
        return together() == BlockShape.MOST_VECTORS;
    }
}

package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.Rotary;

/** Rotary position embedding. */
final class RotaryReference {

    private RotaryReference() {}

    static void rotary(Rotary op, Floats[] operands) {
        int pairs = op.headSize() / 2;
        for (int b = 0; b < op.batch(); b++) {
            for (int t = 0; t < op.positions(); t++) {
                for (int h = 0; h < op.heads(); h++) {
                    long head = (((long) b * op.positions() + t) * op.heads() + h) * op.headSize();
                    for (int p = 0; p < pairs; p++) {
                        long first = head + (op.interleaved() ? 2 * p : p);
                        long second = op.interleaved() ? first + 1 : first + pairs;
                        rotate(op, operands, (long) t * pairs + p, first, second);
                    }
                }
            }
        }
    }

    private static void rotate(Rotary op, Floats[] operands, long angle, long first, long second) {
        double cos = operands[1].get(angle);
        double sin = op.inverse() ? -operands[2].get(angle) : operands[2].get(angle);
        double x = operands[0].get(first);
        double y = operands[0].get(second);
        operands[3].set(first, x * cos - y * sin);
        operands[3].set(second, x * sin + y * cos);
    }
}

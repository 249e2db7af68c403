package io.llm2clip.kernels.cpu.matrix.machine.attention;

import java.util.function.IntConsumer;

/**
 * Vectors of a block whose softmax is computed at a time.
 *
 * @param first of them
 * @param end behind the last one
 */
record VectorGroup(int first, int end) {

    void forEach(IntConsumer body) {
        for (int v = first; v < end; v++) {
            body.accept(v);
        }
    }
}

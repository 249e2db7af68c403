package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.operations.RandomUniform;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Random numbers, one by one. */
final class RandomReference {
    private static final int ROUNDS = 20;
    private static final int[] ROTATIONS = {13, 15, 26, 6, 17, 29, 16, 24};

    private RandomReference() {}

    static void uniform(RandomUniform op, MemorySegment[] operands) {
        int step = operands[0].get(ValueLayout.JAVA_INT_UNALIGNED, 0);
        Floats out = new Floats(operands[1]);
        for (int i = 0; i < op.count(); i++) {
            out.set(i, (threefry(op.key0(), op.key1(), i, step)[0] >>> 8) * 0x1p-24);
        }
    }

    /** Threefry-2x32: the cipher of a counter of two words under a key of two. */
    static int[] threefry(int key0, int key1, int counter0, int counter1) {
        int[] key = {key0, key1, RandomUniform.PARITY ^ key0 ^ key1};
        int x = counter0 + key0;
        int y = counter1 + key1;
        for (int round = 0; round < ROUNDS; round++) {
            x += y;
            y = Integer.rotateLeft(y, ROTATIONS[round % ROTATIONS.length]) ^ x;
            if (round % 4 == 3) {
                int injection = round / 4 + 1;
                x += key[injection % 3];
                y += key[(injection + 1) % 3] + injection;
            }
        }
        return new int[] {x, y};
    }
}

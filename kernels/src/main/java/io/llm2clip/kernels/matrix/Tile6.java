package io.llm2clip.kernels.matrix;

import static io.llm2clip.kernels.matrix.Tile.add;
import static io.llm2clip.kernels.matrix.Tile.splat;
import static io.llm2clip.kernels.matrix.Tile.store;
import static io.llm2clip.kernels.vector.VectorMath.SPECIES;
import static io.llm2clip.kernels.vector.Vectors.BYTES;
import static io.llm2clip.kernels.vector.Vectors.load;

import java.lang.invoke.VarHandle;
import jdk.incubator.vector.FloatVector;

/**
 * Micro-kernel of 6 rows by two vectors for machines with 16 vector registers; see {@link Tile}.
 *
 * <p>The fences emit no instruction. They keep the compiler from moving loads up past the multiplications, which would
 * leave it short of registers, and one accumulator spilled in the loop more than halves the speed.
 */
final class Tile6 {
    private Tile6() {}

    static void columns(
            int k, long a, long aStep, long b, long bStep, long c, long cRow, long add, long addRow) {
        FloatVector c0x = FloatVector.zero(SPECIES);
        FloatVector c0y = FloatVector.zero(SPECIES);
        FloatVector c1x = FloatVector.zero(SPECIES);
        FloatVector c1y = FloatVector.zero(SPECIES);
        FloatVector c2x = FloatVector.zero(SPECIES);
        FloatVector c2y = FloatVector.zero(SPECIES);
        FloatVector c3x = FloatVector.zero(SPECIES);
        FloatVector c3y = FloatVector.zero(SPECIES);
        FloatVector c4x = FloatVector.zero(SPECIES);
        FloatVector c4y = FloatVector.zero(SPECIES);
        FloatVector c5x = FloatVector.zero(SPECIES);
        FloatVector c5y = FloatVector.zero(SPECIES);
        for (int i = 0; i < k; i++) {
            long row = b + i * bStep;
            FloatVector x = load(row);
            FloatVector y = load(row + BYTES);
            long at = a + i * aStep;
            FloatVector s;
            s = splat(at);
            c0x = s.fma(x, c0x);
            c0y = s.fma(y, c0y);
            VarHandle.loadLoadFence();
            s = splat(at + 4);
            c1x = s.fma(x, c1x);
            c1y = s.fma(y, c1y);
            VarHandle.loadLoadFence();
            s = splat(at + 8);
            c2x = s.fma(x, c2x);
            c2y = s.fma(y, c2y);
            VarHandle.loadLoadFence();
            s = splat(at + 12);
            c3x = s.fma(x, c3x);
            c3y = s.fma(y, c3y);
            VarHandle.loadLoadFence();
            s = splat(at + 16);
            c4x = s.fma(x, c4x);
            c4y = s.fma(y, c4y);
            VarHandle.loadLoadFence();
            s = splat(at + 20);
            c5x = s.fma(x, c5x);
            c5y = s.fma(y, c5y);
            VarHandle.loadLoadFence();
        }
        if (add == 0) {
            store(c0x, c0y, c);
            store(c1x, c1y, c + cRow);
            store(c2x, c2y, c + 2 * cRow);
            store(c3x, c3y, c + 3 * cRow);
            store(c4x, c4y, c + 4 * cRow);
            store(c5x, c5y, c + 5 * cRow);
        } else {
            add(c0x, c0y, c, add);
            add(c1x, c1y, c + cRow, add + addRow);
            add(c2x, c2y, c + 2 * cRow, add + 2 * addRow);
            add(c3x, c3y, c + 3 * cRow, add + 3 * addRow);
            add(c4x, c4y, c + 4 * cRow, add + 4 * addRow);
            add(c5x, c5y, c + 5 * cRow, add + 5 * addRow);
        }
    }
}

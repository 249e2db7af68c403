package io.llm2clip.kernels.matrix;

import static io.llm2clip.kernels.matrix.Tile.add;
import static io.llm2clip.kernels.matrix.Tile.splat;
import static io.llm2clip.kernels.matrix.Tile.store;
import static io.llm2clip.kernels.vector.VectorMath.SPECIES;
import static io.llm2clip.kernels.vector.Vectors.BYTES;
import static io.llm2clip.kernels.vector.Vectors.load;

import jdk.incubator.vector.FloatVector;

/**
 * Micro-kernels of 12 rows by two vectors for machines with 32 vector registers; see {@link Tile}.
 *
 * <p>The loop variable stays an {@code int} from which all addresses are computed: with pointers carried from step to step
 * the compiler spends its general registers on them and loses a tenth to a third of the speed.
 */
final class Tile12 {
    private Tile12() {}

    static void rows(
            int k, long a, long aRow, long b, long bStep, long c, long cRow, long add, long addRow) {
        long a0 = a;
        long a1 = a0 + aRow;
        long a2 = a1 + aRow;
        long a3 = a2 + aRow;
        long a4 = a3 + aRow;
        long a5 = a4 + aRow;
        long a6 = a5 + aRow;
        long a7 = a6 + aRow;
        long a8 = a7 + aRow;
        long a9 = a8 + aRow;
        long a10 = a9 + aRow;
        long a11 = a10 + aRow;
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
        FloatVector c6x = FloatVector.zero(SPECIES);
        FloatVector c6y = FloatVector.zero(SPECIES);
        FloatVector c7x = FloatVector.zero(SPECIES);
        FloatVector c7y = FloatVector.zero(SPECIES);
        FloatVector c8x = FloatVector.zero(SPECIES);
        FloatVector c8y = FloatVector.zero(SPECIES);
        FloatVector c9x = FloatVector.zero(SPECIES);
        FloatVector c9y = FloatVector.zero(SPECIES);
        FloatVector c10x = FloatVector.zero(SPECIES);
        FloatVector c10y = FloatVector.zero(SPECIES);
        FloatVector c11x = FloatVector.zero(SPECIES);
        FloatVector c11y = FloatVector.zero(SPECIES);
        for (int i = 0; i < k; i++) {
            long row = b + i * bStep;
            FloatVector x = load(row);
            FloatVector y = load(row + BYTES);
            long at = i * 4L;
            FloatVector s;
            s = splat(a0 + at);
            c0x = s.fma(x, c0x);
            c0y = s.fma(y, c0y);
            s = splat(a1 + at);
            c1x = s.fma(x, c1x);
            c1y = s.fma(y, c1y);
            s = splat(a2 + at);
            c2x = s.fma(x, c2x);
            c2y = s.fma(y, c2y);
            s = splat(a3 + at);
            c3x = s.fma(x, c3x);
            c3y = s.fma(y, c3y);
            s = splat(a4 + at);
            c4x = s.fma(x, c4x);
            c4y = s.fma(y, c4y);
            s = splat(a5 + at);
            c5x = s.fma(x, c5x);
            c5y = s.fma(y, c5y);
            s = splat(a6 + at);
            c6x = s.fma(x, c6x);
            c6y = s.fma(y, c6y);
            s = splat(a7 + at);
            c7x = s.fma(x, c7x);
            c7y = s.fma(y, c7y);
            s = splat(a8 + at);
            c8x = s.fma(x, c8x);
            c8y = s.fma(y, c8y);
            s = splat(a9 + at);
            c9x = s.fma(x, c9x);
            c9y = s.fma(y, c9y);
            s = splat(a10 + at);
            c10x = s.fma(x, c10x);
            c10y = s.fma(y, c10y);
            s = splat(a11 + at);
            c11x = s.fma(x, c11x);
            c11y = s.fma(y, c11y);
        }
        if (add == 0) {
            store(c0x, c0y, c);
            store(c1x, c1y, c + cRow);
            store(c2x, c2y, c + 2 * cRow);
            store(c3x, c3y, c + 3 * cRow);
            store(c4x, c4y, c + 4 * cRow);
            store(c5x, c5y, c + 5 * cRow);
            store(c6x, c6y, c + 6 * cRow);
            store(c7x, c7y, c + 7 * cRow);
            store(c8x, c8y, c + 8 * cRow);
            store(c9x, c9y, c + 9 * cRow);
            store(c10x, c10y, c + 10 * cRow);
            store(c11x, c11y, c + 11 * cRow);
        } else {
            add(c0x, c0y, c, add);
            add(c1x, c1y, c + cRow, add + addRow);
            add(c2x, c2y, c + 2 * cRow, add + 2 * addRow);
            add(c3x, c3y, c + 3 * cRow, add + 3 * addRow);
            add(c4x, c4y, c + 4 * cRow, add + 4 * addRow);
            add(c5x, c5y, c + 5 * cRow, add + 5 * addRow);
            add(c6x, c6y, c + 6 * cRow, add + 6 * addRow);
            add(c7x, c7y, c + 7 * cRow, add + 7 * addRow);
            add(c8x, c8y, c + 8 * cRow, add + 8 * addRow);
            add(c9x, c9y, c + 9 * cRow, add + 9 * addRow);
            add(c10x, c10y, c + 10 * cRow, add + 10 * addRow);
            add(c11x, c11y, c + 11 * cRow, add + 11 * addRow);
        }
    }

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
        FloatVector c6x = FloatVector.zero(SPECIES);
        FloatVector c6y = FloatVector.zero(SPECIES);
        FloatVector c7x = FloatVector.zero(SPECIES);
        FloatVector c7y = FloatVector.zero(SPECIES);
        FloatVector c8x = FloatVector.zero(SPECIES);
        FloatVector c8y = FloatVector.zero(SPECIES);
        FloatVector c9x = FloatVector.zero(SPECIES);
        FloatVector c9y = FloatVector.zero(SPECIES);
        FloatVector c10x = FloatVector.zero(SPECIES);
        FloatVector c10y = FloatVector.zero(SPECIES);
        FloatVector c11x = FloatVector.zero(SPECIES);
        FloatVector c11y = FloatVector.zero(SPECIES);
        for (int i = 0; i < k; i++) {
            long row = b + i * bStep;
            FloatVector x = load(row);
            FloatVector y = load(row + BYTES);
            long at = a + i * aStep;
            FloatVector s;
            s = splat(at);
            c0x = s.fma(x, c0x);
            c0y = s.fma(y, c0y);
            s = splat(at + 4);
            c1x = s.fma(x, c1x);
            c1y = s.fma(y, c1y);
            s = splat(at + 8);
            c2x = s.fma(x, c2x);
            c2y = s.fma(y, c2y);
            s = splat(at + 12);
            c3x = s.fma(x, c3x);
            c3y = s.fma(y, c3y);
            s = splat(at + 16);
            c4x = s.fma(x, c4x);
            c4y = s.fma(y, c4y);
            s = splat(at + 20);
            c5x = s.fma(x, c5x);
            c5y = s.fma(y, c5y);
            s = splat(at + 24);
            c6x = s.fma(x, c6x);
            c6y = s.fma(y, c6y);
            s = splat(at + 28);
            c7x = s.fma(x, c7x);
            c7y = s.fma(y, c7y);
            s = splat(at + 32);
            c8x = s.fma(x, c8x);
            c8y = s.fma(y, c8y);
            s = splat(at + 36);
            c9x = s.fma(x, c9x);
            c9y = s.fma(y, c9y);
            s = splat(at + 40);
            c10x = s.fma(x, c10x);
            c10y = s.fma(y, c10y);
            s = splat(at + 44);
            c11x = s.fma(x, c11x);
            c11y = s.fma(y, c11y);
        }
        if (add == 0) {
            store(c0x, c0y, c);
            store(c1x, c1y, c + cRow);
            store(c2x, c2y, c + 2 * cRow);
            store(c3x, c3y, c + 3 * cRow);
            store(c4x, c4y, c + 4 * cRow);
            store(c5x, c5y, c + 5 * cRow);
            store(c6x, c6y, c + 6 * cRow);
            store(c7x, c7y, c + 7 * cRow);
            store(c8x, c8y, c + 8 * cRow);
            store(c9x, c9y, c + 9 * cRow);
            store(c10x, c10y, c + 10 * cRow);
            store(c11x, c11y, c + 11 * cRow);
        } else {
            add(c0x, c0y, c, add);
            add(c1x, c1y, c + cRow, add + addRow);
            add(c2x, c2y, c + 2 * cRow, add + 2 * addRow);
            add(c3x, c3y, c + 3 * cRow, add + 3 * addRow);
            add(c4x, c4y, c + 4 * cRow, add + 4 * addRow);
            add(c5x, c5y, c + 5 * cRow, add + 5 * addRow);
            add(c6x, c6y, c + 6 * cRow, add + 6 * addRow);
            add(c7x, c7y, c + 7 * cRow, add + 7 * addRow);
            add(c8x, c8y, c + 8 * cRow, add + 8 * addRow);
            add(c9x, c9y, c + 9 * cRow, add + 9 * addRow);
            add(c10x, c10y, c + 10 * cRow, add + 10 * addRow);
            add(c11x, c11y, c + 11 * cRow, add + 11 * addRow);
        }
    }
}

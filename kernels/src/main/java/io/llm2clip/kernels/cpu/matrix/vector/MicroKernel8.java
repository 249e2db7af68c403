package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * Micro-kernels of 8 rows by two vectors for machines with 32 vector registers; see {@link MicroKernel}.
 *
 * <p>The loop variable stays an {@code int} from which all addresses are computed: with pointers carried from one k to the next
 * the compiler spends its general registers on them and loses a tenth to a third of the speed.
 */
final class MicroKernel8 {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** Bytes of a row of a panel of B. */
    private static final long ROW = 2L * BYTES;

    private MicroKernel8() {}

    static void rows(int k, long a, long aRow, long b, long c, long cRow) {
        long a0 = a;
        long a1 = a0 + aRow;
        long a2 = a1 + aRow;
        long a3 = a2 + aRow;
        long a4 = a3 + aRow;
        long a5 = a4 + aRow;
        long a6 = a5 + aRow;
        long a7 = a6 + aRow;
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
        for (int i = 0; i < k; i++) {
            long row = b + i * ROW;
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, row, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(SPECIES, ALL, row + BYTES, ORDER);
            long at = i * 4L;
            FloatVector s;
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a0 + at));
            c0x = s.fma(x, c0x);
            c0y = s.fma(y, c0y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a1 + at));
            c1x = s.fma(x, c1x);
            c1y = s.fma(y, c1y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a2 + at));
            c2x = s.fma(x, c2x);
            c2y = s.fma(y, c2y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a3 + at));
            c3x = s.fma(x, c3x);
            c3y = s.fma(y, c3y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a4 + at));
            c4x = s.fma(x, c4x);
            c4y = s.fma(y, c4y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a5 + at));
            c5x = s.fma(x, c5x);
            c5y = s.fma(y, c5y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a6 + at));
            c6x = s.fma(x, c6x);
            c6y = s.fma(y, c6y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a7 + at));
            c7x = s.fma(x, c7x);
            c7y = s.fma(y, c7y);
        }
        c0x.intoMemorySegment(ALL, c, ORDER);
        c0y.intoMemorySegment(ALL, c + BYTES, ORDER);
        c1x.intoMemorySegment(ALL, c + cRow, ORDER);
        c1y.intoMemorySegment(ALL, c + cRow + BYTES, ORDER);
        c2x.intoMemorySegment(ALL, c + 2 * cRow, ORDER);
        c2y.intoMemorySegment(ALL, c + 2 * cRow + BYTES, ORDER);
        c3x.intoMemorySegment(ALL, c + 3 * cRow, ORDER);
        c3y.intoMemorySegment(ALL, c + 3 * cRow + BYTES, ORDER);
        c4x.intoMemorySegment(ALL, c + 4 * cRow, ORDER);
        c4y.intoMemorySegment(ALL, c + 4 * cRow + BYTES, ORDER);
        c5x.intoMemorySegment(ALL, c + 5 * cRow, ORDER);
        c5y.intoMemorySegment(ALL, c + 5 * cRow + BYTES, ORDER);
        c6x.intoMemorySegment(ALL, c + 6 * cRow, ORDER);
        c6y.intoMemorySegment(ALL, c + 6 * cRow + BYTES, ORDER);
        c7x.intoMemorySegment(ALL, c + 7 * cRow, ORDER);
        c7y.intoMemorySegment(ALL, c + 7 * cRow + BYTES, ORDER);
    }

    static void columns(int k, long a, long aStep, long b, long c, long cRow) {
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
        for (int i = 0; i < k; i++) {
            long row = b + i * ROW;
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, row, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(SPECIES, ALL, row + BYTES, ORDER);
            long at = a + i * aStep;
            FloatVector s;
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at));
            c0x = s.fma(x, c0x);
            c0y = s.fma(y, c0y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at + 4));
            c1x = s.fma(x, c1x);
            c1y = s.fma(y, c1y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at + 8));
            c2x = s.fma(x, c2x);
            c2y = s.fma(y, c2y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at + 12));
            c3x = s.fma(x, c3x);
            c3y = s.fma(y, c3y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at + 16));
            c4x = s.fma(x, c4x);
            c4y = s.fma(y, c4y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at + 20));
            c5x = s.fma(x, c5x);
            c5y = s.fma(y, c5y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at + 24));
            c6x = s.fma(x, c6x);
            c6y = s.fma(y, c6y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, at + 28));
            c7x = s.fma(x, c7x);
            c7y = s.fma(y, c7y);
        }
        c0x.intoMemorySegment(ALL, c, ORDER);
        c0y.intoMemorySegment(ALL, c + BYTES, ORDER);
        c1x.intoMemorySegment(ALL, c + cRow, ORDER);
        c1y.intoMemorySegment(ALL, c + cRow + BYTES, ORDER);
        c2x.intoMemorySegment(ALL, c + 2 * cRow, ORDER);
        c2y.intoMemorySegment(ALL, c + 2 * cRow + BYTES, ORDER);
        c3x.intoMemorySegment(ALL, c + 3 * cRow, ORDER);
        c3y.intoMemorySegment(ALL, c + 3 * cRow + BYTES, ORDER);
        c4x.intoMemorySegment(ALL, c + 4 * cRow, ORDER);
        c4y.intoMemorySegment(ALL, c + 4 * cRow + BYTES, ORDER);
        c5x.intoMemorySegment(ALL, c + 5 * cRow, ORDER);
        c5y.intoMemorySegment(ALL, c + 5 * cRow + BYTES, ORDER);
        c6x.intoMemorySegment(ALL, c + 6 * cRow, ORDER);
        c6y.intoMemorySegment(ALL, c + 6 * cRow + BYTES, ORDER);
        c7x.intoMemorySegment(ALL, c + 7 * cRow, ORDER);
        c7y.intoMemorySegment(ALL, c + 7 * cRow + BYTES, ORDER);
    }
}

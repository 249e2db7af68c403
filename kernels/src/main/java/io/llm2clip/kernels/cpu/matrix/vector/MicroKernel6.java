package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/**
 * Micro-kernel of 6 rows by two vectors for machines with 16 vector registers; see {@link MicroKernel}.
 *
 * <p>All strides are constants. With strides in registers, or with a load fence after each row, the compiler runs short of
 * registers on some machine and loses up to half the speed; this form has reached 0.9 of the peak on all that were measured.
 */
final class MicroKernel6 {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** Bytes of a row of a panel of B. */
    private static final long ROW = 2L * BYTES;

    private MicroKernel6() {}

    static void packed(int k, long a, long b, long c, long cRow) {
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
            long row = b + i * ROW;
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, row, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(SPECIES, ALL, row + BYTES, ORDER);
            long at = a + i * 24L;
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
    }
}

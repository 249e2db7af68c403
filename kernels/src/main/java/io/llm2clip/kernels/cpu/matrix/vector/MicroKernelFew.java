package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;

/** Micro-kernels of one, two and four rows by two vectors, for what is left of the rows; see {@link MicroKernel}. */
final class MicroKernelFew {
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    /** Bytes of a row of a panel of B. */
    private static final long ROW = 2L * BYTES;

    private MicroKernelFew() {}

    static void one(int k, long a, long aStep, long b, long c) {
        FloatVector c0x = FloatVector.zero(SPECIES);
        FloatVector c0y = FloatVector.zero(SPECIES);
        for (int i = 0; i < k; i++) {
            long row = b + i * ROW;
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, row, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(SPECIES, ALL, row + BYTES, ORDER);
            FloatVector s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a + i * aStep));
            c0x = s.fma(x, c0x);
            c0y = s.fma(y, c0y);
        }
        c0x.intoMemorySegment(ALL, c, ORDER);
        c0y.intoMemorySegment(ALL, c + BYTES, ORDER);
    }

    static void two(int k, long a, long aRow, long aStep, long b, long c, long cRow) {
        long a1 = a + aRow;
        FloatVector c0x = FloatVector.zero(SPECIES);
        FloatVector c0y = FloatVector.zero(SPECIES);
        FloatVector c1x = FloatVector.zero(SPECIES);
        FloatVector c1y = FloatVector.zero(SPECIES);
        for (int i = 0; i < k; i++) {
            long row = b + i * ROW;
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, row, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(SPECIES, ALL, row + BYTES, ORDER);
            long at = i * aStep;
            FloatVector s;
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a + at));
            c0x = s.fma(x, c0x);
            c0y = s.fma(y, c0y);
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a1 + at));
            c1x = s.fma(x, c1x);
            c1y = s.fma(y, c1y);
        }
        c0x.intoMemorySegment(ALL, c, ORDER);
        c0y.intoMemorySegment(ALL, c + BYTES, ORDER);
        c1x.intoMemorySegment(ALL, c + cRow, ORDER);
        c1y.intoMemorySegment(ALL, c + cRow + BYTES, ORDER);
    }

    static void four(int k, long a, long aRow, long aStep, long b, long c, long cRow) {
        long a1 = a + aRow;
        long a2 = a1 + aRow;
        long a3 = a2 + aRow;
        FloatVector c0x = FloatVector.zero(SPECIES);
        FloatVector c0y = FloatVector.zero(SPECIES);
        FloatVector c1x = FloatVector.zero(SPECIES);
        FloatVector c1y = FloatVector.zero(SPECIES);
        FloatVector c2x = FloatVector.zero(SPECIES);
        FloatVector c2y = FloatVector.zero(SPECIES);
        FloatVector c3x = FloatVector.zero(SPECIES);
        FloatVector c3y = FloatVector.zero(SPECIES);
        for (int i = 0; i < k; i++) {
            long row = b + i * ROW;
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, row, ORDER);
            FloatVector y = FloatVector.fromMemorySegment(SPECIES, ALL, row + BYTES, ORDER);
            long at = i * aStep;
            FloatVector s;
            s = FloatVector.broadcast(SPECIES, ALL.get(JAVA_FLOAT, a + at));
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
        }
        c0x.intoMemorySegment(ALL, c, ORDER);
        c0y.intoMemorySegment(ALL, c + BYTES, ORDER);
        c1x.intoMemorySegment(ALL, c + cRow, ORDER);
        c1y.intoMemorySegment(ALL, c + cRow + BYTES, ORDER);
        c2x.intoMemorySegment(ALL, c + 2 * cRow, ORDER);
        c2y.intoMemorySegment(ALL, c + 2 * cRow + BYTES, ORDER);
        c3x.intoMemorySegment(ALL, c + 3 * cRow, ORDER);
        c3y.intoMemorySegment(ALL, c + 3 * cRow + BYTES, ORDER);
    }
}

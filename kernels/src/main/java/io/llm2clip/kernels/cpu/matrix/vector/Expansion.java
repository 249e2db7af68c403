package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.DType;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/**
 * Expands packed panels of narrow formats to f32, {@code [k][columns]}.
 *
 * <p>A panel is made of rows of 32-bit words, one word per lane. Each word holds elements of two columns, the lane's in the first
 * vector (x) and in the second (y) of a row of the panel, in this order from the lowest bits:
 *
 * <ul>
 *   <li>16-bit formats: {@code x y} of one k.
 *   <li>Q8: per 32 k a row of scales {@code x y}, then 16 rows of {@code x y} of two k each.
 *   <li>Q4: per 32 k a row of scales {@code x y}, then 8 rows of {@code x y} of four k each, as signed nibbles.
 * </ul>
 */
final class Expansion {
    private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
    private static final int BLOCK = DType.Q8.blockSize();
    /** Bytes of a row of an f32 panel. */
    private static final long ROW = 2L * BYTES;

    private static final float F16_BIAS_FACTOR = 0x1p112f;

    private Expansion() {}

    /** Rows of words of a panel of k rows. */
    static int wordRows(DType format, int k) {
        return switch (format) {
            case BF16, F16 -> k;
            case Q8 -> k / BLOCK * 17;
            case Q4 -> k / BLOCK * 9;
            case F32, I32, BOOL -> throw new IllegalArgumentException("Panels of " + format + " are not expanded.");
        };
    }

    /** Expands k rows of a panel, from a multiple of 32 on. */
    static void expand(DType format, long from, int k, long to) {
        switch (format) {
            case BF16 -> bf16(from, k, to);
            case F16 -> f16(from, k, to);
            case Q8 -> {
                for (int group = 0; group < k / BLOCK; group++) {
                    q8(from + group * (17L * BYTES), to + group * (BLOCK * ROW));
                }
            }
            case Q4 -> {
                for (int group = 0; group < k / BLOCK; group++) {
                    q4(from + group * (9L * BYTES), to + group * (BLOCK * ROW));
                }
            }
            case F32, I32, BOOL -> throw new IllegalArgumentException("Panels of " + format + " are not expanded.");
        }
    }

    private static void bf16(long from, int k, long to) {
        for (int i = 0; i < k; i++) {
            IntVector words = IntVector.fromMemorySegment(INTS, ALL, from + i * (long) BYTES, ORDER);
            long row = to + i * ROW;
            words.lanewise(VectorOperators.LSHL, 16).reinterpretAsFloats().intoMemorySegment(ALL, row, ORDER);
            words.and(0xFFFF0000).reinterpretAsFloats().intoMemorySegment(ALL, row + BYTES, ORDER);
        }
    }

    private static void f16(long from, int k, long to) {
        for (int i = 0; i < k; i++) {
            IntVector words = IntVector.fromMemorySegment(INTS, ALL, from + i * (long) BYTES, ORDER);
            long row = to + i * ROW;
            upperF16(words.lanewise(VectorOperators.LSHL, 16)).intoMemorySegment(ALL, row, ORDER);
            upperF16(words).intoMemorySegment(ALL, row + BYTES, ORDER);
        }
    }

    /** The f16 in the upper half of each word. */
    private static FloatVector upperF16(IntVector words) {
        IntVector magnitude = words.and(0x7FFF0000).lanewise(VectorOperators.LSHR, 3);
        // The product has the exponent of f32 and makes subnormal numbers normal.
        IntVector finite = magnitude.reinterpretAsFloats().mul(F16_BIAS_FACTOR).reinterpretAsInts();
        return finite.blend(magnitude.or(0x7F800000), magnitude.compare(VectorOperators.GE, 0x7C00 << 13))
                .or(words.and(0x80000000))
                .reinterpretAsFloats();
    }

    private static void q8(long group, long to) {
        IntVector scales = IntVector.fromMemorySegment(INTS, ALL, group, ORDER);
        FloatVector x = upperF16(scales.lanewise(VectorOperators.LSHL, 16));
        FloatVector y = upperF16(scales);
        for (int j = 0; j < 16; j++) {
            IntVector words = IntVector.fromMemorySegment(INTS, ALL, group + (j + 1) * (long) BYTES, ORDER);
            for (int t = 0; t < 2; t++) {
                long row = to + (2 * j + t) * ROW;
                signed(words.lanewise(VectorOperators.LSHL, 24), 24).mul(x).intoMemorySegment(ALL, row, ORDER);
                signed(words.lanewise(VectorOperators.LSHL, 16), 24).mul(y).intoMemorySegment(ALL, row + BYTES, ORDER);
                words = words.lanewise(VectorOperators.LSHR, 16);
            }
        }
    }

    private static void q4(long group, long to) {
        IntVector scales = IntVector.fromMemorySegment(INTS, ALL, group, ORDER);
        FloatVector x = upperF16(scales.lanewise(VectorOperators.LSHL, 16));
        FloatVector y = upperF16(scales);
        for (int j = 0; j < 8; j++) {
            IntVector words = IntVector.fromMemorySegment(INTS, ALL, group + (j + 1) * (long) BYTES, ORDER);
            for (int t = 0; t < 4; t++) {
                long row = to + (4 * j + t) * ROW;
                signed(words.lanewise(VectorOperators.LSHL, 28), 28).mul(x).intoMemorySegment(ALL, row, ORDER);
                signed(words.lanewise(VectorOperators.LSHL, 24), 28).mul(y).intoMemorySegment(ALL, row + BYTES, ORDER);
                words = words.lanewise(VectorOperators.LSHR, 8);
            }
        }
    }

    /** What remains of each word after an arithmetic shift, as a float. */
    private static FloatVector signed(IntVector words, int shift) {
        return (FloatVector) words.lanewise(VectorOperators.ASHR, shift).convert(VectorOperators.I2F, 0);
    }
}

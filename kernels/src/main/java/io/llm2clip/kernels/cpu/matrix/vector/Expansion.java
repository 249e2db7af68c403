package io.llm2clip.kernels.cpu.matrix.vector;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.matrix.BlockPanels;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/**
 * Expands packed panels of narrow formats to f32, {@code [k][columns]}.
 *
 * <p>A panel of a 16-bit format is rows of 32-bit words, one per k and one word per lane: the elements of two columns, the lane's in the
 * first vector of a row of the panel, in the lower half, and in the second. Quantized ones are {@link BlockPanels}.
 *
 * <p>Each loop has its vectors' operations written out: in a nest of loops, or behind calls, the compiler gives up on some of them for
 * some widths, and then every vector is boxed.
 */
final class Expansion {
    private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
    /** As many lanes as a vector of floats, in half the width. */
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(SPECIES.vectorBitSize() / 2));

    /** Bytes of a row of an f32 panel. */
    private static final long ROW = 2L * BYTES;

    private static final int WORDS = BlockPanels.WORDS;
    /** What changes no number when it is added, zeros included. */
    private static final FloatVector NO_MINIMUM = FloatVector.broadcast(SPECIES, -0.0f);

    private static final float F16_BIAS_FACTOR = 0x1p112f;

    private Expansion() {}

    /** Expands k rows of a panel of a 16-bit format. */
    static void halves(DType format, long from, int k, long to) {
        switch (format) {
            case BF16 -> bf16(from, k, to);
            case F16 -> f16(from, k, to);
            default -> throw new IllegalArgumentException("Panels of " + format + " are no words of 16 bits.");
        }
    }

    /**
     * Expands some steps of as many columns as a vector has lanes.
     *
     * @param from the first step of their panel
     * @param lane the first column within it
     * @param to their place in the first row of the f32 panel
     */
    static void blocks(DType format, long from, int lane, int steps, long to) {
        long step = BlockPanels.panelBytes(format, 1);
        for (int s = 0; s < steps; s++) {
            long block = from + s * step;
            FloatVector scales = floats(block + (long) lane * Short.BYTES);
            long words = block + BlockPanels.headerBytes(format) + (long) lane * Integer.BYTES;
            long target = to + s * (BlockPanels.STEP * ROW);
            switch (format) {
                case Q8 -> q8(words, scales, target);
                case Q4 -> nibbles(words, scales, 8, NO_MINIMUM, target);
                case Q4_1 ->
                    nibbles(words, scales, 0, floats(block + BlockPanels.HALVES + (long) lane * Short.BYTES), target);
                default -> throw new IllegalArgumentException(format + " has no blocks.");
            }
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

    private static FloatVector floats(long address) {
        IntVector halves = (IntVector)
                ShortVector.fromMemorySegment(SHORTS, ALL, address, ORDER).convertShape(VectorOperators.S2I, INTS, 0);
        return upperF16(halves.lanewise(VectorOperators.LSHL, 16));
    }

    private static void q8(long from, FloatVector scales, long to) {
        long row = to;
        for (int word = 0; word < 8; word++) {
            IntVector words = IntVector.fromMemorySegment(INTS, ALL, from + word * (long) WORDS, ORDER);
            IntVector q = words.lanewise(VectorOperators.LSHL, 24).lanewise(VectorOperators.ASHR, 24);
            ((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(scales).intoMemorySegment(ALL, row, ORDER);
            q = words.lanewise(VectorOperators.LSHL, 16).lanewise(VectorOperators.ASHR, 24);
            ((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(scales).intoMemorySegment(ALL, row + ROW, ORDER);
            q = words.lanewise(VectorOperators.LSHL, 8).lanewise(VectorOperators.ASHR, 24);
            ((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(scales).intoMemorySegment(ALL, row + 2 * ROW, ORDER);
            q = words.lanewise(VectorOperators.ASHR, 24);
            ((FloatVector) q.convert(VectorOperators.I2F, 0)).mul(scales).intoMemorySegment(ALL, row + 3 * ROW, ORDER);
            row += 4 * ROW;
        }
    }

    /**
     * Low nibbles are of the first half of the block's k, high ones of the second.
     *
     * @param zero the nibble that stands for zero, where there are no minima
     */
    private static void nibbles(long from, FloatVector scales, int zero, FloatVector minima, long to) {
        long row = to;
        for (int word = 0; word < 4; word++) {
            IntVector words = IntVector.fromMemorySegment(INTS, ALL, from + word * (long) WORDS, ORDER);
            for (int half = 0; half < 2; half++) {
                long at = row + half * (BlockPanels.STEP / 2 * ROW);
                IntVector q = words.and(15).sub(zero);
                ((FloatVector) q.convert(VectorOperators.I2F, 0))
                        .fma(scales, minima)
                        .intoMemorySegment(ALL, at, ORDER);
                q = words.lanewise(VectorOperators.LSHR, 8).and(15).sub(zero);
                ((FloatVector) q.convert(VectorOperators.I2F, 0))
                        .fma(scales, minima)
                        .intoMemorySegment(ALL, at + ROW, ORDER);
                q = words.lanewise(VectorOperators.LSHR, 16).and(15).sub(zero);
                ((FloatVector) q.convert(VectorOperators.I2F, 0))
                        .fma(scales, minima)
                        .intoMemorySegment(ALL, at + 2 * ROW, ORDER);
                q = words.lanewise(VectorOperators.LSHR, 24).and(15).sub(zero);
                ((FloatVector) q.convert(VectorOperators.I2F, 0))
                        .fma(scales, minima)
                        .intoMemorySegment(ALL, at + 3 * ROW, ORDER);
                words = words.lanewise(VectorOperators.LSHR, 4);
            }
            row += 4 * ROW;
        }
    }
}

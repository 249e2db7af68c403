package io.llm2clip.kernels.cpu.simd;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.BYTES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** The loops of {@link ElementFormat} over whole vectors: not every processor can mask lanes of 16 bits. */
final class FormatLoops {
    /** The bit that makes a NaN of f32, and by its upper half one of bf16, a quiet one. */
    static final int QUIET = 0x0040_0000;

    static final int NAN_F16 = 0x7E00;

    private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
    /** As many lanes as a vector of floats, in half the width. */
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(SPECIES.vectorBitSize() / 2));

    private static final int HALF_BYTES = LANES * Short.BYTES;

    /** By how much more the exponent of an f32 is biased than that of an f16. */
    private static final int BIASES = 127 - 15;

    private static final float BIAS_FACTOR = 0x1p112f;
    private static final int MIN_NORMAL_F16 = Float.floatToRawIntBits(0x1p-14f);
    /** Half way from the greatest f16 to what would be the next. */
    private static final int OVERFLOW_F16 = Float.floatToRawIntBits(65520f);

    private FormatLoops() {}

    static void move(long source, int vectors, long target) {
        for (int i = 0; i < vectors; i++, source += BYTES, target += BYTES) {
            IntVector.fromMemorySegment(INTS, ALL, source, ORDER).intoMemorySegment(ALL, target, ORDER);
        }
    }

    static void loadHalfWords(long source, int vectors, long lanes) {
        for (int i = 0; i < vectors; i++, source += HALF_BYTES, lanes += BYTES) {
            IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, ALL, source, ORDER)
                    .convertShape(VectorOperators.S2I, INTS, 0);
            bits.intoMemorySegment(ALL, lanes, ORDER);
        }
    }

    static void storeHalfWords(long lanes, int vectors, long target) {
        for (int i = 0; i < vectors; i++, lanes += BYTES, target += HALF_BYTES) {
            ShortVector halves = (ShortVector)
                    IntVector.fromMemorySegment(INTS, ALL, lanes, ORDER).convertShape(VectorOperators.I2S, SHORTS, 0);
            halves.intoMemorySegment(ALL, target, ORDER);
        }
    }

    static void loadBf16(long source, int vectors, long lanes) {
        for (int i = 0; i < vectors; i++, source += HALF_BYTES, lanes += BYTES) {
            IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, ALL, source, ORDER)
                    .convertShape(VectorOperators.S2I, INTS, 0);
            bits.lanewise(VectorOperators.LSHL, 16).intoMemorySegment(ALL, lanes, ORDER);
        }
    }

    static void storeBf16(long lanes, int vectors, long target) {
        for (int i = 0; i < vectors; i++, lanes += BYTES, target += HALF_BYTES) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, lanes, ORDER);
            IntVector bits = x.reinterpretAsInts();
            // Half a unit in the last place less one bit, plus that place's own bit: ties go to even.
            IntVector rounded =
                    bits.add(bits.lanewise(VectorOperators.LSHR, 16).and(1)).add(0x7FFF);
            IntVector chosen =
                    rounded.blend(bits.or(QUIET), x.test(VectorOperators.IS_NAN).cast(INTS));
            ShortVector upper = (ShortVector)
                    chosen.lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, SHORTS, 0);
            upper.intoMemorySegment(ALL, target, ORDER);
        }
    }

    static void loadF16(long source, int vectors, long lanes) {
        for (int i = 0; i < vectors; i++, source += HALF_BYTES, lanes += BYTES) {
            IntVector bits = (IntVector) ShortVector.fromMemorySegment(SHORTS, ALL, source, ORDER)
                    .convertShape(VectorOperators.S2I, INTS, 0);
            IntVector magnitude = bits.and(0x7FFF).lanewise(VectorOperators.LSHL, 13);
            // The product has the exponent of f32 and makes subnormal numbers normal.
            IntVector finite = magnitude.reinterpretAsFloats().mul(BIAS_FACTOR).reinterpretAsInts();
            IntVector chosen = finite.blend(
                            magnitude.or(0x7F80_0000), magnitude.compare(VectorOperators.GE, 0x7C00 << 13))
                    .blend(magnitude.or(0x7F80_0000 | QUIET), magnitude.compare(VectorOperators.GT, 0x7C00 << 13))
                    .or(bits.and(0x8000).lanewise(VectorOperators.LSHL, 16));
            chosen.intoMemorySegment(ALL, lanes, ORDER);
        }
    }

    static void storeF16(long lanes, int vectors, long target) {
        for (int i = 0; i < vectors; i++, lanes += BYTES, target += HALF_BYTES) {
            FloatVector x = FloatVector.fromMemorySegment(SPECIES, ALL, lanes, ORDER);
            IntVector bits = x.reinterpretAsInts();
            IntVector magnitude = bits.and(0x7FFF_FFFF);
            // As bf16, only that the exponent has another bias; a carry beyond the greatest number makes infinity.
            IntVector normal = magnitude
                    .add(magnitude.lanewise(VectorOperators.LSHR, 13).and(1))
                    .add(0xFFF - (BIASES << 23))
                    .lanewise(VectorOperators.LSHR, 13);
            // Subnormal numbers count up by 2^-24, as do floats from 0.5 on: the addition rounds.
            FloatVector counted = magnitude.reinterpretAsFloats().add(0.5f);
            IntVector subnormal = counted.reinterpretAsInts().sub(Float.floatToRawIntBits(0.5f));
            IntVector chosen = normal.blend(subnormal, magnitude.lt(MIN_NORMAL_F16))
                    .blend(0x7C00, magnitude.compare(VectorOperators.GE, OVERFLOW_F16))
                    .blend(NAN_F16, x.test(VectorOperators.IS_NAN).cast(INTS))
                    .or(bits.lanewise(VectorOperators.LSHR, 16).and(0x8000));
            ShortVector halves = (ShortVector) chosen.convertShape(VectorOperators.I2S, SHORTS, 0);
            halves.intoMemorySegment(ALL, target, ORDER);
        }
    }

    static void loadInts(long source, int vectors, long lanes) {
        for (int i = 0; i < vectors; i++, source += BYTES, lanes += BYTES) {
            ((FloatVector) IntVector.fromMemorySegment(INTS, ALL, source, ORDER).convert(VectorOperators.I2F, 0))
                    .intoMemorySegment(ALL, lanes, ORDER);
        }
    }

    static void storeInts(long lanes, int vectors, long target) {
        for (int i = 0; i < vectors; i++, lanes += BYTES, target += BYTES) {
            ((IntVector) FloatVector.fromMemorySegment(SPECIES, ALL, lanes, ORDER)
                            .convert(VectorOperators.F2I, 0))
                    .intoMemorySegment(ALL, target, ORDER);
        }
    }
}

package io.llm2clip.kernels.cpu.elementwise;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.runtime.Memory;
import io.llm2clip.kernels.cpu.runtime.Ranges;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.VectorMath;
import io.llm2clip.kernels.cpu.simd.Widening;
import io.llm2clip.kernels.operations.Convert;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Conversions between element types. */
public final class ConvertKernel {
    private static final VectorSpecies<Integer> INTS = VectorMath.SPECIES.withLanes(int.class);
    /** As many lanes as a vector of floats, in half the width. */
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(VectorMath.SPECIES.vectorBitSize() / 2));

    /** By how much more the exponent of an f32 is biased than that of an f16. */
    private static final int BIASES = 127 - 15;

    private static final int LEAST_NORMAL_F16 = Float.floatToRawIntBits(0x1p-14f);
    /** Half way from the greatest f16 to what would be the next. */
    private static final int OVERFLOW_F16 = Float.floatToRawIntBits(65520f);

    private ConvertKernel() {}

    public static Launch bind(Convert op, long[] addresses, Workers workers) {
        long in = addresses[0];
        long out = addresses[1];
        Loop loop = loop(op);
        return Ranges.launch(
                workers,
                op.elements(),
                1,
                (from, to, worker) -> loop.run(
                        in + from * op.from().bytes(),
                        to - from,
                        out + from * op.to().bytes()));
    }

    private interface Loop {
        void run(long in, long count, long out);
    }

    private static Loop loop(Convert op) {
        return switch (op.to()) {
            case BF16 -> ConvertKernel::toBf16;
            case F16 -> ConvertKernel::toF16;
            case I32 -> ConvertKernel::toInt;
            case F32, BOOL ->
                switch (op.from()) {
                    case BF16 -> Widening::bf16;
                    case F16 -> Widening::f16;
                    case I32, F32, BOOL -> ConvertKernel::fromInt;
                    case Q8, Q4 -> throw new IllegalStateException(op + " is not made.");
                };
            case Q8, Q4 -> throw new IllegalStateException(op + " is not made.");
        };
    }

    private static void toBf16(long in, long count, long out) {
        for (long i = 0; i < count; i += LANES) {
            int left = (int) Math.min(LANES, count - i);
            FloatVector x = FloatVector.fromMemorySegment(
                    SPECIES, ALL, in + i * Float.BYTES, ORDER, SPECIES.indexInRange(0, left));
            IntVector bits = x.reinterpretAsInts();
            // Half a unit in the last place less one bit, plus that place's own bit: ties go to even.
            IntVector rounded =
                    bits.add(bits.lanewise(VectorOperators.LSHR, 16).and(1)).add(0x7FFF);
            IntVector chosen = rounded.blend(
                    bits.or(0x0040_0000), x.test(VectorOperators.IS_NAN).cast(INTS));
            ShortVector upper = (ShortVector)
                    chosen.lanewise(VectorOperators.LSHR, 16).convertShape(VectorOperators.I2S, SHORTS, 0);
            upper.intoMemorySegment(
                    Memory.ALL, out + i * Short.BYTES, ByteOrder.nativeOrder(), SHORTS.indexInRange(0, left));
        }
    }

    private static void toF16(long in, long count, long out) {
        for (long i = 0; i < count; i += LANES) {
            int left = (int) Math.min(LANES, count - i);
            FloatVector x = FloatVector.fromMemorySegment(
                    SPECIES, ALL, in + i * Float.BYTES, ORDER, SPECIES.indexInRange(0, left));
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
            IntVector chosen = normal.blend(subnormal, magnitude.lt(LEAST_NORMAL_F16))
                    .blend(0x7C00, magnitude.compare(VectorOperators.GE, OVERFLOW_F16))
                    .blend(0x7E00, x.test(VectorOperators.IS_NAN).cast(INTS))
                    .or(bits.lanewise(VectorOperators.LSHR, 16).and(0x8000));
            ShortVector halves = (ShortVector) chosen.convertShape(VectorOperators.I2S, SHORTS, 0);
            halves.intoMemorySegment(
                    Memory.ALL, out + i * Short.BYTES, ByteOrder.nativeOrder(), SHORTS.indexInRange(0, left));
        }
    }

    private static void toInt(long in, long count, long out) {
        for (long i = 0; i < count; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, (int) Math.min(LANES, count - i));
            IntVector integers =
                    (IntVector) FloatVector.fromMemorySegment(SPECIES, ALL, in + i * Float.BYTES, ORDER, mask)
                            .convert(VectorOperators.F2I, 0);
            integers.reinterpretAsFloats().intoMemorySegment(ALL, out + i * Integer.BYTES, ORDER, mask);
        }
    }

    private static void fromInt(long in, long count, long out) {
        for (long i = 0; i < count; i += LANES) {
            VectorMask<Float> mask = SPECIES.indexInRange(0, (int) Math.min(LANES, count - i));
            IntVector integers = FloatVector.fromMemorySegment(SPECIES, ALL, in + i * Integer.BYTES, ORDER, mask)
                    .reinterpretAsInts();
            ((FloatVector) integers.convert(VectorOperators.I2F, 0))
                    .intoMemorySegment(ALL, out + i * Float.BYTES, ORDER, mask);
        }
    }
}

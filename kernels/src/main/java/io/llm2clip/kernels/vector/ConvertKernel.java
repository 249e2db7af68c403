package io.llm2clip.kernels.vector;

import static io.llm2clip.kernels.vector.Memory.ALL;
import static io.llm2clip.kernels.vector.VectorMath.SPECIES;
import static io.llm2clip.kernels.vector.Vectors.LANES;
import static io.llm2clip.kernels.vector.Vectors.ORDER;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.Launch;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Conversions between element types. */
final class ConvertKernel {
    private static final VectorSpecies<Integer> INTS = VectorMath.SPECIES.withLanes(int.class);
    /** As many lanes as a vector of floats, in half the width. */
    private static final VectorSpecies<Short> SHORTS =
            VectorSpecies.of(short.class, VectorShape.forBitSize(VectorMath.SPECIES.vectorBitSize() / 2));

    private ConvertKernel() {}

    static Launch bind(KernelOp.Convert op, long[] addresses, Workers workers) {
        long in = addresses[0];
        long out = addresses[1];
        Loop loop = op.to() == DType.BF16
                ? ConvertKernel::toBf16
                : op.to() == DType.I32
                        ? ConvertKernel::toInt
                        : op.from() == DType.BF16 ? ConvertKernel::fromBf16 : ConvertKernel::fromInt;
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

    private static void fromBf16(long in, long count, long out) {
        for (long i = 0; i < count; i += LANES) {
            int left = (int) Math.min(LANES, count - i);
            ShortVector upper = ShortVector.fromMemorySegment(
                    SHORTS, Memory.ALL, in + i * Short.BYTES, ByteOrder.nativeOrder(), SHORTS.indexInRange(0, left));
            IntVector bits = (IntVector) upper.convertShape(VectorOperators.S2I, INTS, 0);
            bits.lanewise(VectorOperators.LSHL, 16)
                    .reinterpretAsFloats()
                    .intoMemorySegment(ALL, out + i * Float.BYTES, ORDER, SPECIES.indexInRange(0, left));
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

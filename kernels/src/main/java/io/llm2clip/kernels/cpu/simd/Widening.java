package io.llm2clip.kernels.cpu.simd;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static io.llm2clip.kernels.cpu.simd.VectorMath.SPECIES;
import static io.llm2clip.kernels.cpu.simd.Vectors.LANES;
import static io.llm2clip.kernels.cpu.simd.Vectors.ORDER;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Memory;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;

/** Stored elements that stand for numbers, as f32. */
public final class Widening {
    private static final VectorSpecies<Integer> INTS = SPECIES.withLanes(int.class);
    /** As many lanes as a vector of floats where there is a shape so small; else of two vectors. */
    private static final VectorSpecies<Byte> BYTES =
            VectorSpecies.of(byte.class, VectorShape.forBitSize(Math.max(64, SPECIES.vectorBitSize() / 4)));

    private static final int BYTE_LANES = BYTES.length();
    private static final int BLOCK = DType.Q8.blockSize();
    private static final int HALF_BLOCK = BLOCK / 2;

    private Widening() {}

    /**
     * Widens elements that follow each other in memory.
     *
     * @param format their format
     * @param in the first element; of a quantized format a block
     * @param skip elements after it that are left out, a multiple of 8
     * @param count how many to write; of a quantized format a multiple of 8
     * @param out where the first one goes
     */
    public static void toFloats(DType format, long in, int skip, long count, long out) {
        switch (format) {
            case F32, BOOL -> Memory.copy(in + skip * 4L, out, count * 4);
            case BF16 -> ElementFormat.BF16.load(in + skip * 2L, Math.toIntExact(count), out);
            case F16 -> ElementFormat.F16.load(in + skip * 2L, Math.toIntExact(count), out);
            case Q8, Q4, Q4_1 -> blocks(format, in, skip, count, out);
            case I32 -> throw new IllegalArgumentException("Elements of I32 are no stored numbers; convert them.");
        }
    }

    private static void blocks(DType format, long in, int skip, long count, long out) {
        for (long done = 0; done < count; ) {
            int first = (int) ((skip + done) % BLOCK);
            int some = (int) Math.min(BLOCK - first, count - done);
            long block = in + format.bytes(skip + done - first);
            switch (format) {
                case Q8 -> q8(block, first, some, out + done * 4);
                case Q4 -> nibbles(block, Short.BYTES, 8, -0.0f, first, some, out + done * 4);
                case Q4_1 -> nibbles(block, 2 * Short.BYTES, 0, half(block + Short.BYTES), first, some, out + done * 4);
                default -> throw new IllegalArgumentException(format + " has no blocks.");
            }
            done += some;
        }
    }

    private static float half(long address) {
        return Float.float16ToFloat(ALL.get(JAVA_SHORT_UNALIGNED, address));
    }

    private static void q8(long block, int first, int count, long out) {
        float scale = half(block);
        for (int i = 0; i < count; i += BYTE_LANES) {
            ByteVector q = ByteVector.fromMemorySegment(BYTES, ALL, block + Short.BYTES + first + i, ORDER);
            for (int lane = 0, part = 0; lane < BYTE_LANES; lane += LANES, part++) {
                ((FloatVector) ((IntVector) q.convertShape(VectorOperators.B2I, INTS, part))
                                .convert(VectorOperators.I2F, 0))
                        .mul(scale)
                        .intoMemorySegment(ALL, out + (i + lane) * 4L, ORDER);
            }
        }
    }

    /**
     * @param header bytes before the nibbles
     * @param zero the nibble that stands for zero, where there is no minimum
     * @param minimum what is added; -0 changes no number, zeros included
     */
    private static void nibbles(long block, int header, int zero, float minimum, int first, int count, long out) {
        float scale = half(block);
        for (int i = 0; i < count; i += BYTE_LANES) {
            int element = first + i;
            long at = block + header + element % HALF_BLOCK;
            ByteVector pairs = ByteVector.fromMemorySegment(BYTES, ALL, at, ORDER);
            ByteVector q = element < HALF_BLOCK ? pairs : pairs.lanewise(VectorOperators.LSHR, 4);
            ByteVector centered = q.and((byte) 15).sub((byte) zero);
            for (int lane = 0, part = 0; lane < BYTE_LANES; lane += LANES, part++) {
                ((FloatVector) ((IntVector) centered.convertShape(VectorOperators.B2I, INTS, part))
                                .convert(VectorOperators.I2F, 0))
                        .mul(scale)
                        .add(minimum)
                        .intoMemorySegment(ALL, out + (i + lane) * 4L, ORDER);
            }
        }
    }
}

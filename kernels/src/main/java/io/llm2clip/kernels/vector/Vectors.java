package io.llm2clip.kernels.vector;

import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorShuffle;

/** Vectors at raw addresses. */
public final class Vectors {
    /** Lanes of a vector. */
    public static final int LANES = VectorMath.SPECIES.length();
    /** Size of a vector in bytes. */
    public static final int BYTES = LANES * Float.BYTES;

    private static final VectorShuffle<Float> BY_8 = rotation(8);
    private static final VectorShuffle<Float> BY_4 = rotation(4);
    private static final VectorShuffle<Float> BY_2 = rotation(2);
    private static final VectorShuffle<Float> BY_1 = rotation(1);

    private Vectors() {}

    /** Reads a vector. */
    public static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(VectorMath.SPECIES, Memory.ALL, address, ByteOrder.nativeOrder());
    }

    /** Writes a vector. */
    public static void store(FloatVector vector, long address) {
        vector.intoMemorySegment(Memory.ALL, address, ByteOrder.nativeOrder());
    }

    /** Reads the lanes of the mask only; the others are 0. */
    public static FloatVector load(long address, VectorMask<Float> mask) {
        return FloatVector.fromMemorySegment(VectorMath.SPECIES, Memory.ALL, address, ByteOrder.nativeOrder(), mask);
    }

    /** Writes the lanes of the mask only. */
    public static void store(FloatVector vector, long address, VectorMask<Float> mask) {
        vector.intoMemorySegment(Memory.ALL, address, ByteOrder.nativeOrder(), mask);
    }

    /** The first {@code count} lanes. */
    public static VectorMask<Float> first(int count) {
        return VectorMath.SPECIES.indexInRange(0, count);
    }

    /**
     * The sum of all lanes in one fixed order. {@code reduceLanes} promises none: it changes when the code is compiled.
     */
    public static float sum(FloatVector v) {
        if (LANES >= 16) {
            v = v.add(v.rearrange(BY_8));
        }
        if (LANES >= 8) {
            v = v.add(v.rearrange(BY_4));
        }
        if (LANES >= 4) {
            v = v.add(v.rearrange(BY_2));
        }
        return v.add(v.rearrange(BY_1)).lane(0);
    }

    private static VectorShuffle<Float> rotation(int by) {
        return VectorShuffle.fromOp(VectorMath.SPECIES, lane -> (lane + by) % VectorMath.SPECIES.length());
    }
}

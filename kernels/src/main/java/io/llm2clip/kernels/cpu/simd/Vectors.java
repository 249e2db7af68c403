package io.llm2clip.kernels.cpu.simd;

import io.llm2clip.kernels.cpu.runtime.Memory;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;

/**
 * Vectors at raw addresses.
 *
 * <p>Long loops call the Vector API directly instead, however that reads: its methods are always inlined, whereas a helper of
 * ours is not once the compiler's node budget is spent, and then every vector is boxed.
 */
public final class Vectors {
    /** Lanes of a vector. */
    public static final int LANES = VectorMath.SPECIES.length();
    /** Size of a vector in bytes. */
    public static final int BYTES = LANES * Float.BYTES;

    public static final ByteOrder ORDER = ByteOrder.nativeOrder();

    private Vectors() {}

    /** Reads a vector. */
    public static FloatVector load(long address) {
        return FloatVector.fromMemorySegment(VectorMath.SPECIES, Memory.ALL, address, ByteOrder.nativeOrder());
    }

    /** A value in all lanes. */
    public static FloatVector broadcast(float value) {
        return FloatVector.broadcast(VectorMath.SPECIES, value);
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
        float[] lanes = v.toArray();
        for (int half = LANES / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                lanes[i] += lanes[i + half];
            }
        }
        return lanes[0];
    }
}

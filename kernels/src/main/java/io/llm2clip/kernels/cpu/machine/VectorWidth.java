package io.llm2clip.kernels.cpu.machine;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import org.jspecify.annotations.Nullable;

/** The vectors of f32 that programs use, the widest first. */
public enum VectorWidth {
    /** Vectors of 512 bits. */
    AVX512(Feature.AVX512, 16, 32),
    /** Vectors of 256 bits. */
    AVX2(Feature.AVX2, 8, 16);

    /** Room for the mask of a vector of either width. */
    public static final int MASK_BYTES = 32;

    /** How many vectors may have lanes that do not exist. */
    private static final int MASKED = 2;

    private final Feature feature;
    private final int count;
    private final int registers;

    VectorWidth(Feature feature, int count, int registers) {
        this.feature = feature;
        this.count = count;
        this.registers = registers;
    }

    /** The widest that a CPU has; null if it has none. */
    public static @Nullable VectorWidth widest(CpuFeatures features) {
        for (VectorWidth width : values()) {
            if (features.missing(width.feature) == null) {
                return width;
            }
        }
        return null;
    }

    /** What the CPU needs to have. */
    public Feature feature() {
        return feature;
    }

    /** Lanes of a vector. */
    public int count() {
        return count;
    }

    /** Bytes of a vector. */
    public int bytes() {
        return count * Float.BYTES;
    }

    /** Vector registers that there are. */
    public int registers() {
        return registers;
    }

    /** The instructions for these vectors in a program. */
    public Lanes lanes(Assembler assembler) {
        return switch (this) {
            case AVX512 -> new Lanes512(assembler);
            case AVX2 -> new Lanes256(assembler);
        };
    }

    /** Writes which of the elements of two vectors exist: a bit for each in 64 bits per vector, or a lane of 32. */
    public void masks(long to, int elements) {
        for (int vector = 0; vector < MASKED; vector++) {
            mask(to + (long) vector * maskBytes(), 0, Math.clamp(elements - vector * count, 0, count));
        }
    }

    /** Writes the mask of some lanes of a vector, from the first of them on, in that form. */
    public void mask(long to, int first, int lanes) {
        switch (this) {
            case AVX512 -> ALL.set(JAVA_LONG_UNALIGNED, to, (1L << lanes) - 1 << first);
            case AVX2 -> {
                for (int lane = 0; lane < count; lane++) {
                    int bits = lane >= first && lane < first + lanes ? -1 : 0;
                    ALL.set(JAVA_INT_UNALIGNED, to + lane * (long) Integer.BYTES, bits);
                }
            }
        }
    }

    private int maskBytes() {
        return switch (this) {
            case AVX512 -> Long.BYTES;
            case AVX2 -> count * Integer.BYTES;
        };
    }
}

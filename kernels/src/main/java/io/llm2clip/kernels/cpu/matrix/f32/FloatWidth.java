package io.llm2clip.kernels.cpu.matrix.f32;

import static io.llm2clip.kernels.cpu.runtime.Memory.ALL;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.llm2clip.kernels.cpu.machine.Assembler;
import io.llm2clip.kernels.cpu.machine.Feature;

/** The vectors that f32 code may use. */
public enum FloatWidth {
    /** All 32 registers: 28 sums, two vectors of B, two elements of A. */
    AVX512(Feature.AVX512, 16, 14),
    /** All 16 registers: 12 sums, two vectors of B, two elements of A. */
    AVX2(Feature.AVX2, 8, 6);

    /** Room for the masks of two vectors of either width. */
    static final int MASK_BYTES = 64;

    private final Feature feature;
    private final int count;
    private final int rows;

    FloatWidth(Feature feature, int count, int rows) {
        this.feature = feature;
        this.count = count;
        this.rows = rows;
    }

    /** What the CPU needs to have. */
    Feature feature() {
        return feature;
    }

    /** Lanes of a vector. */
    public int count() {
        return count;
    }

    /** Most rows of a tile. */
    public int rows() {
        return rows;
    }

    Lanes lanes(Assembler assembler) {
        return switch (this) {
            case AVX512 -> new Lanes512(assembler);
            case AVX2 -> new Lanes256(assembler);
        };
    }

    /** Writes which of the columns of two vectors exist: a bit for each in 64 bits per vector, or a lane of 32. */
    void masks(long to, int columns) {
        switch (this) {
            case AVX512 -> {
                for (int vector = 0; vector < TileProgram.VECTORS; vector++) {
                    long exist = Math.clamp(columns - vector * count, 0, count);
                    ALL.set(JAVA_LONG_UNALIGNED, to + vector * (long) Long.BYTES, (1L << exist) - 1);
                }
            }
            case AVX2 -> {
                for (int lane = 0; lane < TileProgram.VECTORS * count; lane++) {
                    ALL.set(JAVA_INT_UNALIGNED, to + lane * (long) Integer.BYTES, lane < columns ? -1 : 0);
                }
            }
        }
    }
}

package io.llm2clip.kernels.cpu.machine;

/** Instructions that kernels need beyond those that every x86-64 CPU has. */
public enum Feature {
    /** Vectors of 512 bits, with what AVX-512 has for lanes of 32 bits and for words. */
    AVX512,
    /** Dot products of pairs of bf16 in vectors of 512 bits. */
    AVX512_BF16,
    /** Dot products of four bytes in vectors of 512 bits. */
    AVX512_VNNI,
    /** Integers in vectors of 256 bits, multiply-adds, and f16. */
    AVX2,
    /** Beside {@link #AVX2}, dot products of four bytes. */
    AVX_VNNI,
    /** Products of tiles of bf16. */
    AMX_BF16,
    /** Products of tiles of bytes. */
    AMX_INT8;

    /** Bits of the vectors that are needed; tiles are filled and emptied by vectors. */
    int bits() {
        return this == AVX2 || this == AVX_VNNI ? 256 : 512;
    }

    /** Whether these multiply whole tiles, by far more at a time than vectors. */
    public boolean tiles() {
        return this == AMX_BF16 || this == AMX_INT8;
    }
}

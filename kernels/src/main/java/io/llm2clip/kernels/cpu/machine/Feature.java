package io.llm2clip.kernels.cpu.machine;

/** Instructions that kernels need beyond those that every x86-64 CPU has. */
public enum Feature {
    /** Dot products of pairs of bf16 in vectors of 512 bits. */
    AVX512_BF16,
    /** Dot products of four bytes in vectors of 512 bits. */
    AVX512_VNNI,
    /** Products of tiles of bf16. */
    AMX_BF16
}

package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.Feature;

/** Encodes what multiplies panels of A by a panel of B, both of bf16, {@code C = add + A B}. */
sealed interface Bf16Kernel permits Avx512Kernel, AmxKernel {

    /** What the CPU needs to have. */
    Feature feature();

    /**
     * Most rows of a panel of A.
     *
     * @param parts numbers that stand for an element of it
     */
    int rows(int parts);

    /** A program whose argument is the address of a {@link PanelCall}. */
    byte[] code(PanelShape shape, Parts parts);
}

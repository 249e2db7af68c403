package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.cpu.machine.Feature;

/** Encodes what multiplies panels of A by a panel of B, both of bf16, {@code C = add + A B}. */
sealed interface Bf16Kernel permits Avx512Kernel, AmxKernel {

    /** What the CPU needs to have. */
    Feature feature();

    /** Most rows of a panel of A. */
    int rows(int parts);

    /**
     * A program whose argument is the address of a {@link PanelCall}.
     *
     * @param parts of a step: 1, or 2 for three products
     */
    byte[] code(PanelShape shape, int parts);
}

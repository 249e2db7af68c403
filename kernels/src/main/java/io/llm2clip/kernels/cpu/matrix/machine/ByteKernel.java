package io.llm2clip.kernels.cpu.matrix.machine;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.machine.Feature;

/** Encodes what quantizes A, and what multiplies its panels by a panel of B of quantized weights. */
sealed interface ByteKernel permits AmxByteKernel, Avx512ByteKernel, Avx2ByteKernel {

    /** What the CPU needs to have. */
    Feature feature();

    /** Most rows of a panel of A. */
    int rows();

    /**
     * A program whose argument is the address of a {@link PanelCall}.
     *
     * @param rows of each panel of A
     * @param format of B
     */
    byte[] multiply(int rows, DType format);

    /**
     * A program whose argument is the address of a {@link QuantizeCall}.
     *
     * @param format of B
     */
    byte[] quantize(DType format);
}

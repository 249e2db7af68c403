package io.llm2clip.kernels.cpu.elementwise;

/** One expression as one loop over whole vectors. */
interface ExpressionLoop {
    /**
     * Evaluates elements {@code 0 .. vectors * LANES - 1}.
     *
     * @param vectors number of vectors
     * @param inputs an address an input: of one element where it is a scalar, else of as many as are evaluated
     * @param literals a value an instruction; those of constants are read
     * @param out where the results go; may equal an input's address
     */
    void run(int vectors, long[] inputs, float[] literals, long out);
}

package io.llm2clip.kernels.cpu;

/**
 * What multiplies matrices on this machine.
 *
 * @param name the matrix unit, as the system property {@code llm2clip.matrix} names it
 * @param reason why it is that one, as half a sentence
 */
public record MatrixUnitChoice(String name, String reason) {}

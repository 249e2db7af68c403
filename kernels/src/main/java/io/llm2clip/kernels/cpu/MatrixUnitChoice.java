package io.llm2clip.kernels.cpu;

/**
 * What multiplies matrices on this machine.
 *
 * @param name the matrix unit, as the system property {@code llm2clip.matrix} names it
 * @param reason why it is that one, as half a sentence
 * @param tiles whether an instruction of it multiplies whole tiles, by far more at a time than vectors
 */
public record MatrixUnitChoice(String name, String reason, boolean tiles) {
    static MatrixUnitChoice of(MatrixUnits.Choice choice) {
        return new MatrixUnitChoice(
                choice.unit().name(), choice.reason(), choice.unit().tiles());
    }
}

package io.llm2clip.tensor;

/**
 * How a program is to be compiled.
 *
 * @param precision of its matrix multiplications; a device that does not have it refuses the program
 */
public record ProgramOptions(Precision precision) {
    /** Everything in f32. */
    public static final ProgramOptions DEFAULT = new ProgramOptions(Precision.F32);
}

package io.llm2clip.tensor;

/**
 * How a program is to be compiled.
 *
 * @param precision of its matrix multiplications; a device that does not have it refuses the program
 * @param nanCheck whether a run stops at the first kernel that yields NaN, see {@link #withNanCheck}
 */
public record ProgramOptions(Precision precision, boolean nanCheck) {
    /** Everything in f32. */
    public static final ProgramOptions DEFAULT = new ProgramOptions(Precision.F32);

    /** Without checks. */
    public ProgramOptions(Precision precision) {
        this(precision, false);
    }

    /**
     * The same, for a program whose runs stop at the first kernel that yields NaN, with an {@link ArithmeticException} that names the
     * kernel, its operands and the element. Every value that is stored is looked at, so runs take longer. NaN in inputs and variables
     * is no fault as long as no result has any.
     *
     * <p>The system property {@code llm2clip.nancheck=true} has all programs checked; then nodes also note where they are built, and
     * messages say that, too.
     */
    public ProgramOptions withNanCheck() {
        return new ProgramOptions(precision, true);
    }
}

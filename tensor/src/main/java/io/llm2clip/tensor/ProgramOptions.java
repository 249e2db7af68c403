package io.llm2clip.tensor;

/**
 * How a program is to be compiled.
 *
 * @param precision of its matrix multiplications; a device that does not have it refuses the program
 * @param nanCheck whether a run stops at the first kernel that yields NaN, see {@link #withNanCheck}
 * @param timed whether the time of each kernel is measured, see {@link #withKernelTimes}
 * @param planned whether there is a plan only, see {@link #asPlan}
 */
public record ProgramOptions(Precision precision, boolean nanCheck, boolean timed, boolean planned) {
    /** Everything in f32. */
    public static final ProgramOptions DEFAULT = new ProgramOptions(Precision.F32);

    /** To be run, without checks or times. */
    public ProgramOptions(Precision precision) {
        this(precision, false, false, false);
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
        return new ProgramOptions(precision, true, timed, planned);
    }

    /**
     * The same, for a program that measures the time of each kernel: {@link Program#explain} begins with a table of them then, with
     * what they compute and move per second. Results are the same. Devices other than the CPU get their kernels one by one, so that
     * theirs is the time with a launch.
     */
    public ProgramOptions withKernelTimes() {
        return new ProgramOptions(precision, nanCheck, true, planned);
    }

    /**
     * The same, for a program that takes no memory and cannot be run, but says what it would take and do: {@link Program#memory}, {@link
     * Program#flops} and {@link Program#explain}.
     */
    public ProgramOptions asPlan() {
        return new ProgramOptions(precision, nanCheck, timed, true);
    }
}

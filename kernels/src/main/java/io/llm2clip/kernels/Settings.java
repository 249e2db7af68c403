package io.llm2clip.kernels;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The system properties {@code llm2clip.*} that decide how kernels for the CPU run. A value that means nothing is refused with a
 * sentence, never replaced by the default.
 */
public final class Settings {
    /** Threads of the shared pool. */
    private static final String THREADS = "llm2clip.threads";
    /** Width of vectors. */
    public static final String VECTOR_BITS = "llm2clip.vector.bits";
    /** What multiplies matrices. */
    public static final String MATRIX_UNIT = "llm2clip.matrix";
    /** Whether hot expressions are compiled. */
    private static final String GENERATE = "llm2clip.vector.generate";

    /** Whether programs of machine code may be used. */
    public static final String MACHINE_CODE = "llm2clip.machine";

    /** Whether memory is overwritten before it is used again. */
    private static final String POISON = "llm2clip.poison";

    /** Whether programs stop where values stop being numbers. */
    private static final String NAN_CHECK = "llm2clip.nancheck";

    /** Whether kernels are compiled ahead of their use. */
    private static final String WARM_UP = "llm2clip.warmup";

    private static final List<String> WIDTHS = List.of("128", "256", "512");
    /** What a pool may have on small machines, too, so that one configuration fits several. */
    private static final int SOME_THREADS = 64;

    private static final int THREADS_PER_PROCESSOR = 4;

    private Settings() {}

    /**
     * Looks at all of them, to be called before a class reads one for good: a class whose initializer fails stays unusable.
     *
     * @throws IllegalArgumentException naming the property, its value and what was expected
     */
    public static void check() {
        threads();
        vectorBits();
        generates();
        machineCode();
        poisons();
        checksNan();
        warmsUp();
    }

    /** {@code llm2clip.threads}, how many threads work on a loop; one per processor if it is not set. */
    public static int threads() {
        int processors = Runtime.getRuntime().availableProcessors();
        return threads(System.getProperty(THREADS), processors);
    }

    static int threads(@Nullable String value, int processors) {
        if (value == null) {
            return processors;
        }
        int most = maxThreads(processors);
        try {
            int threads = Integer.parseInt(value.strip());
            if (threads >= 1 && threads <= most) {
                return threads;
            }
        } catch (NumberFormatException e) {
            // As any other value that is no number of threads.
        }
        throw refused(THREADS, value, "a number of threads from 1 to " + most, "one thread per processor");
    }

    /** The most threads of a pool: more than that only wait for each other. */
    public static int maxThreads(int processors) {
        return Math.max(SOME_THREADS, THREADS_PER_PROCESSOR * processors);
    }

    /**
     * {@code llm2clip.vector.bits}, the width of all vector kernels, and the most that machine code has; 0 if it is not set, for what the
     * machine prefers.
     */
    public static int vectorBits() {
        return vectorBits(System.getProperty(VECTOR_BITS));
    }

    static int vectorBits(@Nullable String value) {
        if (value == null) {
            return 0;
        }
        if (!WIDTHS.contains(value.strip())) {
            throw refused(VECTOR_BITS, value, "one of " + WIDTHS, "the width that this machine prefers");
        }
        return Integer.parseInt(value.strip());
    }

    /** {@code llm2clip.matrix}, the name of the matrix unit to use; null if it is not set, for the fastest. */
    public static @Nullable String matrixUnit() {
        String value = System.getProperty(MATRIX_UNIT);
        return value == null ? null : value.strip();
    }

    /** {@code llm2clip.vector.generate}, whether expressions get code of their own once they are hot; true if it is not set. */
    public static boolean generates() {
        return generates(System.getProperty(GENERATE));
    }

    static boolean generates(@Nullable String value) {
        return truth(GENERATE, value, true);
    }

    /** {@code llm2clip.machine}, whether kernels may be machine code that is encoded at run time; true if it is not set. */
    public static boolean machineCode() {
        return machineCode(System.getProperty(MACHINE_CODE));
    }

    static boolean machineCode(@Nullable String value) {
        return truth(MACHINE_CODE, value, true);
    }

    /**
     * {@code llm2clip.poison}, whether programs fill their outputs and intermediate values with NaN before every run, so that nothing is
     * right because of what an earlier run has left; false if it is not set. For tests: it takes time.
     */
    public static boolean poisons() {
        return poisons(System.getProperty(POISON));
    }

    static boolean poisons(@Nullable String value) {
        return truth(POISON, value, false);
    }

    /**
     * {@code llm2clip.nancheck}, whether every program stops at the first kernel that yields NaN, and nodes note where they are built;
     * false if it is not set. For finding faults: it takes time.
     */
    public static boolean checksNan() {
        return checksNan(System.getProperty(NAN_CHECK));
    }

    static boolean checksNan(@Nullable String value) {
        return truth(NAN_CHECK, value, false);
    }

    /**
     * {@code llm2clip.warmup}, whether something is done about kernels that the JVM has not compiled yet; true if it is not set. For tests, in
     * which kernels meet all operands themselves.
     */
    public static boolean warmsUp() {
        return warmsUp(System.getProperty(WARM_UP));
    }

    static boolean warmsUp(@Nullable String value) {
        return truth(WARM_UP, value, true);
    }

    private static boolean truth(String property, @Nullable String value, boolean standard) {
        return switch (value == null ? String.valueOf(standard) : value.strip()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw refused(property, String.valueOf(value), "true or false", String.valueOf(standard));
        };
    }

    private static IllegalArgumentException refused(String property, String value, String expected, String standard) {
        return new IllegalArgumentException("The system property " + property + " is '" + value + "', expected "
                + expected + "; correct -D" + property + ", or leave it out for " + standard + ".");
    }
}

package io.llm2clip.tensor;

import io.llm2clip.tensor.internal.accelerator.SmallArenas;
import org.jspecify.annotations.Nullable;

/**
 * Where tests run that hold for every device: on the CPU, or on what the system property {@code llm2clip.test.device} names, which is
 * the number of a device of TornadoVM or {@value #EMULATOR}.
 */
public final class TestExecution {
    /** The property that names a device. */
    public static final String DEVICE = "llm2clip.test.device";

    /** The device that is emulated, on which only small tests end soon. */
    public static final String EMULATOR = "emulator";

    private static final int ARENAS = 4;

    private static @Nullable Execution opened;

    private TestExecution() {}

    /** The execution of this JVM's tests. */
    public static synchronized Execution get() {
        if (System.getProperty(DEVICE) == null) {
            return Execution.cpu();
        }
        if (opened == null) {
            // Several arenas, of which programs take the last ones and variables the first.
            opened = new Execution(
                    open(ARENAS * Float.BYTES * arenaElements(), arenaElements()), ProgramOptions.DEFAULT);
        }
        return opened;
    }

    /** Elements of an arena of {@link #get}'s device: the size of tests that fill them. */
    public static long arenaElements() {
        return emulated() ? 1 << 18 : 4 << 20;
    }

    /**
     * Opens another device of the same kind.
     *
     * @param memoryBytes for f32 elements
     * @param elements of an arena of f32 ones
     */
    public static Device open(long memoryBytes, long elements) {
        return emulated()
                ? SmallArenas.emulated(memoryBytes, elements)
                : SmallArenas.open(Integer.parseInt(System.getProperty(DEVICE)), memoryBytes, elements);
    }

    private static boolean emulated() {
        return EMULATOR.equals(System.getProperty(DEVICE));
    }

    /** Closes the device, if one was opened. */
    public static synchronized void close() {
        if (opened != null) {
            opened.device().close();
            opened = null;
        }
    }
}

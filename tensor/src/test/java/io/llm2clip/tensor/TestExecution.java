package io.llm2clip.tensor;

import io.llm2clip.tensor.internal.accelerator.SmallArenas;
import org.jspecify.annotations.Nullable;

/**
 * Where tests run that hold for every device: on the CPU, or on the device whose number the system property
 * {@code llm2clip.test.device} gives.
 */
public final class TestExecution {
    /** The property that names a device. */
    public static final String DEVICE = "llm2clip.test.device";

    private static @Nullable Execution opened;

    private TestExecution() {}

    /** The execution of this JVM's tests. */
    public static synchronized Execution get() {
        String number = System.getProperty(DEVICE);
        if (number == null) {
            return Execution.cpu();
        }
        if (opened == null) {
            // Four arenas, of which programs take the last ones and variables the first.
            Device device = SmallArenas.open(Integer.parseInt(number), 64 << 20, 4 << 20);
            opened = new Execution(device, ProgramOptions.DEFAULT);
        }
        return opened;
    }

    /** Closes the device, if one was opened. */
    public static synchronized void close() {
        if (opened != null) {
            opened.device().close();
            opened = null;
        }
    }
}

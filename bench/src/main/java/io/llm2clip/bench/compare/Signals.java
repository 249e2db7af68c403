package io.llm2clip.bench.compare;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/** Stops processes that are not in turn, so that none of their threads spins, and lets them go on. */
final class Signals {
    /** As Linux numbers them. */
    private static final int CONTINUE = 18;

    private static final int STOP = 19;
    private static final MethodHandle KILL = Linker.nativeLinker()
            .downcallHandle(
                    Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private Signals() {}

    static void stop(Process process) {
        send(process, STOP);
    }

    static void resume(Process process) {
        send(process, CONTINUE);
    }

    private static void send(Process process, int signal) {
        // A number of a process that has ended may be another's.
        if (!process.isAlive()) {
            return;
        }
        try {
            int result = (int) KILL.invokeExact(Math.toIntExact(process.pid()), signal);
            if (result != 0 && process.isAlive()) {
                throw new IllegalStateException(
                        "Process " + process.pid() + " does not take signals; run all as one user.");
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}

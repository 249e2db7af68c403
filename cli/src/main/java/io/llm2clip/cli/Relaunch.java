package io.llm2clip.cli;

import io.llm2clip.tensor.machine.TornadoException;
import io.llm2clip.tensor.machine.TornadoRuntime;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts this program again in a JVM that was given TornadoVM, because a running one cannot be. */
final class Relaunch {
    /** Set in the new JVM, so that one without TornadoVM in spite of all arguments is not started again and again. */
    private static final String PROPERTY = "llm2clip.relaunched";

    /** The launcher's name for the descriptor of standard error; see the entry point. */
    private static final String STANDARD_ERROR = "llm2clip.stderr";

    /** The entry point by its name, because it is compiled on its own, after these classes and for an older Java. */
    private static final String MAIN = "io.llm2clip.cli.Main";

    private Relaunch() {}

    /**
     * Runs the program with the same arguments and waits for it. What it reads and prints is what this program would.
     *
     * @return its exit code
     * @throws TornadoException if there is no TornadoVM, or the JVM with it does not start
     */
    static int withTornado(List<String> arguments) {
        if (Boolean.getBoolean(PROPERTY)) {
            throw new TornadoException(TornadoRuntime.absence().orElse("TornadoVM is there already."), null);
        }
        TornadoRuntime runtime = TornadoRuntime.find();
        List<String> command = command(runtime.jvmArguments(null), arguments);
        ProcessBuilder builder = new ProcessBuilder(command).inheritIO();
        // Without it TornadoVM writes its logs below a folder "null" where the user is.
        builder.environment().put(TornadoRuntime.HOME_VARIABLE, runtime.home().toString());
        try (SignalHandlers handlers = new SignalHandlers()) {
            // Terminals send it to both, and the other one may have something to save before it ends.
            handlers.on("INT", () -> {});
            Process process = builder.start();
            Thread stop = new Thread(() -> stop(process), "stop-relaunched");
            Runtime.getRuntime().addShutdownHook(stop);
            int code = process.waitFor();
            Runtime.getRuntime().removeShutdownHook(stop);
            return code;
        } catch (IOException e) {
            throw new TornadoException(
                    "The JVM with TornadoVM cannot be started (" + e.getMessage() + "); check " + command.getFirst()
                            + ".",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return 130;
        }
    }

    /** The command line: this JVM's own options, those of TornadoVM, and the program with its arguments. */
    static List<String> command(List<String> tornado, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(inheritable(ManagementFactory.getRuntimeMXBean().getInputArguments()));
        command.addAll(tornado);
        command.add("-D" + PROPERTY + "=true");
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), MAIN));
        command.addAll(arguments);
        return command;
    }

    /** This JVM's options but for its standard error: a child process inherits no other descriptor than the usual three. */
    static List<String> inheritable(List<String> options) {
        return options.stream()
                .filter(option -> !option.startsWith("-D" + STANDARD_ERROR + "="))
                .toList();
    }

    /** Ends with this JVM, also when that is interrupted or told to stop. */
    private static void stop(Process process) {
        process.destroy();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}

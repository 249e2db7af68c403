package io.llm2clip.cli;

import io.llm2clip.kernels.tornado.DeviceException;
import io.llm2clip.kernels.tornado.TornadoInstallation;
import io.llm2clip.kernels.tornado.TornadoVm;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Starts this program again in a JVM that was given TornadoVM, because a running one cannot be. */
final class Relaunch {
    /** Set in the new JVM, so that one without TornadoVM in spite of all arguments is not started again and again. */
    private static final String PROPERTY = "llm2clip.relaunched";

    private Relaunch() {}

    /**
     * Runs the program with the same arguments and waits for it.
     *
     * @return its exit code
     * @throws DeviceException if there is no TornadoVM, or the JVM with it does not start
     */
    static int withTornado(List<String> arguments) {
        if (Boolean.getBoolean(PROPERTY)) {
            throw new DeviceException(TornadoVm.absence().orElse("TornadoVM is there already."));
        }
        List<String> command = command(TornadoInstallation.find().jvmArguments(), arguments);
        try {
            Process process = new ProcessBuilder(command).inheritIO().start();
            Thread stop = new Thread(() -> stop(process), "stop-relaunched");
            Runtime.getRuntime().addShutdownHook(stop);
            int code = process.waitFor();
            Runtime.getRuntime().removeShutdownHook(stop);
            return code;
        } catch (IOException e) {
            throw new DeviceException(
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
        command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
        command.addAll(tornado);
        command.add("-D" + PROPERTY + "=true");
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), Main.class.getName()));
        command.addAll(arguments);
        return command;
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

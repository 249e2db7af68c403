package io.llm2clip.tests;

import io.llm2clip.cli.Llm2ClipCommand;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A command of llm2clip in a process of its own, which can be killed. */
final class CommandProcess {
    private CommandProcess() {}

    public static void main(String[] arguments) {
        System.exit(Llm2ClipCommand.run(arguments));
    }

    /**
     * Starts a command.
     *
     * @param output receives what it prints
     */
    static Process start(Path output, List<?> arguments) throws IOException {
        return command(output, List.of("-Xmx512m"), arguments).start();
    }

    /**
     * A command that is not started yet.
     *
     * @param jvm options of the JVM
     */
    static ProcessBuilder command(Path output, List<String> jvm, List<?> arguments) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED"));
        command.addAll(jvm);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), CommandProcess.class.getName()));
        arguments.forEach(argument -> command.add(argument.toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
    }
}

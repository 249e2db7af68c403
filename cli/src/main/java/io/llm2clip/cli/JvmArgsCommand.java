package io.llm2clip.cli;

import io.llm2clip.tensor.machine.TornadoRuntime;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code llm2clip jvm-args}. */
@Command(
        name = "jvm-args",
        mixinStandardHelpOptions = true,
        description =
                "Print the JVM arguments with which a program of your own can use the library on a device of TornadoVM.",
        footerHeading = "%nExample:%n",
        footer = "  llm2clip jvm-args > jvm.args; java @jvm.args -cp ... YourProgram")
final class JvmArgsCommand implements Runnable {
    @HelpSection.In(HelpSection.DEVICE)
    @Option(
            names = "--backend",
            paramLabel = "NAME",
            description =
                    "cuda, ptx, opencl, spirv or metal, where TornadoVM has several (default: the first of these).")
    private @Nullable String backend;

    @Mixin
    private Terminal terminal = new Terminal();

    @Override
    public void run() {
        List<String> arguments = new ArrayList<>(TornadoRuntime.find().jvmArguments(backend));
        arguments.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        if (terminal.json()) {
            terminal.printJson(arguments);
        } else {
            arguments.forEach(argument -> terminal.print(quoted(argument)));
        }
    }

    /** As argument files have it. */
    static String quoted(String argument) {
        return argument.matches("[^\\s\"'#\\\\]+")
                ? argument
                : '"' + argument.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }
}

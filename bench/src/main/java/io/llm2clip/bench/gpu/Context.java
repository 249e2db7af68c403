package io.llm2clip.bench.gpu;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * What a part's process is started with.
 *
 * @param device {@code cpu}, or the number of a device of TornadoVM
 * @param small whether shapes are tiny, for a rehearsal
 * @param jvmArguments of TornadoVM, where there is a device
 * @param peer the script of the engine to compare with
 * @param rows receives the part's results as JSON lines
 */
record Context(String device, boolean small, List<String> jvmArguments, Path peer, Path rows) {

    static final String PYTHON = "python3";

    boolean onCpu() {
        return device.equals("cpu");
    }

    /** The command of a Java part: this JVM's program with this JVM's class path. */
    List<String> java(String main, List<String> options, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmArguments);
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), main));
        command.addAll(arguments);
        return command;
    }

    /** The command of a part of this package, with {@link PartOptions}. */
    List<String> part(Class<?> main) {
        return java(main.getName(), List.of(), arguments());
    }

    /** The command of the peer for the same work. */
    List<String> peer(String work) {
        List<String> command = new ArrayList<>(List.of(PYTHON, peer.toString(), work));
        command.addAll(arguments());
        return command;
    }

    private List<String> arguments() {
        return small ? List.of(rows.toString(), device, "small") : List.of(rows.toString(), device);
    }
}

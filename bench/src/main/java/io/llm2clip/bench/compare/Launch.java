package io.llm2clip.bench.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * How the processes of peers are started.
 *
 * @param scripts the folder {@code bench/compare}
 * @param python of an environment with the peers' packages, if there is one
 * @param javaOptions more options for the JVM of this engine
 */
record Launch(Path scripts, Optional<Path> python, List<String> javaOptions) {

    /** The command of a peer; only for those of Python is Python needed. */
    List<String> command(Peer peer, int threads) {
        return peer.isPython() ? script(peer.script()) : java(threads);
    }

    /** The command of a script of the folder. */
    List<String> script(String name) {
        String interpreter = python.orElseThrow().toString();
        return new ArrayList<>(List.of(interpreter, scripts.resolve(name).toString()));
    }

    /** The command of this engine's peer: this program's class path in a JVM of its own. */
    List<String> java(int threads) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        command.add("-Dllm2clip.threads=" + threads);
        command.addAll(javaOptions);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), OwnPeer.class.getName()));
        return command;
    }

    /** What libraries read about threads, each in its own way. */
    static Map<String, String> environment(int threads) {
        String count = Integer.toString(threads);
        return Map.of(
                "COMPARE_THREADS",
                count,
                "OMP_NUM_THREADS",
                count,
                "MKL_NUM_THREADS",
                count,
                "TOKENIZERS_PARALLELISM",
                "false");
    }
}

package io.llm2clip.bench.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * What figures were taken on.
 *
 * @param processor its name
 * @param threads of each entrant
 * @param vectorBits width of this engine's vector instructions
 * @param matmul what multiplies matrices here
 * @param java version of the JVM
 * @param packages versions of the peers
 * @param date the day
 */
record Machine(
        String processor,
        int threads,
        int vectorBits,
        String matmul,
        String java,
        List<String> packages,
        LocalDate date) {

    /** As a process of this engine finds it, with the options that those have which are measured. */
    static Machine current(Launch launch, Path log, int threads, List<String> packages) {
        try (PeerProcess process = new PeerProcess(launch.java(threads), Map.of(), log)) {
            JsonNode answer = process.ask("machine");
            return new Machine(
                    processorName(),
                    threads,
                    answer.get("vectorBits").intValue(),
                    answer.get("matmul").stringValue(),
                    Runtime.version().toString(),
                    packages,
                    LocalDate.now());
        }
    }

    private static String processorName() {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/cpuinfo"));
            return "%s (family %s model %s)"
                    .formatted(field(lines, "model name"), field(lines, "cpu family"), field(lines, "model"));
        } catch (IOException e) {
            return System.getProperty("os.arch");
        }
    }

    private static String field(List<String> lines, String name) {
        return lines.stream()
                .map(line -> line.split(":", 2))
                .filter(parts -> parts.length == 2 && parts[0].strip().equals(name))
                .map(parts -> parts[1].strip())
                .findFirst()
                .orElse("unknown");
    }
}

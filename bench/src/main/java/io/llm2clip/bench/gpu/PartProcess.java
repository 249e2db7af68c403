package io.llm2clip.bench.gpu;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** Runs a part as a process, whatever becomes of it, and makes its result. */
final class PartProcess {
    /** Exit code of a part that finds that it cannot run here; its last line says why. */
    static final int SKIPPED = 77;

    private static final int OUTPUT_CHARACTERS = 6000;

    private PartProcess() {}

    /**
     * Runs a part.
     *
     * @param seconds after which it is ended, with all processes that it started
     * @return status {@code passed}, {@code failed}, {@code timeout} or {@code skipped}; its rows and the end of its output
     */
    static ObjectNode run(Part part, Context context, int seconds) throws InterruptedException {
        Optional<String> obstacle = part.obstacle().apply(context);
        if (obstacle.isPresent()) {
            return skipped(part, obstacle.get());
        }
        ObjectNode result = result(part);
        long start = System.nanoTime();
        Path output = context.rows().resolveSibling(part.name() + ".log");
        try {
            Files.deleteIfExists(context.rows());
            Process process = new ProcessBuilder(part.command().apply(context))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            process.getOutputStream().close();
            boolean ended = process.waitFor(seconds, TimeUnit.SECONDS);
            if (!ended) {
                List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
                all.forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
            }
            String text = new String(Files.readAllBytes(output), StandardCharsets.UTF_8);
            ArrayNode rows = rows(context.rows());
            SuiteOutput.addRows(text, rows);
            result.put("status", ended ? status(process.exitValue(), rows) : "timeout")
                    .put("seconds", (System.nanoTime() - start) / 1e9)
                    .put("limit", seconds);
            if (ended && process.exitValue() == SKIPPED) {
                result.put("reason", text.strip().lines().reduce("", (_, last) -> last));
            } else if (ended) {
                result.put("exit", process.exitValue());
            }
            result.put("output", text.substring(Math.max(0, text.length() - OUTPUT_CHARACTERS)));
            result.set("rows", rows);
        } catch (IOException e) {
            result.put("status", "failed").put("reason", "it could not be started: " + e.getMessage());
        }
        return result;
    }

    /** The result of a part that was not run. */
    static ObjectNode skipped(Part part, String reason) {
        return result(part).put("status", "skipped").put("reason", reason);
    }

    private static ObjectNode result(Part part) {
        return Rows.JSON.createObjectNode().put("part", part.name()).put("title", part.title());
    }

    private static String status(int exit, ArrayNode rows) {
        if (exit == SKIPPED) {
            return "skipped";
        }
        boolean errors = rows.valueStream().anyMatch(row -> row.has("error"));
        return exit == 0 && !errors ? "passed" : "failed";
    }

    /** The rows of a file; a part that ends in the middle of one is not to hide the others. */
    private static ArrayNode rows(Path file) throws IOException {
        ArrayNode rows = Rows.JSON.createArrayNode();
        if (Files.exists(file)) {
            try (Stream<String> lines = Files.lines(file)) {
                for (String line : lines.toList()) {
                    try {
                        rows.add(Rows.JSON.readTree(line));
                    } catch (JacksonException e) {
                        rows.add(Rows.row("a row that was cut off").put("left_out", line));
                    }
                }
            }
        }
        return rows;
    }
}

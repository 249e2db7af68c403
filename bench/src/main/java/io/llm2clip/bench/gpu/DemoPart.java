package io.llm2clip.bench.gpu;

import io.llm2clip.demo.Demo;
import io.llm2clip.demo.DemoOptions;
import io.llm2clip.demo.DemoResult;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.node.ObjectNode;

/** The quick demo on the device and on the CPU of the same machine: losses by phase, accuracies, recalls, seconds. */
final class DemoPart {
    private static final long SEED = 1;

    private DemoPart() {}

    public static void main(String[] arguments) throws IOException {
        PartOptions options = PartOptions.parse(arguments);
        try (Rows rows = new Rows(options.rows())) {
            run(rows, options.target());
            if (!options.target().isCpu()) {
                run(rows, new Target(-1));
            }
        }
    }

    private static void run(Rows rows, Target target) throws IOException {
        Path scratch = Files.createTempDirectory("demo");
        try {
            target.with(Precision.F32, execution -> {
                long start = System.nanoTime();
                DemoResult result = Demo.run(
                        new DemoOptions(scratch.resolve("run"), SEED, true, false, Existing.REFUSE, false, execution),
                        Progress.NONE);
                rows.add(row(target, (System.nanoTime() - start) / 1e9, result));
            });
        } finally {
            delete(scratch);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    private static ObjectNode row(Target target, double seconds, DemoResult result) {
        ObjectNode row = Rows.row("quick demo")
                .put("engine", target.isCpu() ? "CPU" : "device")
                .put("type", "f32")
                .put("value", seconds)
                .put("unit", "s");
        row.set("accuracy", Rows.JSON.valueToTree(result.longCaptions()));
        row.set("retrieval", Rows.JSON.valueToTree(result.retrieval()));
        ObjectNode losses = row.putObject("losses");
        result.curves()
                .forEach((phase, curve) -> losses.set(
                        phase,
                        Rows.JSON.valueToTree(
                                List.of(curve.getFirst(), curve.get(curve.size() / 2), curve.getLast()))));
        return row;
    }
}

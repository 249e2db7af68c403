package io.llm2clip.bench.gpu;

import io.llm2clip.bench.GivenList;
import io.llm2clip.kernels.gpu.tornado.TornadoInstallation;
import io.llm2clip.nn.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Runs the parts of the kit, each as a process, and writes a result after each. */
@Command(
        name = "bench/gpu/run",
        mixinStandardHelpOptions = true,
        description = "Checks and measures a device, in order of worth, within a time limit."
                + " What passed before on the same card is not repeated.")
public final class KitRun implements Callable<Integer> {
    private static final String PASSED = "passed";
    /** A part that has less time than this left is not begun. */
    private static final int MIN_SECONDS = 5;

    @Option(names = "--device", description = "Number of a device of TornadoVM, or cpu (default: ${DEFAULT-VALUE}).")
    private String device = "0";

    @Option(names = "--small", description = "Tiny shapes, for a rehearsal without a GPU.")
    private boolean small;

    @Option(names = "--seconds", description = "For all parts together (default: ${DEFAULT-VALUE}).")
    private int seconds = 480;

    @Option(
            names = "--only",
            split = ",",
            paramLabel = "PART",
            description = "These parts, also if they passed before.")
    private List<String> only = List.of();

    @Option(
            names = "--results",
            paramLabel = "DIR",
            description = "Receives a JSON file per part (default: ${DEFAULT-VALUE}).")
    private Path results = Path.of("results");

    @Option(
            names = "--peer",
            paramLabel = "FILE",
            description = "The script that measures PyTorch (default: ${DEFAULT-VALUE}).")
    private Path peer = Path.of("bench", "gpu", "peer.py");

    @Spec
    private @Nullable CommandSpec spec;

    private final List<Part> parts;

    KitRun(List<Part> parts) {
        this.parts = parts;
    }

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new KitRun(Parts.ALL))
                // The script gives defaults before what its user says.
                .setOverwrittenOptionsAllowed(true)
                .execute(arguments));
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        requireKnown();
        Files.createDirectories(results);
        List<String> jvmArguments =
                device.equals("cpu") ? List.of() : TornadoInstallation.find().jvmArguments();
        long end = System.nanoTime() + seconds * 1_000_000_000L;
        String card = device.equals("cpu") ? "CPU" : "";
        boolean failed = false;
        for (Part part : parts) {
            boolean namesCard = part.name().equals(Parts.CARD.name());
            if (!only.isEmpty() && !only.contains(part.name()) && !namesCard) {
                continue;
            }
            Path file = results.resolve(part.name() + ".json");
            int left = (int) ((end - System.nanoTime()) / 1_000_000_000L);
            boolean repeated = !only.isEmpty() && left >= MIN_SECONDS;
            if (!namesCard && !repeated && passedBefore(file, card)) {
                say(part, "passed before, kept");
                continue;
            }
            ObjectNode result;
            if (left < MIN_SECONDS) {
                result = PartProcess.skipped(part, "no time was left");
            } else {
                Path rows = results.toAbsolutePath().resolve(part.name() + ".rows");
                Context context = new Context(device, small, jvmArguments, peer, rows);
                result = PartProcess.run(part, context, Math.min(part.seconds(), left));
                Files.deleteIfExists(rows);
            }
            if (namesCard) {
                card = nameOf(result, card);
            }
            result.put("card", card).put("small", small);
            write(file, result);
            String status = result.get("status").asString();
            failed |= !status.equals(PASSED) && !status.equals("skipped");
            say(part, status + detail(result));
        }
        return failed ? 1 : 0;
    }

    private void requireKnown() {
        GivenList.require(Objects.requireNonNull(spec), "--only", only);
        List<String> known = parts.stream().map(Part::name).toList();
        for (String name : only) {
            if (!known.contains(name)) {
                throw new ParameterException(
                        Objects.requireNonNull(spec).commandLine(),
                        "There is no part '" + name + "'; choose from " + String.join(", ", known) + ".");
            }
        }
    }

    private String nameOf(ObjectNode cardResult, String otherwise) {
        return cardResult
                .path("rows")
                .valueStream()
                .filter(row -> row.path("work").asString("").equals("device " + device))
                .map(row -> row.path("name").asString(""))
                .findFirst()
                .orElse(otherwise);
    }

    /** Whether the same part passed on the same card with the same shapes. */
    private boolean passedBefore(Path file, String card) throws IOException {
        if (!Files.exists(file)) {
            return false;
        }
        try {
            JsonNode before = Rows.JSON.readTree(Files.readString(file));
            return before.path("status").asString("").equals(PASSED)
                    && before.path("card").asString("").equals(card)
                    && before.path("small").asBoolean(false) == small;
        } catch (JacksonException e) {
            return false;
        }
    }

    private static void write(Path file, ObjectNode result) {
        AtomicFile.write(file, Rows.JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(result));
    }

    private static String detail(ObjectNode result) {
        List<String> details = new ArrayList<>();
        if (result.has("seconds")) {
            details.add("%.1f s".formatted(result.get("seconds").asDouble()));
        }
        if (result.has("reason")) {
            details.add(result.get("reason").asString());
        }
        List<String> errors = result.path("rows")
                .valueStream()
                .filter(row -> row.has("error"))
                .map(row -> "\n    " + row.get("work").asString() + ": "
                        + row.get("error").asString())
                .toList();
        return (details.isEmpty() ? "" : " (" + String.join(", ", details) + ")")
                + errors.stream().collect(Collectors.joining());
    }

    private static void say(Part part, String what) {
        System.out.printf(Locale.ROOT, "%-14s %s%n", part.name(), what);
        System.out.flush();
    }
}

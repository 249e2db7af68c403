package io.llm2clip.bench.compare;

import io.llm2clip.bench.compare.Row.Manner;
import io.llm2clip.bench.compare.RowResult.Measured;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import tools.jackson.databind.JsonNode;

/** Measures a row: its entrants in turns, of which all but one are stopped at any time. */
final class RowRun {
    /** Of the slowest entrant in a round; others do the same work. */
    private static final double ROUND_NANOS = 0.3e9;

    private static final int MAX_RUNS = 10_000;

    /** Of a JVM whose memory is measured: without a bound it adds garbage of code that is not compiled yet. */
    private static final List<String> MEASURED_HEAP = List.of("-XX:+UseSerialGC", "-Xmx512m");

    /** An output that took so many times the warm-up is warm-up enough: steps of training take many seconds each. */
    private static final int LONG_OUTPUT = 4;

    private final Row row;
    private final Launch launch;
    private final WorkFiles files;
    private final RunOptions options;
    private final int threads;
    private final Map<String, PeerProcess> processes = new LinkedHashMap<>();
    private final Map<Entrant, Request> requests = new LinkedHashMap<>();
    private final Map<Entrant, Output> outputs = new LinkedHashMap<>();
    private final Map<Entrant, Double> outputNanos = new LinkedHashMap<>();
    private final Map<Entrant, Output.Difference> differences = new LinkedHashMap<>();
    private final Map<Entrant, double[]> millis = new LinkedHashMap<>();
    private final Map<Entrant, Long> bytes = new LinkedHashMap<>();
    private final Map<Entrant, String> absent = new LinkedHashMap<>();
    private final List<String> errors = new ArrayList<>();
    private int runs = 1;
    private long flops;
    private double peak;

    private RowRun(Row row, Launch launch, WorkFiles files, RunOptions options) {
        this.row = row;
        this.launch = launch;
        this.files = files;
        this.options = options;
        threads = row.threads() == 0 ? options.threads() : row.threads();
    }

    static RowResult measure(Row row, Launch launch, WorkFiles files, RunOptions options) {
        long start = System.nanoTime();
        RowRun run = new RowRun(row, launch, files, options);
        try {
            run.measure();
        } finally {
            run.processes.values().forEach(PeerProcess::close);
        }
        return run.result((System.nanoTime() - start) / 1e9);
    }

    private void measure() {
        for (Entrant entrant : row.entrants()) {
            // Files of all first: to make them takes memory, too.
            if (options.peers().contains(entrant.peer())) {
                attempt(entrant, () -> requests.put(entrant, request(entrant)));
            }
        }
        requests.forEach((entrant, request) -> attempt(entrant, () -> prepare(entrant, request)));
        compare();
        // Rivals alone tell nothing.
        if (outputs.containsKey(row.subject())) {
            attempt(row.subject(), this::time);
        }
    }

    private void time() {
        if (row.manner() == Manner.FRESH) {
            rounds(this::fresh);
            return;
        }
        flops = ask(row.subject(), "flops " + id(row.subject())).get("flops").asLong();
        double before = multiplyAdds();
        runs = warmUp();
        rounds(entrant -> nanos(entrant, runs) / runs);
        peak = Math.max(before, multiplyAdds());
        for (Entrant entrant : List.copyOf(outputs.keySet())) {
            attempt(
                    entrant,
                    () -> bytes.put(entrant, ask(entrant, "memory").get("bytes").asLong()));
        }
    }

    /** What goes wrong with an entrant is its own. */
    private void attempt(Entrant entrant, Runnable work) {
        try {
            work.run();
        } catch (AbsentException e) {
            absent.put(entrant, String.valueOf(e.getMessage()));
            say(entrant, "left out: " + e.getMessage());
        } catch (IllegalStateException e) {
            fail(entrant, String.valueOf(e.getMessage()));
        }
    }

    private void fail(Entrant entrant, String reason) {
        outputs.remove(entrant);
        errors.add(entrant.title() + ": " + reason);
        say(entrant, "failed: " + reason);
    }

    private void say(Entrant entrant, String what) {
        System.err.printf("%s: %s %s%n", row.name(), entrant.title(), what);
    }

    private void prepare(Entrant entrant, Request request) {
        MemoryNeed.obstacle(row.work(), entrant).ifPresent(obstacle -> {
            throw new AbsentException(obstacle);
        });
        if (row.manner() == Manner.FRESH) {
            // Also reads its files, so that all rounds find them in memory.
            fresh(entrant);
        } else {
            ask(entrant, "prepare " + id(entrant) + " " + request);
            long start = System.nanoTime();
            outputs.put(entrant, Output.of(ask(entrant, "output " + id(entrant))));
            outputNanos.put(entrant, (double) (System.nanoTime() - start));
        }
        say(entrant, "ready");
    }

    private Request request(Entrant entrant) {
        Request request = row.work().with(entrant.settings());
        if (entrant.peer().readsOnnx()) {
            return request.with(Map.of("onnx", files.onnx(row.work()).toString()));
        }
        if (request.has("quantized")) {
            return request.with(Map.of("gguf", files.gguf(row.work()).toString()));
        }
        return request.has("stored")
                ? request.with(Map.of("file", files.stored(row.work()).toString()))
                : request;
    }

    /** All are compared with one: the first rival in f32, or the first one there is. */
    private void compare() {
        List<Entrant> rivals = outputs.keySet().stream()
                .filter(entrant -> !entrant.equals(row.subject()))
                .toList();
        Entrant reference = rivals.stream()
                .filter(entrant -> entrant.precision().equals("f32"))
                .findFirst()
                .orElse(rivals.isEmpty() ? row.subject() : rivals.getFirst());
        Output expected = outputs.get(reference);
        if (expected != null) {
            Map.copyOf(outputs)
                    .forEach((entrant, output) -> attempt(entrant, () -> {
                        Output.Difference difference = output.from(expected);
                        Output.Limit.of(entrant, reference).require(difference, reference.title());
                        differences.put(entrant, difference);
                    }));
        }
    }

    /** Nanoseconds from the start of a process to its output. */
    private double fresh(Entrant entrant) {
        List<String> command = command(entrant);
        long start = System.nanoTime();
        try (PeerProcess process = start(entrant, command)) {
            process.ask("prepare " + id(entrant) + " " + requests.get(entrant));
            Output output = Output.of(process.ask("output " + id(entrant)));
            double nanos = System.nanoTime() - start;
            outputs.put(entrant, output);
            return nanos;
        }
    }

    /** Multiply-adds are measured by this engine. */
    private double multiplyAdds() {
        return ask(row.subject(), "peak").get("gflops").asDouble();
    }

    /** Runs all for a while; returns how many runs a round has. */
    private int warmUp() {
        Map<Entrant, Double> last = new LinkedHashMap<>();
        for (Entrant entrant : List.copyOf(outputs.keySet())) {
            double output = outputNanos.getOrDefault(entrant, 0.0);
            if (output > LONG_OUTPUT * options.warmUpSeconds() * 1e9) {
                last.put(entrant, output);
                continue;
            }
            attempt(entrant, () -> {
                double all = 0;
                do {
                    last.put(entrant, nanos(entrant, 1));
                    all += last.getOrDefault(entrant, 0.0);
                } while (all < options.warmUpSeconds() * 1e9);
            });
        }
        double slowest =
                last.values().stream().mapToDouble(Double::doubleValue).max().orElse(1);
        return (int) Math.clamp(Math.ceil(ROUND_NANOS / slowest), 1, MAX_RUNS);
    }

    /** Each entrant once in a round, and each round beginning with another one. */
    private void rounds(ToDoubleFunction<Entrant> nanos) {
        List<Entrant> order = new ArrayList<>(outputs.keySet());
        for (int round = 0; round < options.rounds(); round++) {
            int number = round;
            for (Entrant entrant : List.copyOf(order)) {
                if (outputs.containsKey(entrant)) {
                    attempt(entrant, () -> {
                        double taken = nanos.applyAsDouble(entrant) / 1e6;
                        millis.computeIfAbsent(entrant, _ -> new double[options.rounds()])[number] = taken;
                    });
                }
            }
            Collections.rotate(order, -1);
            System.err.printf(Locale.ROOT, "%s: round %d of %d%n", row.name(), round + 1, options.rounds());
        }
    }

    private double nanos(Entrant entrant, int count) {
        return ask(entrant, "round " + id(entrant) + " " + count).get("nanos").asDouble();
    }

    private String id(Entrant entrant) {
        return "task" + row.entrants().indexOf(entrant);
    }

    private JsonNode ask(Entrant entrant, String command) {
        String key = entrant.peer() + (row.manner() == Manner.APART ? entrant.variant() : "");
        return processes
                .computeIfAbsent(key, _ -> start(entrant, command(entrant)))
                .ask(command);
    }

    private List<String> command(Entrant entrant) {
        List<String> command = launch.command(entrant.peer(), threads);
        if (row.manner() == Manner.FRESH && entrant.peer() == Peer.LLM2CLIP) {
            command.addAll(1, files.startOptions());
        }
        if (row.manner() == Manner.APART && entrant.peer() == Peer.LLM2CLIP) {
            command.addAll(1, MEASURED_HEAP);
        }
        return command;
    }

    private PeerProcess start(Entrant entrant, List<String> command) {
        return new PeerProcess(
                command,
                Launch.environment(threads),
                options.logs().resolve(row.name() + "-" + entrant.peer() + ".log"));
    }

    private RowResult result(double seconds) {
        List<Measured> measured = new ArrayList<>();
        outputs.forEach((entrant, output) -> {
            double[] times = millis.get(entrant);
            Output.Difference difference = differences.get(entrant);
            if (times != null && difference != null) {
                measured.add(new Measured(entrant, times, output, difference, bytes.getOrDefault(entrant, 0L)));
            }
        });
        return new RowResult(
                row, List.copyOf(measured), Map.copyOf(absent), List.copyOf(errors), runs, flops, peak, seconds);
    }
}

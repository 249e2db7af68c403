package io.llm2clip.bench.compare;

import io.llm2clip.bench.GivenList;
import io.llm2clip.nn.checkpoint.AtomicFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Measures the rows and writes {@code compare.md} and {@code compare.json}, for curves {@code curves.svg} too, anew after each. */
@Command(
        name = "bench/compare/run",
        mixinStandardHelpOptions = true,
        description =
                "Does the same work in llm2clip and in other engines, in turns within one run, and compares outputs and times."
                        + " Exit code 1 if an engine fails or an output is not that of the others.")
public final class Compare implements Callable<Integer> {
    @Option(
            names = "--only",
            split = ",",
            paramLabel = "ROW",
            description = "These rows (see --list); steps of many minutes run only if named.")
    private List<String> only = List.of();

    @Option(names = "--list", description = "Name the rows, and do nothing.")
    private boolean list;

    @Option(
            names = "--curves",
            description =
                    "Curves over batch, length of captions, size of a data set and threads, instead of the table.")
    private boolean curves;

    @Option(names = "--small", description = "Tiny shapes, for a rehearsal: times mean nothing.")
    private boolean small;

    @Option(names = "--rounds", description = "Turns of every engine (default: ${DEFAULT-VALUE}).")
    private int rounds = 7;

    @Option(
            names = "--warm-up",
            paramLabel = "SECONDS",
            description = "Of each engine before the rounds (default: ${DEFAULT-VALUE}).")
    private double warmUp = 5;

    @Option(names = "--threads", description = "Of each engine (default: one per processor).")
    private int threads = Runtime.getRuntime().availableProcessors();

    @Option(
            names = "--peers",
            split = ",",
            paramLabel = "PEER",
            description = "These of ${COMPLETION-CANDIDATES}, besides llm2clip (default: all).")
    private List<Peer> peers = List.of(Peer.values());

    @Option(
            names = "--python",
            paramLabel = "FILE",
            description =
                    "The interpreter of an environment that has the packages of requirements.txt (default: one is made in the"
                            + " --work folder).")
    private @Nullable Path python;

    @Option(
            names = "--java-option",
            paramLabel = "OPTION",
            description = "For the JVM of llm2clip, such as -Dllm2clip.vector.bits=256; may be repeated.")
    private List<String> javaOptions = List.of();

    @Option(
            names = "--scripts",
            paramLabel = "DIR",
            description = "The folder of the peers' scripts (default: ${DEFAULT-VALUE}).")
    private Path scripts = Path.of("bench", "compare");

    @Option(
            names = "--work",
            paramLabel = "DIR",
            description =
                    "Keeps what is made once: the environment, weights, exported models, at most 20 GB (default: ${DEFAULT-VALUE}).")
    private Path work = Path.of("bench", "target", "compare");

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Receives the table and the JSON (default: the --work folder).")
    private @Nullable Path out;

    @Spec
    private @Nullable CommandSpec spec;

    private Compare() {}

    public static void main(String[] arguments) {
        System.exit(run(arguments));
    }

    static int run(String... arguments) {
        return new CommandLine(new Compare())
                .setOverwrittenOptionsAllowed(true)
                .setCaseInsensitiveEnumValuesAllowed(true)
                .execute(arguments);
    }

    @Override
    public Integer call() throws IOException, InterruptedException {
        GivenList.require(Objects.requireNonNull(spec), "--only", only);
        GivenList.require(Objects.requireNonNull(spec), "--peers", peers);
        List<Row> rows = chosen(
                curves ? Suite.curves(small, threads) : only.isEmpty() && !list ? Suite.usual(small) : Suite.of(small));
        if (list) {
            rows.forEach(row -> System.out.printf(Locale.ROOT, "%-20s %s%n", row.name(), row.title()));
            return 0;
        }
        require(rounds > 0, "--rounds", rounds);
        require(threads > 0, "--threads", threads);
        require(warmUp >= 0, "--warm-up", warmUp);
        // Commands to peers are words.
        if (work.toAbsolutePath().toString().chars().anyMatch(Character::isWhitespace)) {
            throw bad("--work is '" + work.toAbsolutePath()
                    + "'; expected a folder without spaces in its path, give another.");
        }
        Path folder = Files.createDirectories(work).toAbsolutePath();
        Path results = out == null ? folder : Files.createDirectories(out).toAbsolutePath();
        Path logs = Files.createDirectories(folder.resolve("logs"));
        EnumSet<Peer> taking = EnumSet.of(Peer.LLM2CLIP);
        taking.addAll(peers);
        Optional<Path> interpreter = needsPython(rows, taking) ? interpreter(folder, logs) : Optional.empty();
        if (interpreter.isEmpty()) {
            taking.removeIf(Peer::isPython);
        }
        // Peers that are stopped would outlive a run that is interrupted.
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform()
                        .unstarted(
                                () -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly)));
        Launch launch = new Launch(scripts.toAbsolutePath(), interpreter, javaOptions);
        RunOptions options = new RunOptions(rounds, warmUp, threads, taking, logs);
        WorkFiles files = new WorkFiles(launch, folder, logs);
        Machine machine = Machine.current(
                launch,
                logs.resolve("machine.log"),
                threads,
                interpreter.isPresent() ? PythonEnvironment.versions(interpreter.get()) : List.of());
        List<RowResult> done = new ArrayList<>();
        for (Row row : rows) {
            RowResult result = RowRun.measure(row, launch, files, options);
            System.err.printf(Locale.ROOT, "%s: done in %.0f s%n", row.name(), result.seconds());
            done.add(result);
            Report report = new Report(machine, options, done);
            write(results.resolve("compare.md"), report.markdown());
            write(results.resolve("compare.json"), report.json());
            if (curves) {
                write(results.resolve("curves.svg"), CurvePlot.svg(done));
            }
        }
        System.out.print(new Report(machine, options, done).markdown());
        return done.stream().allMatch(result -> result.errors().isEmpty()) ? 0 : 1;
    }

    private List<Row> chosen(List<Row> all) {
        List<String> known = all.stream().map(Row::name).toList();
        for (String name : only) {
            if (!known.contains(name)) {
                throw bad("There is no row '" + name + "'; choose from " + String.join(", ", known) + ".");
            }
        }
        return all.stream()
                .filter(row -> only.isEmpty() || only.contains(row.name()))
                .toList();
    }

    private static boolean needsPython(List<Row> rows, EnumSet<Peer> taking) {
        return rows.stream()
                .flatMap(row -> row.entrants().stream())
                .map(Entrant::peer)
                .anyMatch(peer -> peer.isPython() && taking.contains(peer));
    }

    private Optional<Path> interpreter(Path folder, Path logs) throws IOException, InterruptedException {
        Path given = python;
        if (given == null) {
            return new PythonEnvironment(scripts.toAbsolutePath(), logs.resolve("install.log"))
                    .install(folder.resolve("python"));
        }
        if (!Files.isExecutable(given)) {
            throw bad("--python is " + given + "; expected an interpreter, such as bin/python of an environment.");
        }
        return Optional.of(given.toAbsolutePath());
    }

    private void require(boolean holds, String option, Object found) {
        if (!holds) {
            throw bad(option + " is " + found + "; expected a number from 1"
                    + (option.equals("--warm-up") ? ", or 0." : "."));
        }
    }

    private ParameterException bad(String sentence) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), sentence);
    }

    private static void write(Path file, String text) {
        AtomicFile.write(file, text.getBytes(StandardCharsets.UTF_8));
    }
}

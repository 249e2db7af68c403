package io.llm2clip.training.run;

import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.ModelReport.Kind;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.DirectoryLock;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.progress.Quantity;
import io.llm2clip.report.Series;
import io.llm2clip.report.ShellWords;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Finds out how far a training is, and what its checkpoints hold, from its folder. Nothing in it changes. */
public final class RunInspection {
    private static final int KEEP_ALL = Integer.MAX_VALUE;

    private final Path path;
    private final List<PartReport> parts = new ArrayList<>();
    private final List<String> pending = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();
    private final Map<Path, Long> files = new LinkedHashMap<>();

    private RunInspection(Path path) {
        this.path = path;
    }

    /**
     * Looks at the folder of a run, or at a checkpoint of one.
     *
     * @return empty if it is none
     * @throws CheckpointException if what a run wrote is no longer as it wrote it
     */
    public static Optional<ModelReport> of(Path path) {
        if (!Files.isDirectory(path)) {
            return Optional.empty();
        }
        RunInspection inspection = new RunInspection(path);
        if (OutputDirectory.damaged(path, RunDirectory.KIND).isPresent()) {
            // Looked at first: a training that ends meanwhile has said so before it gives up its folder.
            boolean held = DirectoryLock.isHeld(path);
            Optional<RunFile> run = RunFile.read(path);
            run.ifPresent(file -> inspection.run(file, State.of(file, held)));
            return run.map(_ -> inspection.report(Kind.TRAINING_RUN));
        }
        Optional<List<String>> missing = OutputDirectory.damaged(path, Checkpoints.KIND);
        if (missing.isPresent()) {
            inspection.checkpoint(missing.get());
            return Optional.of(inspection.report(Kind.TRAINING_CHECKPOINT));
        }
        return Optional.empty();
    }

    private enum State {
        RUNNING,
        INTERRUPTED,
        FINISHED;

        static State of(RunFile run, boolean held) {
            if (run.finished() != null) {
                return FINISHED;
            }
            return held ? RUNNING : INTERRUPTED;
        }

        String words() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    private ModelReport report(Kind kind) {
        return new ModelReport(path, kind, parts, files, Map.of(), List.of(), pending, remarks);
    }

    private void run(RunFile run, State state) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("command", run.command());
        facts.put("state", state.words());
        facts.put("started", run.started().toString());
        facts.put("resumed", run.resumed().size());
        if (run.finished() != null) {
            facts.put("finished", run.finished().toString());
        }
        facts.put("versions", run.versions());
        facts.put("settings", run.settings().values());
        add(
                "run",
                "begun %s%s, %s: %s"
                        .formatted(
                                run.started(),
                                run.resumed().isEmpty()
                                        ? ""
                                        : ", gone on "
                                                + Quantity.of(run.resumed().size(), "time"),
                                state == State.FINISHED ? "finished " + run.finished() : state.words(),
                                run.command().isEmpty() ? "from a program" : ShellWords.join(run.command())),
                facts);
        RunMetrics.read(path).phases().forEach(this::phase);
        checkpoints(state);
        ResultsFile.read(path).forEach(this::result);
        if (Files.isDirectory(path.resolve(BestModel.FOLDER))) {
            remarks.add("The best model that was measured on the way is %s.".formatted(path.resolve(BestModel.FOLDER)));
        }
    }

    private void phase(PhaseMetrics phase) {
        Series losses = phase.metric(Metric.LOSS);
        double skipped = phase.metric(Metric.SKIPPED_STEPS).greatest();
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("phase", phase.name());
        facts.put("steps", phase.steps());
        facts.put("skipped_steps", Double.isNaN(skipped) ? 0 : (long) skipped);
        String loss = "";
        if (losses.size() > 0) {
            facts.put("first_loss", losses.first());
            facts.put("last_loss", losses.last());
            loss = String.format(
                    Locale.ROOT,
                    ", loss %.3g in their first tenth and %.3g in the last",
                    losses.first(),
                    losses.last());
        }
        add(
                "steps",
                "%s: %s%s%s"
                        .formatted(
                                phase.name(),
                                Quantity.of(phase.steps(), "step"),
                                skipped > 0 ? ", %.0f of them skipped".formatted(skipped) : "",
                                loss),
                facts);
    }

    private void checkpoints(State state) {
        Checkpoints checkpoints = new Checkpoints(path, KEEP_ALL);
        List<Checkpoints.Found> whole = checkpoints.all();
        whole.forEach(found -> add(
                "checkpoint",
                "%s, %s".formatted(path.relativize(found.path()), sentence(found.saved())),
                facts(found.saved())));
        checkpoints
                .damaged()
                .forEach(damaged -> remarks.add(
                        "%s is damaged; an earlier checkpoint is taken.".formatted(path.relativize(damaged))));
        switch (state) {
            case FINISHED -> {}
            case RUNNING -> pending.add("The training is running.");
            case INTERRUPTED ->
                pending.add(
                        whole.isEmpty()
                                ? "The training was interrupted before its first checkpoint; the same command with --resume begins anew."
                                : "The training was interrupted; the same command with --resume goes on after step %,d."
                                        .formatted(whole.getFirst().saved().step()));
        }
    }

    private void result(Outcome result) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("value", result.value());
        result.before().ifPresent(before -> facts.put("before", before));
        facts.put("chance", result.chance());
        add(
                "result",
                String.format(
                        Locale.ROOT,
                        "%s: %.1f %% (%schance %.1f %%)",
                        result.name(),
                        100 * result.value(),
                        result.before().isPresent()
                                ? String.format(
                                        Locale.ROOT,
                                        "before %.1f %%, ",
                                        100 * result.before().getAsDouble())
                                : "",
                        100 * result.chance()),
                facts);
    }

    private void checkpoint(List<String> missing) {
        if (!missing.isEmpty()) {
            broken(
                    "state",
                    "%s: expected all files of a checkpoint, found %s missing or changed; go on from an earlier one."
                            .formatted(path, String.join(", ", missing)));
            return;
        }
        SavedStep saved = SavedStep.read(path);
        add("state", sentence(saved), facts(saved));
        tensors("parameters", "what is trained", SavedStep.PARAMETERS);
        tensors("optimizer", "moments of AdamW and what else it keeps", SavedStep.MOMENTS);
        remarks.add("A training goes on from the newest checkpoint of its run, with --resume.");
    }

    private static String sentence(SavedStep saved) {
        return "after step %,d of the run, %,d of %s%s"
                .formatted(
                        saved.step(),
                        saved.state().steps(),
                        saved.phase(),
                        saved.state().skipped() == 0
                                ? ""
                                : ", %,d of them skipped"
                                        .formatted(saved.state().skipped()));
    }

    private static Map<String, Object> facts(SavedStep saved) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("step", saved.step());
        facts.put("phase", saved.phase());
        facts.put("phase_step", saved.state().steps());
        facts.put("skipped_steps", saved.state().skipped());
        return facts;
    }

    private void tensors(String name, String summary, String file) {
        Path weights = path.resolve(file);
        try (Checkpoint source = Checkpoint.open(weights)) {
            parts.add(PartReport.of(name, weights, summary, source.entries().values()));
            files.put(weights, Files.size(weights));
        } catch (CheckpointException e) {
            broken(name, String.valueOf(e.getMessage()));
        } catch (IOException e) {
            broken(name, "%s: cannot be read: %s.".formatted(weights, IoReason.of(e)));
        }
    }

    private void add(String name, String summary, Map<String, Object> facts) {
        parts.add(new PartReport(name, path, summary, facts, 0, Map.of(), Optional.empty()));
    }

    private void broken(String name, String problem) {
        parts.add(new PartReport(name, path, "", Map.of(), 0, Map.of(), Optional.of(problem)));
    }
}

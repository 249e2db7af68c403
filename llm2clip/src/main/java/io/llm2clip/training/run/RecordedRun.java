package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** A training with a directory: phases one after another, whose steps are counted through. */
final class RecordedRun implements TrainingRun {
    private final RunOptions options;
    private final Checkpoints checkpoints;
    private final RunLog log;
    private final Progress progress;
    /** Steps of the phases before the current one. */
    private long before;

    private @Nullable BestModel best;

    RecordedRun(RunOptions options, Checkpoints checkpoints, RunLog log, Progress progress) {
        this.options = options;
        this.checkpoints = checkpoints;
        this.log = log;
        this.progress = progress;
    }

    /** The best model so far, if any was measured. */
    Optional<BestModel> best() {
        return Optional.ofNullable(best);
    }

    @Override
    public TrainingRun evaluating(Evaluation evaluation) {
        return options.evaluateEvery() == 0
                ? this
                : (name, steps, optimizer) -> begin(name, steps, optimizer, evaluation);
    }

    @Override
    public TrainingRun.Phase begin(String name, int steps, AdamW optimizer) {
        return begin(name, steps, optimizer, null);
    }

    private TrainingRun.Phase begin(String name, int steps, AdamW optimizer, @Nullable Evaluation evaluation) {
        PhaseState start = PhaseState.START;
        Optional<Checkpoints.Found> found = options.resume() ? checkpoints.newest(name) : Optional.empty();
        if (found.isPresent()) {
            SavedStep.restore(found.get().path(), optimizer);
            start = found.get().saved().state();
            best = found.get().saved().best();
            progress.note("%s: goes on after step %d of %d, from %s."
                    .formatted(name, start.steps(), steps, found.get().path()));
        }
        Recorded phase =
                new Recorded(name, steps, optimizer, evaluation, before, start, found.map(Checkpoints.Found::path));
        before += steps;
        return phase;
    }

    private final class Recorded implements TrainingRun.Phase {
        private final String name;
        private final int steps;
        private final AdamW optimizer;
        private final @Nullable Evaluation evaluation;
        private final long offset;
        private final PhaseState start;
        private final StopRequest.Listening listening = options.stop().listen();
        private @Nullable Path newest;
        private int newestStep;
        /** Whether a finite step has followed the newest checkpoint: its parameters are then known to be sound. */
        private boolean proven;

        Recorded(
                String name,
                int steps,
                AdamW optimizer,
                @Nullable Evaluation evaluation,
                long offset,
                PhaseState start,
                Optional<Path> resumed) {
            this.name = name;
            this.steps = steps;
            this.optimizer = optimizer;
            this.evaluation = evaluation;
            this.offset = offset;
            this.start = start;
            this.newest = resumed.orElse(null);
            this.newestStep = start.steps();
        }

        @Override
        public PhaseState start() {
            return start;
        }

        @Override
        public void record(StepRecord step) {
            log.write(new RunEvent(Instant.now(), name, offset + step.step(), step));
        }

        @Override
        public Map<String, Double> between(int step, boolean sound, Supplier<PhaseState> state) {
            if (sound && !proven && newest != null && step > newestStep) {
                proven = true;
                prune();
            }
            boolean finished = step == steps;
            Map<String, Double> measured = Map.of();
            if (evaluation != null && (finished || step % options.evaluateEvery() == 0)) {
                measured = optimizer.withAverage(() -> evaluate(evaluation, step));
            }
            if (options.stop().isRequested() && !finished) {
                throw new StoppedException(stopped(state.get()));
            }
            boolean due = options.saveEvery() > 0 && step % options.saveEvery() == 0;
            if (finished || due && sound) {
                try {
                    save(state.get());
                } catch (CheckpointException e) {
                    progress.note(
                            "%s No checkpoint was made after step %d of %s; the run goes on, the newest checkpoint is %s."
                                    .formatted(e.getMessage(), step, name, newestName()));
                }
            }
            return measured;
        }

        private void prune() {
            try {
                checkpoints.prune();
            } catch (CheckpointException e) {
                progress.note(
                        "%s Older checkpoints than asked for are left; the run goes on.".formatted(e.getMessage()));
            }
        }

        private Map<String, Double> evaluate(Evaluation evaluation, int step) {
            Map<String, Double> measured = evaluation.measure();
            if (measured.isEmpty()) {
                return measured;
            }
            record(new StepRecord(step, "", "", measured));
            double score = measured.values().stream()
                    .mapToDouble(Double::doubleValue)
                    .average()
                    .orElse(0);
            if (best == null || score > best.score()) {
                try {
                    evaluation.save(options.directory().resolve(BestModel.FOLDER));
                    best = new BestModel(offset + step, score);
                } catch (CheckpointException e) {
                    progress.note(
                            "%s The model after step %d of %s is the best so far, but was not saved; the run goes on."
                                    .formatted(e.getMessage(), step, name));
                }
            }
            return measured;
        }

        private void save(PhaseState state) {
            try {
                SavedStep step = new SavedStep(name, offset + state.steps(), state, best, log.forcedLengths());
                newest = checkpoints.save(step, optimizer);
                newestStep = state.steps();
                proven = false;
            } catch (IOException e) {
                throw new CheckpointException(
                        "%s: its metrics cannot be written: %s.".formatted(options.directory(), e.getMessage()), e);
            }
        }

        private String stopped(PhaseState state) {
            String where = "%s: stopped after step %d of %d".formatted(name, state.steps(), steps);
            try {
                save(state);
                return "%s and saved as %s; the same command with --resume goes on from there."
                        .formatted(where, newestName());
            } catch (CheckpointException e) {
                return "%s, which could not be saved (%s); the same command with --resume goes on from the newest checkpoint, %s."
                        .formatted(where, e.getMessage(), newestName());
            }
        }

        private String newestName() {
            return newest == null ? "none" : newest.toString();
        }

        @Override
        public Optional<Path> diverged() {
            if (newest != null && !proven) {
                checkpoints.delete(newest);
            }
            return checkpoints.newest(name).map(Checkpoints.Found::path);
        }

        @Override
        public void close() {
            listening.close();
        }
    }
}

package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.DirectoryLock;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.GalleryFolder;
import io.llm2clip.report.Surroundings;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The folder of a run: {@code args.json}, {@code metrics.jsonl}, TensorBoard's {@code events.out.tfevents.*}, and
 * {@code checkpoints/step-000100} and so on, {@code best/} if models are measured, {@code results.json} and {@code searches/} at the end. One run at a time
 * writes to it.
 *
 * <p>It is claimed before work begins, so that what speaks against it is found at once, and changed only when training begins.
 */
public final class RunDirectory implements AutoCloseable {
    static final String KIND = "run";

    /** Holds searches to look at, of a finished run. */
    static final String SEARCHES = "searches";

    private final RunOptions options;
    private final DirectoryLock lock;
    private final Checkpoints checkpoints;
    private @Nullable RunFile file;
    private @Nullable RunLog log;
    private @Nullable RecordedRun recorded;
    /** Whether the run begins here. */
    private boolean begun;
    /** Whether the folder goes with it, should nothing come of it: not one that the user made. */
    private boolean removable;

    private RunDirectory(RunOptions options, DirectoryLock lock, @Nullable RunFile file) {
        this.options = options;
        this.lock = lock;
        this.checkpoints = new Checkpoints(options.directory(), options.keep());
        this.file = file;
    }

    /**
     * Claims the folder; nothing in it changes yet.
     *
     * @param existing what to do with an earlier run, unless this one goes on from it
     * @throws CheckpointException if another run is at it, it holds something that is not to be replaced, or there is nothing to go on
     *     from
     */
    public static RunDirectory claim(RunOptions options, Existing existing) {
        Path directory = options.directory();
        OutputDirectory.requireShareable(directory, KIND);
        DirectoryLock lock = DirectoryLock.acquire(directory);
        RunDirectory claimed = null;
        try {
            Optional<RunFile> found =
                    options.resume() || existing == Existing.REFUSE ? RunFile.read(directory) : Optional.empty();
            if (options.resume()) {
                requireUnfinished(directory, found);
            } else if (existing == Existing.REFUSE) {
                requireNoRun(directory, found);
            }
            claimed = new RunDirectory(options, lock, found.orElse(null));
            return claimed;
        } finally {
            if (claimed == null) {
                lock.close();
            }
        }
    }

    private static void requireUnfinished(Path directory, Optional<RunFile> found) {
        if (found.isEmpty()) {
            throw new CheckpointException(
                    "%s: expected a run to go on from, found none; leave out --resume to begin one, or name its folder with --run."
                            .formatted(directory));
        }
        if (found.get().finished() != null) {
            throw new CheckpointException(
                    "%s: expected an unfinished run to go on from, found one that was finished at %s; leave out --resume and choose another name."
                            .formatted(directory, found.get().finished()));
        }
    }

    /** A run that came to nothing is not worth keeping. */
    private static void requireNoRun(Path directory, Optional<RunFile> found) {
        if (found.isPresent() && found.get().finished() != null) {
            throw new CheckpointException(
                    "%s: holds a finished run; choose another name or replace it with --overwrite."
                            .formatted(directory));
        }
        if (Checkpoints.exist(directory)) {
            throw new CheckpointException(
                    "%s: holds a run that was not finished; go on from it with --resume, choose another name, or replace it with --overwrite."
                            .formatted(directory));
        }
    }

    /**
     * Training begins, or goes on.
     *
     * @param about what a reader of its report wants to know besides, by name
     * @throws CheckpointException if the folder cannot be written, or settings are not those of the run to go on from
     */
    public TrainingRun begin(RunSettings settings, Map<String, String> about, Progress progress) {
        Path directory = options.directory();
        try {
            RunFile run = options.resume() && file != null ? resume(file, settings, progress) : start(settings, about);
            run.write(directory);
            file = run;
            log = RunLog.open(directory, run.started(), options.resume() ? newestLogs() : Map.of(), progress);
            recorded = new RecordedRun(options, checkpoints, log, progress);
            return recorded;
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be written: %s; choose another folder with --run.".formatted(directory, IoReason.of(e)),
                    e);
        }
    }

    private Map<String, Long> newestLogs() {
        return checkpoints.all().stream()
                .findFirst()
                .map(found -> found.saved().logs())
                .orElse(Map.of());
    }

    private RunFile start(RunSettings settings, Map<String, String> about) throws IOException {
        Path directory = options.directory();
        begun = true;
        removable = Files.notExists(directory)
                || OutputDirectory.damaged(directory, KIND).isPresent();
        OutputDirectory.share(directory, KIND);
        forget();
        return new RunFile(
                Instant.now(), options.command(), about, Surroundings.describe(), settings, List.of(), null, List.of());
    }

    private RunFile resume(RunFile run, RunSettings settings, Progress progress) {
        String differences = settings.since(run.settings());
        if (!differences.isEmpty()) {
            throw new CheckpointException(
                    "%s: a run goes on with the settings that it began with, found %s; give those, or begin another run without --resume."
                            .formatted(options.directory(), differences));
        }
        checkpoints.tidy();
        OutputDirectory.tidy(options.directory());
        checkpoints
                .damaged()
                .forEach(path -> progress.note("%s is damaged and left out; an earlier one is taken.".formatted(path)));
        long step = checkpoints.all().stream()
                .findFirst()
                .map(found -> found.saved().step())
                .orElse(0L);
        if (step == 0) {
            progress.note("%s has no checkpoint, so the run begins anew.".formatted(options.directory()));
        }
        return run.resumedAfter(step);
    }

    /** Deletes what an earlier run wrote, and nothing else. */
    private void forget() throws IOException {
        Path directory = options.directory();
        Files.deleteIfExists(directory.resolve(RunFile.NAME));
        checkpoints.clear();
        for (String folder : List.of(BestModel.FOLDER, SEARCHES)) {
            OutputDirectory.recover(directory.resolve(folder));
            OutputDirectory.delete(directory.resolve(folder));
        }
        Files.deleteIfExists(directory.resolve(MetricsFile.NAME));
        Files.deleteIfExists(directory.resolve(ResultsFile.NAME));
        try (DirectoryStream<Path> events = Files.newDirectoryStream(directory, EventFile.PATTERN)) {
            for (Path each : events) {
                Files.deleteIfExists(each);
            }
        }
    }

    /** Where a picture of a finished run's searches is, see {@link GalleryFolder#picture}. */
    public Path picture(int gallery, int item) {
        return options.directory().resolve(SEARCHES).resolve(GalleryFolder.picture(gallery, item));
    }

    /**
     * Saves what was trained.
     *
     * @throws CheckpointException if that fails; it says where what was trained is, as far as it is kept
     */
    public void save(Runnable model) {
        try {
            model.run();
        } catch (CheckpointException e) {
            throw checkpoints.all().stream()
                    .findFirst()
                    .map(newest -> new CheckpointException(
                            "%s What was trained is kept as %s; the same command with --resume goes on from there."
                                    .formatted(e.getMessage(), newest.path()),
                            e))
                    .orElse(e);
        }
    }

    /** Training is over and its result is saved: there is nothing to go on from any more. */
    public void finish(RunResult result, Progress progress) {
        if (file == null || recorded == null) {
            throw new IllegalStateException("The run has not begun.");
        }
        try {
            checkpoints.prune();
            ResultsFile.write(options.directory(), result.figures());
            write(result.galleries(), progress);
            file = file.finishedNow(result.next());
            file.write(options.directory());
        } catch (CheckpointException e) {
            progress.note("The model is saved, but its run is not recorded as finished: %s".formatted(e.getMessage()));
        }
        recorded.best().ifPresent(best -> progress.note(best.sentence(options.directory())));
    }

    /** Nice to look at, and no more: a run is finished without them. */
    private void write(Map<String, Gallery> galleries, Progress progress) {
        if (galleries.isEmpty()) {
            return;
        }
        try {
            GalleryFolder.write(options.directory().resolve(SEARCHES), galleries);
        } catch (CheckpointException e) {
            progress.note("The model is saved, but its report will show no searches: %s".formatted(e.getMessage()));
        }
    }

    /** A training that fails before its first step leaves no run that anybody could lose or go on from. */
    private boolean cameToNothing() throws IOException {
        Path metrics = options.directory().resolve(MetricsFile.NAME);
        return (file == null || file.finished() == null)
                && (Files.notExists(metrics) || Files.size(metrics) == 0)
                && !Checkpoints.exist(options.directory());
    }

    @Override
    public void close() {
        try (lock) {
            if (log != null) {
                log.close();
            }
            if (begun && cameToNothing()) {
                forget();
                if (removable) {
                    OutputDirectory.delete(options.directory());
                }
            }
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: cannot be written: %s.".formatted(options.directory(), IoReason.of(e)), e);
        }
    }
}

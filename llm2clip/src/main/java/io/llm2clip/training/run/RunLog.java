package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Metrics of a run, for people's scripts and for TensorBoard. A full disk leaves out records but ends no training.
 */
final class RunLog implements AutoCloseable {
    private final AppendFile metrics;
    private final AppendFile events;
    private final Progress progress;
    private boolean failing;

    private RunLog(AppendFile metrics, AppendFile events, Progress progress) {
        this.metrics = metrics;
        this.events = events;
        this.progress = progress;
    }

    /**
     * Opens the files of a run.
     *
     * @param started when the run began, for a name
     * @param lengths of what stays of files that are there, by name; those without stay empty
     */
    static RunLog open(Path directory, Instant started, Map<String, Long> lengths, Progress progress)
            throws IOException {
        AppendFile metrics = open(directory, MetricsFile.NAME, lengths);
        try {
            AppendFile events = open(directory, EventFile.name(started), lengths);
            if (events.length() == 0) {
                events.append(EventFile.header(started));
            }
            return new RunLog(metrics, events, progress);
        } catch (IOException e) {
            metrics.close();
            throw e;
        }
    }

    private static AppendFile open(Path directory, String name, Map<String, Long> lengths) throws IOException {
        return AppendFile.open(directory.resolve(name), lengths.getOrDefault(name, 0L));
    }

    void write(RunEvent event) {
        try {
            metrics.append(MetricsFile.line(event));
            events.append(EventFile.record(event));
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                failing = true;
                progress.note("%s: cannot be written: %s; the run goes on, its metrics are left out until it can."
                        .formatted(metrics.path(), IoReason.of(e)));
            }
        }
    }

    /** How long the files are, by name, after making sure that they will be. */
    Map<String, Long> forcedLengths() throws IOException {
        Map<String, Long> lengths = new LinkedHashMap<>();
        for (AppendFile file : List.of(metrics, events)) {
            file.force();
            lengths.put(file.path().getFileName().toString(), file.length());
        }
        return lengths;
    }

    @Override
    public void close() throws IOException {
        try (metrics;
                events) {}
    }
}

package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The metrics of a run by phase, in the order in which phases began, read from {@code metrics.jsonl}. */
public final class RunMetrics {
    private static final JsonMapper JSON = new JsonMapper();
    private static final Set<String> PLACE = Set.of("time", "step", "phase", "phase_step", "kind", "not_finite");

    private final Map<String, PhaseMetrics> phases = new LinkedHashMap<>();

    private RunMetrics() {}

    /** In the order in which they began. */
    public List<PhaseMetrics> phases() {
        return List.copyOf(phases.values());
    }

    private PhaseMetrics phase(String name) {
        return phases.computeIfAbsent(name, PhaseMetrics::new);
    }

    /**
     * Reads the file of a run. A last line that was cut off, as by a crash, is left out.
     *
     * @return without phases if there is none
     * @throws CheckpointException if it was not written by a run
     */
    public static RunMetrics read(Path directory) {
        Path file = directory.resolve(MetricsFile.NAME);
        RunMetrics metrics = new RunMetrics();
        try (BufferedReader lines = Files.newBufferedReader(file)) {
            int number = 0;
            for (String line = lines.readLine(); line != null; ) {
                String next = lines.readLine();
                number++;
                try {
                    metrics.add(JSON.readTree(line));
                } catch (JacksonException | DateTimeParseException e) {
                    if (next != null) {
                        throw new CheckpointException(
                                "%s, line %d: expected metrics of a step as training writes them, found something else."
                                        .formatted(file, number),
                                e);
                    }
                }
                line = next;
            }
        } catch (NoSuchFileException e) {
            return metrics;
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(file, IoReason.of(e)), e);
        }
        return metrics;
    }

    private void add(JsonNode line) {
        Instant.parse(line.path("time").asString(""));
        Map<String, Double> values = new LinkedHashMap<>();
        line.propertyStream()
                .filter(entry -> !PLACE.contains(entry.getKey()))
                .forEach(entry -> values.put(entry.getKey(), entry.getValue().asDouble()));
        phase(line.path("phase").asString(""))
                .add(line.path("phase_step").asInt(0), line.path("kind").asString(""), values);
    }
}

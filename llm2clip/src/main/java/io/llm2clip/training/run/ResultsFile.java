package io.llm2clip.training.run;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The form of {@code results.json}: what a finished run came to. */
final class ResultsFile {
    static final String NAME = "results.json";

    private static final JsonMapper JSON = new JsonMapper();

    private ResultsFile() {}

    static void write(Path directory, List<Outcome> figures) {
        ArrayNode all = JSON.createArrayNode();
        for (Outcome figure : figures) {
            ObjectNode node = all.addObject().put("name", figure.name()).put("value", figure.value());
            figure.before().ifPresent(before -> node.put("before", before));
            figure.gain().ifPresent(gain -> write(node.putObject("gain"), gain));
            figure.baseline().ifPresent(baseline -> {
                ObjectNode other =
                        node.putObject("baseline").put("name", baseline.name()).put("value", baseline.value());
                baseline.difference().ifPresent(difference -> write(other.putObject("difference"), difference));
            });
            node.put("chance", figure.chance());
        }
        AtomicFile.write(
                directory.resolve(NAME),
                (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(all) + "\n")
                        .getBytes(StandardCharsets.UTF_8));
    }

    private static void write(ObjectNode node, Interval interval) {
        node.put("mean", interval.mean()).put("low", interval.low()).put("high", interval.high());
    }

    /** What {@link #write} wrote; empty of a run that is not finished. */
    static List<Outcome> read(Path directory) {
        Path file = directory.resolve(NAME);
        try {
            List<Outcome> figures = new ArrayList<>();
            for (JsonNode node : JSON.readTree(Files.readAllBytes(file))) {
                figures.add(new Outcome(
                        node.path("name").asString(""),
                        node.path("value").asDouble(),
                        node.has("before")
                                ? OptionalDouble.of(node.path("before").asDouble())
                                : OptionalDouble.empty(),
                        interval(node.path("gain")),
                        baseline(node.path("baseline")),
                        node.path("chance").asDouble()));
            }
            return figures;
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (JacksonException e) {
            throw new CheckpointException(
                    "%s: expected the results of a run as training writes them, found something else.".formatted(file),
                    e);
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(file, IoReason.of(e)), e);
        }
    }

    private static Optional<Outcome.Baseline> baseline(JsonNode node) {
        return node.isMissingNode()
                ? Optional.empty()
                : Optional.of(new Outcome.Baseline(
                        node.path("name").asString(""),
                        node.path("value").asDouble(),
                        interval(node.path("difference"))));
    }

    private static Optional<Interval> interval(JsonNode node) {
        return node.isMissingNode()
                ? Optional.empty()
                : Optional.of(new Interval(
                        node.path("mean").asDouble(),
                        node.path("low").asDouble(),
                        node.path("high").asDouble()));
    }
}

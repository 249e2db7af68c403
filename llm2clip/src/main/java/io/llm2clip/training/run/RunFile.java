package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.report.Surroundings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * The file {@code args.json} of a run: what was asked for, with what, and when.
 *
 * @param command as it was given, empty if there was none
 * @param about what a reader of its report wants to know besides: its output, what it learns from, and how many of it
 * @param versions and machine
 * @param resumed when it went on, after which step
 * @param finished null while it is not
 * @param next commands to try what came of it with, once it is finished
 */
record RunFile(
        Instant started,
        List<String> command,
        Map<String, String> about,
        Map<String, String> versions,
        RunSettings settings,
        List<Resumption> resumed,
        @Nullable Instant finished,
        List<NextCommand> next) {
    static final String NAME = "args.json";

    private static final JsonMapper JSON = new JsonMapper();

    /** A run went on, with a step of the whole run after which it did. */
    record Resumption(Instant time, long step, Map<String, String> versions) {}

    RunFile resumedAfter(long step) {
        List<Resumption> more = new ArrayList<>(resumed);
        more.add(new Resumption(Instant.now(), step, Surroundings.describe()));
        return new RunFile(started, command, about, versions, settings, more, finished, next);
    }

    RunFile finishedNow(List<NextCommand> commands) {
        return new RunFile(started, command, about, versions, settings, resumed, Instant.now(), commands);
    }

    void write(Path directory) {
        ObjectNode node = JSON.createObjectNode();
        node.put("started", started.toString());
        if (finished != null) {
            node.put("finished", finished.toString());
        }
        node.set("command", JSON.valueToTree(command));
        node.set("about", JSON.valueToTree(about));
        node.set("versions", JSON.valueToTree(versions));
        node.set("settings", JSON.valueToTree(settings.values()));
        for (Resumption resumption : resumed) {
            node.withArray("resumed")
                    .addObject()
                    .put("time", resumption.time.toString())
                    .put("step", resumption.step)
                    .set("versions", JSON.valueToTree(resumption.versions));
        }
        for (NextCommand each : next) {
            node.withArray("next")
                    .addObject()
                    .put("purpose", each.purpose())
                    .set("command", JSON.valueToTree(each.words()));
        }
        AtomicFile.write(
                directory.resolve(NAME),
                (JSON.writerWithDefaultPrettyPrinter().writeValueAsString(node) + "\n")
                        .getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Reads the file of a run.
     *
     * @return empty if there is none
     * @throws CheckpointException if it was not written by {@link #write}
     */
    static Optional<RunFile> read(Path directory) {
        Path file = directory.resolve(NAME);
        try {
            JsonNode node = JSON.readTree(Files.readAllBytes(file));
            List<Resumption> resumed = new ArrayList<>();
            for (JsonNode each : node.path("resumed")) {
                resumed.add(new Resumption(
                        Instant.parse(each.path("time").asString("")),
                        each.path("step").asLong(0),
                        strings(each.path("versions"))));
            }
            List<NextCommand> next = new ArrayList<>();
            for (JsonNode each : node.path("next")) {
                next.add(new NextCommand(each.path("purpose").asString(""), words(each.path("command"))));
            }
            return Optional.of(new RunFile(
                    Instant.parse(node.path("started").asString("")),
                    words(node.path("command")),
                    strings(node.path("about")),
                    strings(node.path("versions")),
                    settings(strings(node.path("settings"))),
                    resumed,
                    node.has("finished") ? Instant.parse(node.path("finished").asString("")) : null,
                    next));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (JacksonException | DateTimeParseException e) {
            throw new CheckpointException(
                    "%s: expected the arguments of a run as training writes them, found something else; begin the run anew with --overwrite."
                            .formatted(file),
                    e);
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(file, IoReason.of(e)), e);
        }
    }

    /** Earlier versions wrote an empty {@code Optional} as Java has it; their runs go on, and read like others. */
    private static RunSettings settings(Map<String, String> values) {
        values.replaceAll((_, value) -> value.equals("Optional.empty") ? RunSettings.NONE : value);
        return new RunSettings(values);
    }

    private static List<String> words(JsonNode array) {
        List<String> words = new ArrayList<>();
        array.forEach(word -> words.add(word.asString("")));
        return words;
    }

    private static Map<String, String> strings(JsonNode object) {
        Map<String, String> values = new LinkedHashMap<>();
        object.propertyStream()
                .forEach(entry -> values.put(entry.getKey(), entry.getValue().asString("")));
        return values;
    }
}

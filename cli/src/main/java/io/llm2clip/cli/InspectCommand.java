package io.llm2clip.cli;

import io.llm2clip.data.InputException;
import io.llm2clip.data.StoreInspection;
import io.llm2clip.hub.HubPath;
import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.model.ModelInspection;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.training.run.RunInspection;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** {@code llm2clip inspect}. */
@Command(
        name = "inspect",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Show what a model is, by parts: sizes, types, memory that it takes, what it was trained with, and whether it is"
                    + " complete; exits with 1 if something of it is missing or damaged.",
            "The same of an adapter of low-rank updates, of the folder of a training, which may be running, of a checkpoint in it, and"
                    + " of a store of text vectors. No weights are read."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip inspect runs/demo/model --tensors")
final class InspectCommand implements Runnable {
    @Parameters(
            paramLabel = "PATH|NAME",
            description =
                    "A file of weights of any format, a directory of any of these, or the name of a model on the Hub after 'llm2clip"
                            + " pull'.")
    private String place = "";

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--tensors", description = "Also list all tensors with their types and shapes.")
    private boolean withTensors;

    @Mixin
    private Terminal terminal = new Terminal();

    @Override
    public void run() {
        Path path = HubPath.of(place);
        ModelReport report =
                RunInspection.of(path).or(() -> StoreInspection.of(path)).orElseGet(() -> ModelInspection.of(path));
        Map<Path, Map<String, StoredTensor>> tensors = withTensors ? tensors(report) : Map.of();
        if (terminal.json()) {
            terminal.printJson(json(report, tensors));
        } else {
            InspectionText.of(report).forEach(terminal::print);
            tensors.forEach((file, entries) -> {
                terminal.print("\n" + file);
                entries.forEach((name, tensor) ->
                        terminal.print("  %-60s %-5s %s".formatted(name, tensor.type(), tensor.shape())));
            });
            if (!withTensors && !report.files().isEmpty() && report.kind() != ModelReport.Kind.TEXT_VECTORS) {
                terminal.hint("--tensors lists the tensors.");
            }
        }
        if (!report.problems().isEmpty()) {
            throw new InputException("%s cannot be opened as it is; the reasons are said above.".formatted(place));
        }
    }

    /** Types and shapes stay known when a file is closed. */
    private static Map<Path, Map<String, StoredTensor>> tensors(ModelReport report) {
        Map<Path, Map<String, StoredTensor>> tensors = new LinkedHashMap<>();
        for (Path file : report.files().keySet()) {
            try (Checkpoint source = Checkpoint.open(file)) {
                tensors.put(file, new LinkedHashMap<>(source.entries()));
            } catch (CheckpointException e) {
                // Said of the part that the file is of.
                tensors.put(file, Map.of());
            }
        }
        return tensors;
    }

    private static ObjectNode json(ModelReport report, Map<Path, Map<String, StoredTensor>> tensors) {
        ObjectNode json = Json.MAPPER.createObjectNode();
        json.put("path", report.path().toString());
        json.put("kind", report.kind().name().toLowerCase(Locale.ROOT));
        json.put("complete", report.complete());
        ArrayNode parts = json.putArray("parts");
        report.parts().forEach(part -> part(parts.addObject(), part));
        ArrayNode files = json.putArray("files");
        report.files().forEach((file, bytes) -> {
            ObjectNode each = files.addObject().put("file", file.toString()).put("bytes", bytes);
            if (tensors.containsKey(file)) {
                ArrayNode list = each.putArray("tensors");
                tensors.get(file)
                        .forEach((name, tensor) -> list.addObject()
                                .put("name", name)
                                .put("type", tensor.type().name())
                                .set("shape", Json.MAPPER.valueToTree(tensor.shape())));
            }
        });
        ObjectNode memory = json.putObject("memory");
        report.memory().forEach((format, bytes) -> memory.put(format.name().toLowerCase(Locale.ROOT), bytes));
        json.set("partners", strings(report.partners()));
        json.set("pending", strings(report.pending()));
        json.set("remarks", strings(report.remarks()));
        json.set("problems", strings(report.problems()));
        return json;
    }

    private static void part(ObjectNode json, PartReport part) {
        json.put("name", part.name())
                .put("source", part.source().toString())
                .put("summary", part.summary())
                .put("parameters", part.parameters())
                .put("bytes", part.bytes());
        ObjectNode types = json.putObject("types");
        part.types().forEach((type, count) -> types.put(type.name(), count));
        json.set("facts", Json.MAPPER.valueToTree(part.facts()));
        part.problem().ifPresent(problem -> json.put("problem", problem));
    }

    private static ArrayNode strings(List<String> texts) {
        ArrayNode array = Json.MAPPER.createArrayNode();
        texts.forEach(array::add);
        return array;
    }
}

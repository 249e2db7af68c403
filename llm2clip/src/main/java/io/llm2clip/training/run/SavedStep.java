package io.llm2clip.training.run;

import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.optimizer.AdamW;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a checkpoint says about itself, in {@code state.json}; beside it are the trained parameters and the state of their optimizer.
 *
 * @param phase of the training
 * @param step of the whole run
 * @param state of the phase
 * @param best model of the run so far, if any was measured
 * @param logs how long the run's metrics files are, by name
 */
record SavedStep(
        String phase, long step, PhaseState state, @Nullable BestModel best, Map<String, Long> logs) {
    private static final String STATE = "state.json";
    static final String PARAMETERS = "parameters.safetensors";
    static final String MOMENTS = "optimizer.safetensors";
    private static final JsonMapper JSON = new JsonMapper();

    /** The bytes of a checkpoint, but for what describes it. */
    static long bytes(AdamW optimizer) {
        return ParameterFiles.bytes(optimizer.parameters()) + optimizer.stateBytes();
    }

    void write(Path folder, AdamW optimizer) throws IOException {
        ParameterFiles.save(optimizer.parameters(), folder.resolve(PARAMETERS), Map.of());
        optimizer.save(folder.resolve(MOMENTS));
        ObjectNode node = JSON.createObjectNode();
        node.put("phase", phase)
                .put("step", step)
                .put("phase_step", state.steps())
                .put("skipped", state.skipped())
                .put("skipped_in_a_row", state.skippedInARow())
                .put("flops", state.flops())
                .put("data", state.data());
        if (best != null) {
            node.putObject("best").put("step", best.step()).put("score", best.score());
        }
        node.set("logs", JSON.valueToTree(logs));
        ArrayNode losses = node.putArray("losses");
        state.losses().forEach(losses::add);
        Files.write(folder.resolve(STATE), JSON.writeValueAsBytes(node));
    }

    /** Gives parameters and moments the values that {@link #write} wrote. */
    static void restore(Path folder, AdamW optimizer) {
        try (Checkpoint parameters = Checkpoint.open(folder.resolve(PARAMETERS))) {
            ParameterFiles.load(optimizer.parameters(), parameters);
        }
        optimizer.load(folder.resolve(MOMENTS));
    }

    static SavedStep read(Path folder) {
        Path file = folder.resolve(STATE);
        try {
            JsonNode node = JSON.readTree(Files.readAllBytes(file));
            List<Float> losses = new ArrayList<>();
            node.path("losses").forEach(loss -> losses.add(loss.asFloat(Float.NaN)));
            Map<String, Long> logs = new LinkedHashMap<>();
            node.path("logs")
                    .propertyStream()
                    .forEach(log -> logs.put(log.getKey(), log.getValue().asLong(0)));
            return new SavedStep(
                    node.path("phase").asString(""),
                    node.path("step").asLong(0),
                    new PhaseState(
                            node.path("phase_step").asInt(0),
                            losses,
                            node.path("skipped").asInt(0),
                            node.path("skipped_in_a_row").asInt(0),
                            node.path("flops").asLong(0),
                            node.path("data").asString("")),
                    node.has("best")
                            ? new BestModel(
                                    node.path("best").path("step").asLong(0),
                                    node.path("best").path("score").asDouble(0))
                            : null,
                    logs);
        } catch (IOException | JacksonException e) {
            throw new CheckpointException(
                    "%s: expected the state of a training, found something else (%s); delete this checkpoint, an earlier one is taken instead."
                            .formatted(file, e.getMessage()),
                    e);
        }
    }
}

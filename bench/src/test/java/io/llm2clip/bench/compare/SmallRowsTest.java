package io.llm2clip.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Every row at tiny shapes: this engine's output is that of the row's first rival, which {@code bench/compare/expected.py} wrote down. */
class SmallRowsTest {
    @TempDir
    private Path folder;

    private static Map<String, JsonNode> expected() throws IOException {
        try (InputStream file = Objects.requireNonNull(SmallRowsTest.class.getResourceAsStream("small.json"))) {
            return JsonMapper.shared()
                    .readTree(file)
                    .valueStream()
                    .collect(Collectors.toMap(row -> row.get("name").asString(), row -> row));
        }
    }

    @TestFactory
    Stream<DynamicTest> outputsAreThoseOfTheFirstRival() throws IOException {
        Map<String, JsonNode> expected = expected();
        // Python writes the files of the others.
        return Suite.of(true).stream()
                .filter(row -> !row.work().has("quantized"))
                .map(row -> DynamicTest.dynamicTest(row.name(), () -> check(row, expected.get(row.name()))));
    }

    private void check(Row row, JsonNode expected) throws IOException {
        assertThat(expected).as("row %s is in small.json", row.name()).isNotNull();
        assertThat(expected.get("work").asString())
                .as("the work that small.json is of; run expected.py again")
                .isEqualTo(row.work().toString());
        Output output = output(row.work().with(row.subject().settings()));
        double rms = expected.get("rms").asDouble();
        Entrant reference = row.rivals().getFirst();
        double allowed = Output.Limit.of(row.subject(), reference).error() * rms;
        assertThat(output.count()).isEqualTo(expected.get("count").asInt());
        assertThat(output.rms()).isCloseTo(rms, within(allowed));
        JsonNode first = expected.get("output");
        for (int i = 0; i < first.size(); i++) {
            assertThat(output.samples()[i])
                    .as("sample %d", i)
                    .isCloseTo(first.get(i).asDouble(), within(allowed));
        }
    }

    private Output output(Request request) throws IOException {
        Request whole = request;
        if (request.has("stored")) {
            Path weights = Files.createTempDirectory(folder, "weights");
            OwnModels.store(request, weights);
            whole = request.with(
                    Map.of("file", weights.resolve("model.safetensors").toString()));
        }
        try (Task task = OwnTasks.of(whole)) {
            float[] output = task.output();
            assertThat(task.flops()).isPositive();
            return Output.of(output);
        } catch (AbsentException e) {
            return abort(String.valueOf(e.getMessage()));
        }
    }

    @Test
    void stepsOfManyMinutesRunOnlyIfTheyAreNamed() {
        assertThat(Suite.of(false)).extracting(Row::name).contains("step-2-large");
        assertThat(Suite.usual(false)).extracting(Row::name).contains("step-2").doesNotContain("step-2-large");
        assertThat(Suite.usual(true)).extracting(Row::name).contains("step-2-large");
    }

    @Test
    void namesOfRowsAreTheSameAtTrueShapes() {
        List<String> small = Suite.of(true).stream().map(Row::name).toList();
        assertThat(small).doesNotHaveDuplicates();
        assertThat(Suite.of(false)).extracting(Row::name).isEqualTo(small);
        assertThat(Suite.curves(false, 6)).extracting(Row::name).contains("curve-threads-1", "curve-threads-6");
    }
}

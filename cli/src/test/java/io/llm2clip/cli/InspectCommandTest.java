package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

class InspectCommandTest {
    @TempDir
    static Path folder;

    private static Path model;

    @BeforeAll
    static void write() throws IOException {
        model = Fixture.model(folder.resolve("model"));
    }

    @Test
    void aDirectoryIsItsPartsWithCountsTypesAndSizes() throws IOException {
        Run run = Run.of("inspect", model);
        assertThat(run.code()).isZero();
        List<String> lines = run.out().lines().toList();
        assertThat(lines).hasSizeLessThan(12);
        assertThat(lines)
                .anyMatch(line -> line.matches("text/config.json +configuration of type llama"))
                .anyMatch(line -> line.matches("adapter.safetensors +\\d+ tensors +[\\d,]+ values +[\\d.]+ kB +F32"))
                .anyMatch(line -> line.matches("vision/model.safetensors +\\d+ tensors .*"));
        JsonNode weights = Run.of("inspect", model, "--json").json().path("weights");
        long values = 0;
        int tensors = 0;
        for (JsonNode each : weights) {
            assertThat(each.path("bytes").asLong())
                    .isEqualTo(Files.size(Path.of(each.path("file").asString())));
            assertThat(each.path("types").path("F32").asInt())
                    .isEqualTo(each.path("tensorCount").asInt());
            values += each.path("values").asLong();
            tensors += each.path("tensorCount").asInt();
        }
        assertThat(lines.getLast()).matches("all +%d tensors +%,d values .*".formatted(tensors, values));
        assertThat(run.err()).contains("--tensors lists the tensors.");
    }

    @Test
    void tensorsAndConfigurationsAreForThoseWhoAsk() {
        Run tensors = Run.of("inspect", model, "--tensors");
        assertThat(tensors.out()).contains("logit_scale ", "[6, 16]").doesNotContain("\"hidden_size\"");
        assertThat(tensors.err()).isEmpty();
        assertThat(Run.of("inspect", model, "--configurations").out())
                .contains("\"hidden_size\"")
                .doesNotContain("logit_scale");
        JsonNode json = Run.of("inspect", model, "--json", "--tensors").json();
        for (JsonNode weights : json.path("weights")) {
            assertThat(weights.path("tensors").size())
                    .isEqualTo(weights.path("tensorCount").asInt());
        }
    }

    @Test
    void aFileIsOneLine() {
        Path file = model.resolve("adapter.safetensors");
        assertThat(Run.of("inspect", file).out()).startsWith(file + "  ").hasLineCount(1);
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 bytes",
        "1, 1 byte",
        "999, 999 bytes",
        "1000, 1.0 kB",
        "999949, 999.9 kB",
        "999950, 1.0 MB",
        "4900000, 4.9 MB",
        "9223372036854775807, 9223372.0 TB"
    })
    void sizesForPeople(long bytes, String text) {
        assertThat(ByteSize.text(bytes)).isEqualTo(text);
    }
}

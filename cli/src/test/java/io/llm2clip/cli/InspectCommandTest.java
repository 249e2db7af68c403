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
    void aDirectoryIsItsPartsInLinesOfATerminal() {
        Run run = Run.of("inspect", model);
        assertThat(run.code()).isZero();
        List<String> lines = run.out().lines().toList();
        assertThat(lines.getFirst()).startsWith(model.toString());
        assertThat(lines).hasSizeLessThan(25).anyMatch(line -> line.matches("complete +yes"));
        // A path may be longer than a line.
        assertThat(lines.stream().filter(line -> !line.contains(model.toString())))
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(80));
        assertThat(run.out())
                .contains("a model that training wrote")
                .containsPattern("\nvision tower +CLIP for images of 16 px in patches of 8, 1 layer of 16 channels")
                .containsPattern("\ntext encoder +Llama, 1 layer of 16 channels, 2 heads")
                .containsPattern("\ntokenizer +\\d+ tokens, in tokenizer.json")
                .containsPattern("\nadapter +from caption vectors of 16 channels, scaled to length 1,")
                .containsPattern("\n +[\\d,]+ parameters in F32, [\\d.]+ kB")
                .containsPattern("\nweights +adapter.safetensors, ")
                .containsPattern("\nmemory +[\\d.]+ kB as stored, ");
        assertThat(run.err()).contains("--tensors lists the tensors.");
    }

    @Test
    void jsonHasTheSame() throws IOException {
        JsonNode json = Run.of("inspect", model, "--json").json();
        assertThat(json.path("kind").asString()).isEqualTo("trained_model");
        assertThat(json.path("complete").asBoolean()).isTrue();
        assertThat(json.path("parts")
                        .valueStream()
                        .map(part -> part.path("name").asString()))
                .containsExactly("vision tower", "text encoder", "tokenizer", "adapter");
        assertThat(json.path("parts").path(0).path("facts").path("image_size").asInt())
                .isEqualTo(16);
        long bytes = 0;
        for (JsonNode part : json.path("parts")) {
            assertThat(part.path("types").path("F32").asLong())
                    .isEqualTo(part.path("parameters").asLong());
            bytes += part.path("bytes").asLong();
        }
        assertThat(json.path("memory").path("stored").asLong()).isEqualTo(bytes);
        for (JsonNode file : json.path("files")) {
            assertThat(file.path("bytes").asLong())
                    .isEqualTo(Files.size(Path.of(file.path("file").asString())));
            assertThat(file.has("tensors")).isFalse();
        }
    }

    @Test
    void tensorsAreForThoseWhoAsk() {
        Run tensors = Run.of("inspect", model, "--tensors");
        assertThat(tensors.out()).contains("logit_scale ", "[6, 16]");
        assertThat(tensors.err()).isEmpty();
        assertThat(Run.of("inspect", model).out()).doesNotContain("logit_scale ");
        JsonNode json = Run.of("inspect", model, "--json", "--tensors").json();
        for (JsonNode file : json.path("files")) {
            assertThat(file.path("tensors").path(0).path("shape").isArray()).isTrue();
        }
    }

    @Test
    void whatCannotBeOpenedIsAFailureThatIsTold() throws IOException {
        Path broken = Fixture.model(folder.resolve("broken"));
        Files.delete(broken.resolve("text/tokenizer.json"));
        Run run = Run.of("inspect", broken, "--quiet");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.out())
                .containsPattern("\ntokenizer +cannot be opened, see below")
                .containsPattern("\ncomplete +no\n");
        assertThat(run.out().replaceAll("\\s+", " ")).contains("tokenizer.json does not exist; give ");
        assertThat(run.err())
                .isEqualToIgnoringNewLines(
                        "error: " + broken + " cannot be opened as it is; the reasons are said above.");
        assertThat(Run.of("inspect", broken, "--json").json().path("problems").size())
                .isEqualTo(2);
    }

    @Test
    void aNameOfTheHubIsLookedUp() {
        Run run = Run.of("inspect", "nobody/nothing-of-this-name");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("fetch the model with 'llm2clip pull nobody/nothing-of-this-name'.")
                .hasLineCount(1);
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

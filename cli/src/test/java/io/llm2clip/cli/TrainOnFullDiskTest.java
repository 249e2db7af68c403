package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.model.TextModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** The disk is full when all that is left to write is what goes with a model. */
@EnabledOnOs(OS.LINUX)
class TrainOnFullDiskTest {
    private static final String NO_ROOM = ": cannot be written: No space left on device.";
    private static final Path FULL = Path.of("/dev/full");

    @TempDir
    Path folder;

    private Path data;
    private Path text;

    @BeforeEach
    void write() throws IOException {
        data = folder.resolve("kites.jsonl");
        text = folder.resolve("text");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 22; i++) {
            lines.append("""
                    {"captions": ["Kite %d flies over a beach.", "Over a beach flies kite %d."]}
                    """.formatted(i, i));
        }
        Files.writeString(data, lines);
    }

    private Run train(Object... more) {
        List<Object> words = new ArrayList<>(List.of(
                "train",
                "caption",
                data,
                "--out",
                text,
                "--llm-steps",
                1,
                "--steps",
                1,
                "--batch",
                4,
                "--vocabulary",
                300,
                "--quiet"));
        words.addAll(Arrays.asList(more));
        return Run.of(words.toArray());
    }

    private void assertWhole() {
        assertThat(Run.of("inspect", text, "--json").json().path("complete").asBoolean())
                .isTrue();
        try (TextModel model = TextModel.open(text)) {
            assertThat(model.vectors(List.of("a kite")).rows()).isEqualTo(1);
        }
    }

    @Test
    void aReportThatHasNoRoomIsAFailureThatSaysThatTheModelIsSaved() throws IOException {
        Path report = Files.createSymbolicLink(folder.resolve("run.html"), FULL);
        Run run = train("--report", report);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err().lines())
                .last()
                .isEqualTo("error: What was trained is saved, but not its report: " + report + NO_ROOM);
        assertThat(run.out()).startsWith("Caption retrieval accuracy on 2 held-out groups:");
        assertWhole();
        assertThat(arguments().has("finished")).isTrue();
    }

    @Test
    void resultsThatHaveNoRoomAreToldAndEndNoTraining() throws IOException {
        assertThat(train().code()).isZero();
        byte[] weights = Files.readAllBytes(text.resolve("model.safetensors"));
        // As if it had been interrupted after its last step: a run that goes on keeps the link, a new one does not.
        Files.writeString(
                run("args.json"), ((ObjectNode) arguments()).without("finished").toString());
        Files.delete(run("results.json"));
        Path results = Files.createSymbolicLink(run("results.json"), FULL);
        Run run = train("--resume", "--overwrite", "--json");
        assertThat(run.err())
                .contains("The model is saved, but its run is not recorded as finished: " + results + NO_ROOM)
                .doesNotContain("error");
        assertThat(run.code()).isZero();
        assertThat(run.json().path("measuredGroups").asInt()).isEqualTo(2);
        assertWhole();
        assertThat(text.resolve("model.safetensors")).hasBinaryContent(weights);
        assertThat(arguments().has("finished")).isFalse();
    }

    private JsonNode arguments() {
        return Json.MAPPER.readTree(run("args.json"));
    }

    private Path run(String name) {
        return folder.resolve("text-run").resolve(name);
    }
}

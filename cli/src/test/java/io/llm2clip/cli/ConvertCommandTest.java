package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.Llm2Clip;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class ConvertCommandTest {
    @TempDir
    private Path folder;

    private Path model;
    private Path out;

    @BeforeEach
    void write() throws IOException {
        model = folder.resolve("LLM2CLIP-Openai-B-16");
        Fixture.published(model, folder.resolve("text"));
        out = folder.resolve("out");
    }

    @Test
    void aPublishedModelBecomesADirectoryOfOurs() throws IOException {
        Run run = Run.of("convert", model, out, "--text-encoder", folder.resolve("text"));
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).startsWith("Model: ").contains(" of weights in " + out + ".", "No weight was rounded.");
        Path picture = Fixture.picture(folder.resolve("a.png"), 0x208040);
        try (Llm2Clip loaded = Llm2Clip.load(out)) {
            float[][] cosines = loaded.similarity(List.of(picture), List.of("a kite"));
            Run similarity = Run.of("similarity", picture, "a kite", "--model", out, "--json");
            assertThat(similarity.json().path("captions").path(0).path("cosine").asDouble())
                    .isCloseTo(cosines[0][0], Assertions.within(1e-6));
        }
        Run again = Run.of("convert", model, out, "--text-encoder", folder.resolve("text"));
        assertThat(again.code()).isEqualTo(1);
        assertThat(again.err()).contains("holds a model already; choose another name or replace it with --overwrite.");
        Run replaced =
                Run.of("convert", model, out, "--text-encoder", folder.resolve("text"), "--overwrite", "--quiet");
        assertThat(replaced.code()).isZero();
        assertThat(replaced.err()).isEmpty();
    }

    @Test
    void whatRoundingChangedIsReported() {
        Run run = Run.of("convert", folder.resolve("text"), out, "--weights", "bf16", "--shard-size", "8k");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out().lines().toList()).hasSize(7);
        assertThat(run.out())
                .startsWith("Text encoder: ")
                .containsPattern(
                        "\\d+ tensors rounded: relative error 0\\.\\d{3} %, cosine 0\\.99999\\d\\d\\. The most:");
        assertThat(out.resolve("model.safetensors.index.json")).exists();
        assertThat(out.resolve("config.json")).content().contains("\"torch_dtype\" : \"bfloat16\"");

        Run json = Run.of("convert", out, folder.resolve("int4"), "--weights", "INT4", "--json");
        assertThat(json.code()).as(json.err()).isZero();
        JsonNode report = json.json();
        assertThat(report.path("kind").asString()).isEqualTo("text encoder");
        assertThat(report.path("roundedTensors").isArray()).isTrue();
        assertThat(report.path("bytes").asLong()).isPositive();
    }

    @Test
    void nonsenseIsRefused() throws IOException {
        Run within = Run.of("convert", model, model.resolve("out"));
        assertThat(within.code()).isEqualTo(2);
        assertThat(within.err())
                .contains(model.resolve("out") + " within or around " + model
                        + ", which it is made from; expected another folder.");
        Run type = Run.of("convert", model, out, "--weights", "int2");
        assertThat(type.code()).isEqualTo(2);
        assertThat(type.err()).contains("int2");
        assertThat(Run.of("convert", model).code()).isEqualTo(2);
        assertThat(Run.of("convert", model, out, "--shard-size", "0").code()).isEqualTo(2);
        Run missing = Run.of("convert", folder.resolve("none"), out);
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("there is no such file or directory").hasLineCount(1);
        Run named = Run.of("convert", "nobody/fetched-this", out);
        assertThat(named.code()).isEqualTo(1);
        assertThat(named.err()).contains("fetch the model with 'llm2clip pull nobody/fetched-this'");
        Path foreign = Files.createDirectory(folder.resolve("photos"));
        Files.writeString(foreign.resolve("a.txt"), "mine");
        Run taken = Run.of("convert", folder.resolve("text"), foreign, "--overwrite");
        assertThat(taken.code()).isEqualTo(1);
        assertThat(taken.err()).contains("found other files (a.txt); choose another name.");
        Run encoder = Run.of("convert", folder.resolve("text"), out, "--text-encoder", folder.resolve("text"));
        assertThat(encoder.code()).isEqualTo(1);
        assertThat(encoder.err())
                .contains("--text-encoder is for a published model, found a text encoder; leave it out.");
    }
}

package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.model.VisionOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code --model} takes what LLM2CLIP's authors publish, too. */
class PublishedModelTest {
    @TempDir
    Path folder;

    private Path model;
    private Path text;
    private Path picture;

    @BeforeEach
    void write() throws IOException {
        model = folder.resolve("LLM2CLIP-Openai-B-16");
        text = folder.resolve("LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned");
        Fixture.published(model, text);
        picture = Fixture.picture(folder.resolve("a.png"), 0x208040);
    }

    private double cosine(Object... options) {
        Object[] arguments = new Object[options.length + 4];
        arguments[0] = "similarity";
        System.arraycopy(options, 0, arguments, 1, options.length);
        arguments[options.length + 1] = picture;
        arguments[options.length + 2] = "a kite";
        arguments[options.length + 3] = "--json";
        Run run = Run.of(arguments);
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode scores = run.json().path("captions");
        return scores.path(0).path("cosine").asDouble();
    }

    @Test
    void aDirectoryOrAFileOpensWithItsTextEncoder() throws IOException {
        double expected;
        try (Llm2Clip loaded = Llm2Clip.load(model)) {
            expected = loaded.similarity(List.of(picture), List.of("a kite"))[0][0];
        }
        assertThat(cosine("--model", model)).isCloseTo(expected, within(1e-6));
        Path elsewhere = Files.move(text, folder.resolve("encoder"));
        assertThat(cosine("--model", model, "--text-encoder", elsewhere)).isCloseTo(expected, within(1e-6));
        Path file = model.resolve("model.safetensors");
        assertThat(cosine("--model", file, "--text-encoder", elsewhere)).isCloseTo(expected, within(1e-6));
    }

    @Test
    void theAdaptersNormalizationIsAnOption() {
        double unnormalized;
        try (Llm2Clip loaded = Llm2Clip.load(model, LoadOptions.DEFAULT.withNormalizedCaptions(false))) {
            unnormalized = loaded.similarity(List.of(picture), List.of("a kite"))[0][0];
        }
        assertThat(cosine("--model", model, "--no-normalize-captions")).isCloseTo(unnormalized, within(1e-6));
        assertThat(cosine("--model", model, "--normalize-captions")).isNotCloseTo(unnormalized, within(1e-4));
    }

    @Test
    void theImagesSizeIsAnOption() {
        double larger;
        try (Llm2Clip loaded =
                Llm2Clip.load(model, LoadOptions.DEFAULT.withVision(VisionOptions.STORED.withImageSize(32)))) {
            larger = loaded.similarity(List.of(picture), List.of("a kite"))[0][0];
        }
        assertThat(cosine("--model", model, "--image-size", "32")).isCloseTo(larger, within(1e-6));
        for (String wrong : List.of("33", "0", "-16")) {
            Run run = Run.of("similarity", "--model", model, "--image-size", wrong, picture, "a kite");
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .contains("its vision tower cannot be opened so: ")
                    .hasLineCount(1);
        }
    }

    /** Not "beside it is no text encoder": the file is a part of a model that is there. */
    @Test
    void aPartOfASavedModelNamesTheModel() throws IOException {
        Path saved = Fixture.model(folder.resolve("saved"));
        for (String part : List.of("adapter.safetensors", "vision", "vision/model.safetensors")) {
            Run run = Run.of("similarity", "--model", saved.resolve(part), picture, "a kite");
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err()).hasLineCount(1);
            assertThat(run.err()).contains("did you mean " + saved + "?");
        }
    }

    @Test
    void aMissingOrUselessTextEncoderIsAnErrorOfOneLine() throws IOException {
        Path elsewhere = Files.move(text, folder.resolve("encoder"));
        Run missing = Run.of("similarity", "--model", model, picture, "a kite");
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err())
                .contains(
                        "LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned, beside it, found none; fetch it with 'llm2clip pull', or give its directory with --text-encoder.")
                .hasLineCount(1);
        Path saved = Fixture.model(folder.resolve("saved"));
        Run useless = Run.of("similarity", "--model", saved, "--text-encoder", elsewhere, picture, "a kite");
        assertThat(useless.code()).isEqualTo(1);
        assertThat(useless.err())
                .contains("a model with a text encoder of its own, in text; leave out the text encoder " + elsewhere)
                .hasLineCount(1);
        Run nowhere =
                Run.of("similarity", "--model", model, "--text-encoder", folder.resolve("none"), picture, "a kite");
        assertThat(nowhere.code()).isEqualTo(1);
        assertThat(nowhere.err())
                .contains(folder.resolve("none") + "/config.json")
                .hasLineCount(1);
    }
}

package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class SimilarityCommandTest {
    @TempDir
    Path folder;

    @Test
    void captionsComeBestFirstWithTheirProbabilities() throws IOException {
        Path model = Fixture.model(folder.resolve("model"));
        Path picture = Fixture.picture(folder.resolve("a.png"), 0x208040);
        Run run = Run.of("similarity", "--model", model, picture, "a kite", "a tent on a meadow", "snow", "--json");
        assertThat(run.code()).isZero();
        JsonNode scores = run.json().path("captions");
        double scale = run.json().path("logitScale").asDouble();
        assertThat(scores.size()).isEqualTo(3);
        assertThat(run.json().path("precision").asString()).isEqualTo("f32");
        assertThat(scale).isCloseTo(1 / 0.07, within(1e-3));
        double total = 0;
        for (int i = 0; i < 3; i++) {
            total += scores.path(i).path("probability").asDouble();
        }
        assertThat(total).isCloseTo(1, within(1e-9));
        double cosine0 = scores.path(0).path("cosine").asDouble();
        double cosine2 = scores.path(2).path("cosine").asDouble();
        assertThat(cosine0).isGreaterThan(cosine2);
        double odds = scores.path(0).path("probability").asDouble()
                / scores.path(2).path("probability").asDouble();
        assertThat(Math.log(odds)).isCloseTo(scale * (cosine0 - cosine2), within(1e-4));

        Run table = Run.of("similarity", "--model", model, picture, "a kite", "snow");
        assertThat(table.out())
                .startsWith("cosine  probability  caption")
                .hasLineCount(3)
                .contains(" %  a kite");
        assertThat(table.err())
                .startsWith("Probabilities are relative to the captions given: ")
                .hasLineCount(1);
        assertThat(Run.of("similarity", "--quiet", "--model", model, picture, "a kite", "snow")
                        .err())
                .isEmpty();
    }

    /** With nothing to choose from the probability would be 1 for anything. */
    @Test
    void oneCaptionHasNoProbability() throws IOException {
        Path model = Fixture.model(folder.resolve("model"));
        Path picture = Fixture.picture(folder.resolve("a.png"), 0x208040);
        Run table = Run.of("similarity", "--model", model, picture, "a kite");
        assertThat(table.out()).startsWith("cosine  caption").hasLineCount(2).doesNotContain("%");
        assertThat(table.err()).contains("give several to have them.").hasLineCount(1);
        JsonNode score = Run.of("similarity", "--model", model, picture, "a kite", "--json")
                .json()
                .path("captions")
                .path(0);
        assertThat(score.path("cosine").isNumber()).isTrue();
        assertThat(score.has("probability")).isFalse();
    }

    @Test
    void captionsKeepTheirLine() throws IOException {
        Run run = Run.of(
                "similarity",
                "--model",
                Fixture.model(folder.resolve("model")),
                Fixture.picture(folder.resolve("b.png"), 0x208040),
                "two\nlines",
                "a\ttab");
        assertThat(run.out()).hasLineCount(3).contains("two\\nlines", "a\\ttab");
    }

    @Test
    void aMissingImageIsRefusedBeforeTheModelIsLoaded() {
        for (Path image : new Path[] {folder.resolve("no.png"), folder}) {
            Run run = Run.of("similarity", "--model", folder.resolve("none"), image, "a");
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err())
                    .startsWith("error: There is no image file " + image)
                    .hasLineCount(1);
        }
    }
}

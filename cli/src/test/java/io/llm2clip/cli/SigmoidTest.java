package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** A SigLIP says of each caption by itself how probable it is. */
class SigmoidTest {
    private static final double SCALE = 10;
    private static final double BIAS = -3;

    @TempDir
    private Path folder;

    private Path model;
    private Path picture;

    @BeforeEach
    void write() throws IOException {
        model = Fixture.siglip(folder.resolve("siglip"));
        picture = Fixture.picture(folder.resolve("photos/red.png"), 0x600000);
    }

    private static void assertOwn(JsonNode score) {
        double logit = SCALE * score.path("cosine").asDouble() + BIAS;
        assertThat(score.path("probability").asDouble()).isCloseTo(1 / (1 + Math.exp(-logit)), within(1e-5));
    }

    @Test
    void similarityDoesNotMakeCaptionsCompete() {
        Run run = Run.of("similarity", "--json", "--model", model, picture, "a red kite", "a tent", "snow");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode json = run.json();
        assertThat(json.path("probabilities").asString()).isEqualTo("sigmoid");
        assertThat(json.path("logitScale").asDouble()).isCloseTo(SCALE, within(1e-4));
        assertThat(json.path("logitBias").asDouble()).isEqualTo(BIAS);
        json.path("captions").forEach(SigmoidTest::assertOwn);
        JsonNode alone = Run.of("similarity", "--json", "--model", model, picture, "snow")
                .json();
        assertOwn(alone.path("captions").path(0));

        Run table = Run.of("similarity", "--model", model, picture, "snow");
        assertThat(table.out())
                .startsWith("cosine  probability  caption")
                .hasLineCount(2)
                .contains(" %  snow");
        assertThat(table.err())
                .isEqualTo(
                        "Probabilities are each caption's own: whether it describes the image, whatever other captions are"
                                + " given.%n".formatted());
    }

    @Test
    void classifyRanksByTheCosineAndSaysEachLabelsOwn() {
        Run run = Run.of("classify", "--json", "--model", model, picture, "--labels", "kite,tent,snow");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.json().path("probabilities").asString()).isEqualTo("sigmoid");
        double last = 1;
        double total = 0;
        for (JsonNode label : run.json().path("labels")) {
            assertOwn(label);
            assertThat(label.path("cosine").asDouble()).isLessThanOrEqualTo(last);
            last = label.path("cosine").asDouble();
            total += label.path("probability").asDouble();
        }
        assertThat(total).isNotCloseTo(1, within(1e-3));
        assertThat(Run.of("classify", "--model", model, picture, "--labels", "kite,tent,snow")
                        .err())
                .contains("Probabilities are each label's own: whether it fits, whatever other labels are given.")
                .doesNotContain("relative");
    }

    @Test
    void whatIsSmallIsNotNothing() {
        assertThat(Percent.text(0, 5)).isEqualTo("  0.0 %");
        assertThat(Percent.text(1e-9, 5)).isEqualTo(" <0.1 %");
        assertThat(Percent.text(0.0004999, 9)).isEqualTo("     <0.1 %");
        assertThat(Percent.text(0.0005, 5)).isEqualTo("  0.1 %");
        assertThat(Percent.text(1, 5)).isEqualTo("100.0 %");
        assertThat(Percent.text(Double.NaN, 5)).isEqualTo("  NaN %");
    }
}

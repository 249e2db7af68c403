package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.progress.Progress;
import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressLinesTest {
    private final StringWriter text = new StringWriter();
    private long now;
    private final Progress progress = new ProgressLines(new PrintWriter(text), () -> now);

    @Test
    void linesComeEveryFewSecondsAndAtTheEnd() {
        try (Progress.Phase phase = progress.begin("stage 2", 4, "step")) {
            for (int i = 0; i < 4; i++) {
                now += 4_000_000_000L;
                phase.metric("loss", 4 - i);
                phase.advance(1);
            }
        }
        assertThat(text.toString().lines())
                .containsExactly(
                        "stage 2: 2 of 4 steps, loss 3.000, 0:08 left", "stage 2: 4 steps, loss 1.000, 16.0 s");
    }

    @Test
    void whatWasSkippedIsCounted() {
        try (Progress.Phase phase = progress.begin("stage 2", 3, "step")) {
            phase.metric("loss", 2.5);
            phase.tally("skipped", 1);
            phase.tally("skipped", 2);
            phase.advance(3);
        }
        assertThat(text.toString().strip()).isEqualTo("stage 2: 3 steps, loss 2.500, skipped 2, 0.0 s");
    }

    @Test
    void aPhaseThatStopsEarlySaysSo() {
        try (Progress.Phase phase = progress.begin("stage 2", 4, "step")) {
            phase.advance(1);
        }
        assertThat(text.toString()).startsWith("stage 2: stopped after 1 of 4 steps");
    }

    @Test
    void oneIsSingular() {
        try (Progress.Phase phase = progress.begin("texts", 1, "text")) {
            phase.advance(1);
        }
        progress.begin("language model", 1, "step").close();
        assertThat(text.toString().lines())
                .containsExactly("texts: 1 text, 0.0 s", "language model: stopped after 0 of 1 step, 0.0 s");
    }

    /** The first step takes the time of the compiler along, and would make all estimates too long. */
    @Test
    void compilingIsSaidAtOnceAndLeftOutOfEstimates() {
        try (Progress.Phase phase = progress.begin("stage 2", 101, "step")) {
            phase.preparing("compiling");
            assertThat(text.toString()).isEqualToNormalizingNewlines("stage 2: compiling\n");
            now += 15_000_000_000L;
            phase.advance(1);
            now += 6_000_000_000L;
            phase.advance(2);
            phase.preparing("compiling");
            now += 100_000_000L;
            phase.advance(1);
        }
        assertThat(text.toString().lines())
                .containsExactly(
                        "stage 2: compiling",
                        "stage 2: 1 of 101 steps",
                        "stage 2: 3 of 101 steps, 4:54 left",
                        "stage 2: stopped after 4 of 101 steps, 21.1 s");
    }

    @Test
    void nothingToDoIsNoLine() {
        progress.begin("text vectors", 0, "caption").close();
        assertThat(text.toString()).isEmpty();
    }
}

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
        try (Progress.Phase phase = progress.begin("stage 2", 4, "steps")) {
            for (int i = 0; i < 4; i++) {
                now += 4_000_000_000L;
                phase.metric("loss", 4 - i);
                phase.advance(1);
            }
        }
        assertThat(text.toString().lines())
                .containsExactly("stage 2: 2 of 4 steps, loss 3.000, 8 s left", "stage 2: 4 steps, loss 1.000, 16.0 s");
    }

    @Test
    void aPhaseThatStopsEarlySaysSo() {
        try (Progress.Phase phase = progress.begin("stage 2", 4, "steps")) {
            phase.advance(1);
        }
        assertThat(text.toString()).startsWith("stage 2: stopped after 1 of 4 steps");
    }

    @Test
    void nothingToDoIsNoLine() {
        progress.begin("text vectors", 0, "captions").close();
        assertThat(text.toString()).isEmpty();
    }
}

package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.progress.Progress;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LiveProgressTest {
    private static final long SECOND = 1_000_000_000L;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private long now;
    private int columns = 80;
    private final LiveProgress progress =
            new LiveProgress(new PrintStream(bytes, true, StandardCharsets.UTF_8), () -> columns, () -> now);

    /** What is seen: rows of the terminal, each as wide as it is, after all its carriage returns and erasures. */
    private List<String> screen() {
        String text = bytes.toString(StandardCharsets.UTF_8).replace(System.lineSeparator(), "\n");
        return Arrays.stream(text.split("\n"))
                .map(row -> row.substring(row.lastIndexOf('\r') + 1).replace("\033[K", ""))
                .toList();
    }

    private String drawnAt(int width, int done, int total) {
        columns = width;
        try (Progress.Phase phase = progress.begin("stage 1, caption contrast", total, "step")) {
            phase.metric("loss", 2.17);
            now += done * SECOND * 5 / 3;
            phase.advance(done);
            progress.draw();
            return screen().getLast();
        }
    }

    @ParameterizedTest
    @CsvSource({
        "60,  'stage 1, caption contrast  3/5  loss 2.170  left 0:03'",
        "80,  'stage 1, caption contrast  [=========>     ]  3/5  0.6/s  loss 2.170  left 0:03'",
        "120, 'stage 1, caption contrast  [==================>           ]  3/5  0.6/s  loss 2.170  left 0:03'"
    })
    void linesFitTheTerminal(int width, String expected) {
        assertThat(drawnAt(width, 3, 5)).isEqualTo(expected);
    }

    @Test
    void noWidthMakesALineWrap() {
        for (int width = 1; width <= 200; width++) {
            for (int done : new int[] {1, 99_999, 100_000}) {
                assertThat(drawnAt(width, done, 100_000)).hasSizeLessThan(width);
                assertThat(screen()).allMatch(line -> line.length() < 200);
            }
        }
    }

    @Test
    void nothingIsClaimedBeforeTheFirstUnit() {
        try (Progress.Phase phase = progress.begin("images", 24, "image")) {
            now += 7 * SECOND;
            progress.draw();
            assertThat(screen().getLast()).isEqualTo("images  [>                             ]  0/24  0:07");
            phase.advance(1);
        }
        assertThat(screen()).last().isEqualTo("images  stopped at 1/24  took 0:07");
    }

    @Test
    void compilingIsShownWithItsOwnTimeAndCountsForNoRate() {
        try (Progress.Phase phase = progress.begin("stage 2", 11, "step")) {
            now += SECOND;
            phase.preparing("compiling");
            now += 15 * SECOND;
            progress.draw();
            assertThat(screen().getLast())
                    .isEqualTo("stage 2  [>                             ]  0/11  compiling  0:15");
            phase.advance(1);
            progress.draw();
            assertThat(screen().getLast()).endsWith("1/11  0:16");
            now += 2 * SECOND;
            phase.advance(4);
            progress.draw();
            // Four steps in the two seconds, and the one before the compiler was asked.
            assertThat(screen().getLast()).endsWith("5/11  1.3/s  left 0:05");
            phase.advance(6);
        }
        assertThat(screen()).containsExactly("stage 2  11/11  took 0:18");
    }

    @Test
    void slowUnitsHaveTheirTimeInsteadOfARate() {
        try (Progress.Phase phase = progress.begin("stage 2", 4, "step")) {
            now += 60 * SECOND;
            phase.advance(1);
            progress.draw();
            assertThat(screen().getLast()).endsWith("1/4  60 s per step  left 3:00");
        }
    }

    @Test
    void sentencesGetALineOfTheirOwnAndTheLineComesBack() {
        try (Progress.Phase phase = progress.begin("images", 2, "image")) {
            progress.note("Skipped: a.png");
            progress.aside(() -> new PrintStream(bytes, true, StandardCharsets.UTF_8).println("a result"));
            progress.draw();
            phase.advance(2);
        }
        assertThat(screen()).containsExactly("Skipped: a.png", "a result", "images  2/2  took 0:00");
    }

    @Test
    void aProgramThatEndsInTheMiddleLeavesTheCursorOnAFreshLine() {
        Progress.Phase phase = progress.begin("images", 2, "image");
        phase.advance(1);
        progress.interrupt();
        assertThat(bytes.toString(StandardCharsets.UTF_8)).endsWith(System.lineSeparator());
        assertThat(screen()).containsExactly("images  stopped at 1/2  took 0:00");
        int length = bytes.size();
        progress.draw();
        phase.close();
        assertThat(bytes.size()).isEqualTo(length);
    }

    @Test
    void interruptedBetweenPhasesTheCursorIsOnAFreshLineToo() {
        progress.begin("data", 1, "image").close();
        progress.interrupt();
        assertThat(bytes.toString(StandardCharsets.UTF_8)).endsWith(System.lineSeparator() + System.lineSeparator());
    }

    @Test
    void aPhaseWithinAPhaseIsShownUntilItIsOver() {
        try (Progress.Phase outer = progress.begin("outer", 2, "step")) {
            progress.begin("inner", 1, "step").close();
            outer.advance(2);
            progress.draw();
            assertThat(screen().getLast()).startsWith("outer");
        }
        assertThat(screen()).hasSize(2);
    }

    @Test
    void nothingToDoIsNoLine() {
        progress.begin("text vectors", 0, "caption").close();
        progress.draw();
        assertThat(bytes.size()).isZero();
    }

    @ParameterizedTest
    @CsvSource({"0.4, 0:00", "59.6, 1:00", "3599, 59:59", "3723, 1:02:03", "360000, 100:00:00"})
    void clocks(double seconds, String text) {
        assertThat(PhaseCount.clock(seconds)).isEqualTo(text);
    }
}

package io.llm2clip.training.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.GalleryFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run's folder holds becomes a page. */
class RunReportTest {
    private static final List<Outcome> FIGURES = List.of(
            new Outcome(
                    "accuracy, <two> long captions",
                    0.4375,
                    OptionalDouble.of(0.0625),
                    Optional.of(new Interval(0.375, 0.25, 0.5)),
                    1.0 / 16),
            new Outcome("R@1, text to image", 0.25, 0.125));

    @TempDir
    private Path folder;

    private void record(boolean finished) throws IOException {
        new RunFile(
                        Instant.parse("2026-11-27T10:00:00.123Z"),
                        List.of("llm2clip", "train", "caption", "my captions"),
                        Map.of("learned from", "my captions: 7 groups"),
                        Map.of("llm2clip", "1.0, commit abc"),
                        new RunSettings(Map.of("stage_1.batch", "32")),
                        List.of(new RunFile.Resumption(Instant.parse("2026-11-27T10:30:00Z"), 20, Map.of())),
                        finished ? Instant.parse("2026-11-27T11:00:00Z") : null,
                        finished ? List.of(NextCommand.of("What it consists of", "inspect", "my text")) : List.of())
                .write(folder);
        try (RunLog log = RunLog.open(folder, Instant.EPOCH, Map.of(), Progress.NONE)) {
            for (int step = 1; step <= 40; step++) {
                String kind = step < 30 ? "long to long" : "short to long";
                Map<String, Double> metrics = Map.of(
                        Metric.LOSS,
                        step < 30 ? 3.0 / step : 2.5,
                        Metric.LEARNING_RATE,
                        1e-4 * step,
                        Metric.SECONDS,
                        3.0,
                        Metric.MEMORY_BYTES,
                        1e9 + step * 1e6);
                log.write(new RunEvent(Instant.now(), "stage 1", step, new StepRecord(step, kind, "", metrics)));
            }
            log.write(new RunEvent(
                    Instant.now(), "stage 1", 40, new StepRecord(40, "", "", Map.of("val_long_long_r1", 0.5))));
        }
    }

    @Test
    void aFinishedRunSaysWhatItCameToAndHowToGetItAgain() throws IOException {
        record(true);
        ResultsFile.write(folder, FIGURES);
        String html = html();
        assertThat(html)
                .contains(
                        "Accuracy, &lt;two&gt; long captions, on held-out data: 43.8 % after stage 1, 6.3 % before it, 6.3 % by"
                                + " guessing. Trained for 40 steps (stage 1).")
                .contains("before: 6.3 %, <abbr", ">guessing</abbr>: 6.3 %")
                .containsSubsequence("<b>25.0 %</b><span><abbr", ">R@1</abbr>, <abbr", ">text to image</abbr></span>")
                .contains(
                        "llm2clip train caption &quot;my captions&quot;",
                        "stage_1.batch",
                        "<td>2026-11-27T10:00:00Z</td>",
                        "commit abc",
                        "after step 20",
                        "my captions: 7 groups")
                .contains("<p>What it consists of:</p><pre>llm2clip inspect &quot;my text&quot;</pre>")
                .doesNotContain("not finished", "--resume");
        // A line of its own for each kind of batch, both with a name, and the steps' time and memory.
        assertThat(html)
                .contains(
                        "long to long</text>",
                        "short to long</text>",
                        "40 steps</text>",
                        "not divergence",
                        "class=\"mark c1\"");
        assertThat(html).contains("<td>2.0</td>", "<td>1,040</td>", "two long captions</abbr>, ");
    }

    @Test
    void whatWasNotMeasuredBeforeHasNoColumn() throws IOException {
        record(true);
        ResultsFile.write(folder, FIGURES);
        assertThat(html())
                .contains(">before it</th><th>difference [", "<span class=\"ahead\">+37.5 [+25.0, +50.0]</span>");
        Outcome measured = FIGURES.getFirst();
        ResultsFile.write(
                folder,
                List.of(new Outcome(
                        measured.name(), measured.value(), measured.before(), Optional.empty(), measured.chance())));
        assertThat(html()).contains(">before it</th>").doesNotContain("difference");
        ResultsFile.write(folder, FIGURES.subList(1, 2));
        assertThat(html()).contains(">guessing</abbr></th>").doesNotContain("before it", "difference");
    }

    @Test
    void aBaselineIsBesideEachFigureWithTheDifference() throws IOException {
        record(true);
        ResultsFile.write(folder, List.of(compared(Optional.of(new Interval(0.05, -0.0125, 0.125)))));
        assertThat(html())
                .contains(
                        "25.0 % after stage 1, 20.0 % with &lt;clip&gt;, a difference of +5.0 points (95 % interval -1.3 to"
                                + " +12.5, which includes 0), 12.5 % by guessing.")
                .contains("&lt;clip&gt;: 20.0 %, <abbr")
                .containsSubsequence(
                        "<th>&lt;clip&gt;</th>", "<th>difference from &lt;clip&gt; [<abbr", "95 % interval")
                .containsSubsequence("<td>20.0 %</td>", "<span class=\"level\">+5.0 [-1.3, +12.5]</span>");
    }

    @Test
    void aBaselineOfAnEarlierVersionHasNoInterval() throws IOException {
        record(true);
        ResultsFile.write(folder, List.of(compared(Optional.empty())));
        assertThat(html())
                .contains("20.0 % with &lt;clip&gt;, 12.5 % by guessing.", "<th>&lt;clip&gt;</th>")
                .doesNotContain("difference from");
    }

    private static Outcome compared(Optional<Interval> difference) {
        return new Outcome(
                "R@1, text to image",
                0.25,
                OptionalDouble.empty(),
                Optional.empty(),
                Optional.of(new Outcome.Baseline("<clip>", 0.2, difference)),
                0.125);
    }

    @Test
    void anUnfinishedRunSaysSo() throws IOException {
        record(false);
        assertThat(html())
                .contains("This training is not finished: these are figures of its first 40 steps (stage 1).")
                .contains("after 40 steps the loss is about 2.50, at first it was 1.56")
                .contains("<pre>llm2clip train caption &quot;my captions&quot; --resume</pre>");
    }

    /** Neither what it learned from nor what to try; and an empty {@code Optional} among its settings. */
    @Test
    void runsOfEarlierVersionsAreReadAndGoOn() throws IOException {
        record(true);
        Path file = folder.resolve(RunFile.NAME);
        Files.writeString(file, """
                {"started": "2026-11-27T10:00:00Z", "finished": "2026-11-27T11:00:00Z", "command": [], "versions": {},
                 "settings": {"vision.patch_limits": "Optional.empty"}}
                """);
        RunSettings settings = RunFile.read(folder).orElseThrow().settings();
        assertThat(new RunSettings(Map.of("vision.patch_limits", "none")).since(settings))
                .isEmpty();
        assertThat(html()).contains("<td>none</td>").doesNotContain("Optional", "Try it", "Searches");
    }

    @Test
    void searchesOfTheRunAreShown() throws IOException {
        record(true);
        GalleryFolder.write(
                folder.resolve(RunDirectory.SEARCHES),
                Map.of(
                        "kites by captions",
                        new Gallery(
                                Gallery.Kind.CAPTIONS,
                                new Searches(List.of(new Searches.Stratum("found first", 0, List.of()))),
                                List.of("this model"),
                                query -> "",
                                query -> query,
                                number -> new Gallery.Item("", Optional.empty()))));
        assertThat(html()).contains("Searches: kites by captions</h2>", "found first: 0 of 0");
    }

    @Test
    void resultsAreReadAsTheyWereWritten() throws IOException {
        List<Outcome> written = List.of(
                FIGURES.getFirst(),
                FIGURES.getLast(),
                compared(Optional.empty()),
                compared(Optional.of(new Interval(0.05, 0.025, 0.125))));
        ResultsFile.write(folder, written);
        assertThat(ResultsFile.read(folder)).isEqualTo(written);
        Path file = folder.resolve(ResultsFile.NAME);
        Files.writeString(file, "[{\"name\": \"old\", \"value\": 0.5, \"before\": 0.25, \"chance\": 0.125}]");
        assertThat(ResultsFile.read(folder))
                .containsExactly(new Outcome("old", 0.5, OptionalDouble.of(0.25), Optional.empty(), 0.125));
        assertThat(ResultsFile.read(folder.resolve("none"))).isEmpty();
    }

    @Test
    void aLineThatACrashCutOffIsLeftOutAndAnyOtherIsRefused() throws IOException {
        record(false);
        Path metrics = folder.resolve(MetricsFile.NAME);
        Files.writeString(metrics, "{\"time\":\"2026-11-", StandardOpenOption.APPEND);
        assertThat(RunMetrics.read(folder)
                        .phases()
                        .getFirst()
                        .metric(Metric.LOSS)
                        .size())
                .isEqualTo(40);
        Files.writeString(metrics, "\n{}\n", StandardOpenOption.APPEND);
        assertThatThrownBy(() -> RunMetrics.read(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("metrics.jsonl, line 42: expected metrics of a step");
    }

    @Test
    void aFolderWithoutARunIsRefused() {
        assertThatThrownBy(() -> RunReport.of(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(folder + ": expected the folder of a run, found no args.json.");
    }

    private String html() throws IOException {
        Path file = folder.resolve("report.html");
        RunReport.of(folder).write(file);
        return Files.readString(file);
    }
}

package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.evaluation.suite.Findings;
import io.llm2clip.evaluation.suite.FolderTrial;
import io.llm2clip.evaluation.suite.Measurement;
import io.llm2clip.progress.Progress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Two models on the same data. */
class EvalBaselineTest {
    private static final int IMAGES = 30;
    private static final int FEW = 6;

    @TempDir
    Path folder;

    private Path data;
    private Path ours;
    private Path baseline;

    @BeforeEach
    void make() throws Exception {
        data = folder.resolve("own");
        ours = Fixture.model(folder.resolve("ours"));
        baseline = Fixture.dual(folder.resolve("clip"));
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < IMAGES; i++) {
            Fixture.picture(data.resolve("%d.png".formatted(i)), 0x071d13 * (i + 1));
            String word = "abcdefghijklmnopqrstuvwxyzabcdef".substring(i % 26, i % 26 + 3);
            lines.append("{\"image\": \"%d.png\", \"captions\": [\"%s\", \"a small %s kite over a wide meadow %d\"]}\n"
                    .formatted(i, word, word, i));
        }
        Files.writeString(data.resolve("captions.jsonl"), lines);
    }

    private Run eval(Object... more) {
        Object[] all = new Object[more.length + 1];
        all[0] = "eval";
        System.arraycopy(more, 0, all, 1, more.length);
        return Run.of(all);
    }

    private JsonNode alone(Path model) {
        return eval(data, "--model", model, "--json", "--quiet").json();
    }

    private static double mean(JsonNode retrieval, String k) {
        return (retrieval.path("imageToText").path(k).asDouble()
                        + retrieval.path("textToImage").path(k).asDouble())
                / 2;
    }

    private Run train(Path out, Path other, Object... more) {
        List<Object> words = new ArrayList<>(List.of(
                "train",
                "clip",
                data,
                "--text-tower",
                "new",
                "--tower-vocabulary",
                300,
                "--steps",
                1,
                "--batch",
                4,
                "--out",
                out,
                "--baseline",
                other,
                "--quiet"));
        words.addAll(Arrays.asList(more));
        return Run.of(words.toArray());
    }

    @Test
    void aTrainingIsComparedOnWhatIsHeldOut() throws Exception {
        Path report = folder.resolve("run.html");
        Run run = train(folder.resolve("trained"), baseline, "--report", report, "--json");
        assertThat(run.code()).isZero();
        double found =
                run.json().path("baseline").path("textToImage").path("r1").asDouble();
        assertThat(Files.readString(report))
                .contains(
                        baseline + ": %.1f %%".formatted(100 * found), "won: ", "lost: ", "<th>" + baseline + "</th>");
    }

    @Test
    void aTrainingWithABaselineThatCannotBeOpenedDoesNotBegin() {
        Path out = folder.resolve("trained");
        Run run = train(out, folder.resolve("none"));
        assertThat(run.err())
                .contains("There is no model " + folder.resolve("none") + "; give another one with --baseline.");
        assertThat(run.code()).isEqualTo(1);
        assertThat(out).doesNotExist();
    }

    @Test
    void bothHaveTheFiguresThatTheyHaveAlone() {
        Run run = eval(data, "--model", ours, "--baseline", baseline, "--json", "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode both = run.json();
        JsonNode other = both.path("baseline");
        assertThat(both.path("retrieval")).isEqualTo(alone(ours).path("retrieval"));
        assertThat(other.path("retrieval")).isEqualTo(alone(baseline).path("retrieval"));
        assertThat(other.path("retrieval")).isNotEqualTo(both.path("retrieval"));
        assertThat(both.path("captionsBy").asString()).isEqualTo("language model");
        assertThat(other.path("captionsBy").asString()).isEqualTo("text tower");
        assertThat(other.path("model").asString()).isEqualTo("clip");
        assertThat(other.path("cutCaptions").asInt()).isEqualTo(IMAGES);
        assertThat(run.err()).contains("clip: 30 of 60 captions are too long and cut");
        JsonNode accuracy = both.path("captionRetrievalAccuracy").path("shortLong");
        JsonNode others = other.path("captionRetrievalAccuracy").path("shortLong");
        assertThat(accuracy.path("images").asInt()).isEqualTo(IMAGES);
        assertThat(others.path("images").asInt()).isEqualTo(IMAGES);
        for (String k : new String[] {"r1", "r10"}) {
            JsonNode difference = both.path("difference").path(k);
            double points = mean(both.path("retrieval"), k) - mean(other.path("retrieval"), k);
            assertThat(difference.path("mean").asDouble()).isCloseTo(points, within(1e-9));
            assertThat(difference.path("low").asDouble()).isLessThanOrEqualTo(points);
            assertThat(difference.path("high").asDouble()).isGreaterThanOrEqualTo(points);
        }
        assertThat(both.path("difference").path("r10").path("high").asDouble())
                .isGreaterThan(both.path("difference").path("r10").path("low").asDouble());
    }

    @Test
    void theTableHasARowForEachAndTheDifferenceWithItsInterval() {
        Run run = eval(data, "--model", ours, "--baseline", baseline, "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains("embedded by the language model (ours) and the text tower (clip)")
                .contains("ours minus clip in points [95 % interval], mean of both directions")
                .containsPattern("(?m)^ours( +\\d+\\.\\d){6}$")
                .containsPattern("(?m)^clip( +\\d+\\.\\d){6}$")
                .containsPattern("(?m)^chance( +\\d+\\.\\d){6}$")
                .containsPattern(
                        "  R@10  [+-]\\d+\\.\\d \\[[+-]\\d+\\.\\d, [+-]\\d+\\.\\d\\]: (ahead of|behind|no different from) clip")
                .containsPattern("a short and a long caption +\\d+\\.\\d %, clip \\d+\\.\\d %, among 30 images");
        assertThat(run.out().lines().skip(2)).allMatch(line -> line.length() <= 100);
    }

    @Test
    void theReportComparesAndSortsSearches() throws Exception {
        Path file = folder.resolve("both.html");
        Run run = eval(data, "--model", ours, "--baseline", baseline, "--report", file, "--json", "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        String page = Files.readString(file);
        String meanOfOurs = "%.1f %%".formatted(100 * mean(run.json().path("retrieval"), "r10"));
        String meanOfOther =
                "%.1f %%".formatted(100 * mean(run.json().path("baseline").path("retrieval"), "r10"));
        assertThat(page.replaceAll("</?abbr[^>]*>", ""))
                .contains("<b>" + meanOfOurs + "</b><span>R@10, mean of both directions</span><span>clip: "
                        + meanOfOther + ", guessing: 33.33 %");
        assertThat(page)
                .containsPattern(
                        "ours is (ahead of|behind|no different from) clip in R@10, the share of searches with a right answer among the first ten: "
                                + meanOfOurs + " against " + meanOfOther)
                .contains("ours minus this", "<tr class=\"ours\"><td>ours</td>", "<tr class=\"\"><td>clip</td>")
                .containsPattern("won: [^<]*: \\d+ of 60<")
                .containsPattern("tied: [^<]*: \\d+ of 60<")
                .containsPattern("lost: [^<]*: \\d+ of 60<")
                .contains("ours: rank ", "clip: rank ", "Captions among themselves")
                .contains("<td>" + ours + "; captions embedded by the language model</td>")
                .contains("<td>" + baseline + "; captions embedded by the text tower</td>")
                .contains("SHA-256 of names and captions", "--baseline " + baseline)
                .doesNotContain("NaN", "<script", "this model");
    }

    @Test
    void onlyWhatBothCouldReadCounts() throws Exception {
        RetrievalSet set = RetrievalSet.of(CaptionedImages.open(data));
        Files.writeString(data.resolve("3.png"), "no image");
        Findings found;
        try (FolderTrial trial = new FolderTrial(set)) {
            try (Llm2Clip model = Llm2Clip.load(ours)) {
                trial.add("ours", model, Progress.NONE);
            }
            Files.delete(data.resolve("7.png"));
            try (Llm2Clip model = Llm2Clip.load(baseline)) {
                trial.add("clip", model, Progress.NONE);
            }
            found = trial.findings();
        }
        Measurement.Retrieval our = (Measurement.Retrieval) found.measurement();
        Measurement.Retrieval other =
                (Measurement.Retrieval) found.versus().orElseThrow().baseline();
        assertThat(our.images()).isEqualTo(IMAGES - 2);
        assertThat(other.images()).isEqualTo(IMAGES - 2);
        assertThat(our.captions()).isEqualTo(2 * IMAGES - 4);
        assertThat(our.broken()).singleElement().asString().contains("3.png");
        assertThat(other.broken()).singleElement().asString().contains("7.png");
        // The first model's figures are those of a run that never saw the second image either.
        JsonNode again = alone(ours);
        assertThat(again.path("images").asInt()).isEqualTo(IMAGES - 2);
        assertThat(our.recall().textToImage().r10())
                .isEqualTo(
                        again.path("retrieval").path("textToImage").path("r10").asDouble());
        assertThat(our.recall().imageToText().r5())
                .isEqualTo(
                        again.path("retrieval").path("imageToText").path("r5").asDouble());
    }

    @Test
    void aBaselineThatCannotReadTheImagesLeavesTheFiguresOfTheModel() throws Exception {
        RetrievalSet set = RetrievalSet.of(CaptionedImages.open(data));
        try (FolderTrial trial = new FolderTrial(set)) {
            try (Llm2Clip model = Llm2Clip.load(ours)) {
                trial.add("ours", model, Progress.NONE);
            }
            for (int i = 0; i < IMAGES; i++) {
                Files.delete(data.resolve(i + ".png"));
            }
            try (Llm2Clip model = Llm2Clip.load(baseline)) {
                trial.add("clip", model, Progress.NONE);
            }
            Findings found = trial.findings();
            assertThat(found.failed()).isTrue();
            assertThat(found.measurement().images()).isEqualTo(IMAGES);
            assertThat(found.versus().orElseThrow().baseline().pairing()).contains("30 of the 30 images");
        }
    }

    @Test
    void theSameModelTwiceIsNoDifference() {
        Run run = eval(data, "--model", ours, "--baseline", ours, "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out()).contains(ours + " (baseline)", "R@10  +0.0 [+0.0, +0.0]: no different from");
    }

    @Test
    void suitesOfEveryKindCompare() throws Exception {
        Path sets = folder.resolve("sets");
        StringBuilder coco = new StringBuilder();
        for (int i = 0; i < FEW; i++) {
            Fixture.picture(sets.resolve("coco/val2014/%d.jpg".formatted(i)), 5 << 3 * i);
            coco.append(i == 0 ? "" : ",")
                    .append(
                            "{\"filepath\": \"val2014\", \"filename\": \"%d.jpg\", \"split\": \"test\", \"sentences\": [{\"raw\": \"kite %c\"}, {\"raw\": \"tent %c\"}]}"
                                    .formatted(i, 'a' + i, 'a' + i));
            String name = "%s/%d.png".formatted(i % 2 == 0 ? "n01" : "n02", i);
            Fixture.picture(sets.resolve("imagenet/train/" + name), i % 2 == 0 ? 0x700010 + i : 0x001070 + (i << 8));
            Fixture.picture(sets.resolve("imagenet/val/" + name), i % 2 == 0 ? 0x6f0008 + i : 0x00086f + (i << 8));
        }
        Files.writeString(sets.resolve("coco/dataset_coco.json"), "{\"images\": [" + coco + "]}");
        Files.writeString(sets.resolve("imagenet/classnames.txt"), "n01 red kite\nn02 blue tent\n");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < FEW; i++) {
            Fixture.picture(sets.resolve("xm3600/images/%d.jpg".formatted(i)), 3 << 3 * i);
            // Languages differ in how many images they have captions of, and these in how many.
            lines.append("{\"image/key\": \"%d\", \"en\": {\"caption\": [\"kite %c\"%s]}%s}\n"
                    .formatted(
                            i,
                            'a' + i,
                            i % 2 == 0 ? ", \"tent %c\"".formatted('a' + i) : "",
                            i < 4 ? ", \"de\": {\"caption\": [\"drachen %c\"]}".formatted('a' + i) : ""));
        }
        Files.writeString(sets.resolve("xm3600/captions.jsonl"), lines);
        String names = "coco,cra,imagenet,linear-probe,xm3600";
        Path file = folder.resolve("suites.html");
        Run run = eval(
                "--suite", names, sets, "--model", ours, "--baseline", baseline, "--json", "--quiet", "--report", file);
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode suites = run.json().path("suites");
        JsonNode others = eval("--suite", names, sets, "--model", baseline, "--json", "--quiet")
                .json()
                .path("suites");
        for (String figure : new String[] {"retrieval", "accuracy", "oneTemplate", "eightyTemplates"}) {
            for (int suite = 0; suite < 5; suite++) {
                assertThat(suites.path(suite).path("baseline").path(figure))
                        .isEqualTo(others.path(suite).path(figure));
            }
        }
        assertThat(suites.path(0).path("difference").propertyNames()).containsExactly("r10", "r1");
        assertThat(suites.path(1).path("difference").propertyNames())
                .containsExactly("accuracyWithInstruction", "accuracy");
        assertThat(suites.path(2).path("difference").propertyNames())
                .contains("top1EightyTemplates", "top1OneTemplate");
        assertThat(suites.path(2)
                        .path("difference")
                        .path("top1OneTemplate")
                        .path("mean")
                        .asDouble())
                .isCloseTo(
                        suites.path(2).path("oneTemplate").path("top1").asDouble()
                                - others.path(2)
                                        .path("oneTemplate")
                                        .path("top1")
                                        .asDouble(),
                        within(1e-9));
        assertThat(suites.path(3).path("difference").path("accuracy").has("low"))
                .isTrue();
        JsonNode languages = suites.path(4);
        assertThat(languages.path("languages").propertyNames()).containsExactlyInAnyOrder("en", "de");
        assertThat(languages.path("difference").path("r1").path("mean").asDouble())
                .isCloseTo(
                        mean(languages.path("retrieval"), "r1")
                                - mean(languages.path("baseline").path("retrieval"), "r1"),
                        within(1e-9));
        Run text = eval("--suite", names, sets, "--model", ours, "--baseline", baseline, "--quiet");
        assertThat(text.out())
                .containsPattern("(?m)^ours +\\d+\\.\\d/\\d+\\.\\d\\*")
                .containsPattern("(?m)^clip +\\d+\\.\\d/\\d+\\.\\d\\*")
                .contains("top-1, 80 templates\n  ours ", "accuracy of a linear probe\n  ours ");
        assertThat(Files.readString(file))
                .contains(
                        "clip on ",
                        "All at a glance",
                        "ImageNet: top-1, 80 templates",
                        "top-5, one template",
                        "<tr class=\"ours\"><td>ours</td>",
                        "<td>clip</td>")
                .containsPattern("won: [^<]*: \\d+ of 12<")
                .doesNotContain("NaN");
    }

    @Test
    void aBaselineThatCannotBeOpenedIsToldBeforeTheModelIs() throws Exception {
        Path none = folder.resolve("none");
        Run missing = eval(data, "--model", none, "--baseline", folder.resolve("nothing"));
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err())
                .contains("There is no model " + folder.resolve("nothing") + "; give another one with --baseline.");
        Run text = eval(data, "--model", none, "--baseline", ours.resolve("text"));
        assertThat(text.code()).isEqualTo(1);
        assertThat(text.err()).contains("The baseline cannot be opened: ").hasLineCount(1);
        Path published = folder.resolve("published");
        Fixture.published(published, folder.resolve("encoder"));
        Run half = eval(data, "--model", none, "--baseline", published);
        assertThat(half.code()).isEqualTo(1);
        assertThat(half.err()).contains("The baseline cannot be opened: ", "--baseline-text-encoder");
        Run whole = eval(
                data,
                "--model",
                ours,
                "--baseline",
                published,
                "--baseline-text-encoder",
                folder.resolve("encoder"),
                "--quiet");
        assertThat(whole.code()).as(whole.err()).isZero();
        Run alone = eval(data, "--model", ours, "--baseline-text-encoder", folder.resolve("encoder"));
        assertThat(alone.code()).isEqualTo(2);
        assertThat(alone.err()).contains("--baseline-text-encoder is for a baseline; name that with --baseline.");
    }
}

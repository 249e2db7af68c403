package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.demo.Demo;
import io.llm2clip.demo.DemoOptions;
import io.llm2clip.demo.DemoResult;
import io.llm2clip.demo.DemoTable;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.evaluation.suite.FolderTrial;
import io.llm2clip.evaluation.suite.RetrievalEvaluation;
import io.llm2clip.model.TextTower;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The main job from end to end: the quick demo trains everything, and what it leaves behind is used. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class DemoTest {
    @TempDir
    static Path directory;

    private DemoResult result;
    private long memoryBefore;

    @BeforeAll
    void runQuickDemo() {
        memoryBefore = EngineMemory.liveBytes();
        result = Demo.run(
                new DemoOptions(directory, 1, true, true, Existing.REFUSE, false, Execution.cpu()), Progress.NONE);
    }

    @Test
    void stage1TeachesTheLanguageModelToTellCaptionsApart() {
        assertThat(result.longCaptions().after())
                .isGreaterThan(3 * result.longCaptions().before())
                .isGreaterThan(0.2);
    }

    @Test
    void bothArmsFindImagesFarAboveChance() {
        double chance = result.chance().r10();
        assertThat(chance).isCloseTo(10.0 / result.data().testImages(), within(1e-9));
        for (String queries : List.of("long", "short")) {
            for (String arm : List.of("llm2clip", "clip", "clipEqualCompute")) {
                BothWays ways = result.retrieval().get(queries).get(arm);
                assertThat(ways.imageToText().r10()).as("%s, %s", queries, arm).isGreaterThan(4 * chance);
                assertThat(ways.textToImage().r10()).as("%s, %s", queries, arm).isGreaterThan(4 * chance);
            }
        }
    }

    @Test
    void ablationsTakeAwayWhatTheyName() {
        assertThat(result.retrieval().get("long").keySet())
                .contains("llm2clipWithoutStage1", "clipWindow32", "clipUnlimited");
        // Without stage 1 the language model's vectors tell long captions apart far worse.
        assertThat(result.retrieval().get("long").get("llm2clipWithoutStage1").meanR10())
                .isLessThan(result.retrieval().get("long").get("llm2clip").meanR10());
        String table = DemoTable.of(result);
        assertThat(table).contains("without stage 1", "window 32", "unlimited");
    }

    @Test
    void onlyTheLanguageModelKnowsWordsThatNoImageCaptionUsed() {
        assertThat(result.retrieval().get("longOtherWords").get("llm2clip").meanR10())
                .isGreaterThan(2 * result.chance().r10());
        assertThat(result.differences().get("longOtherWords").get("clip").low()).isPositive();
        // Of short queries the quick recipe's 42 steps of stage 1 see few: whether it leads is within the interval,
        // and it must not be behind.
        assertThat(result.differences().get("shortOtherWords").get("clip").high())
                .isPositive();
    }

    /** Everything was trained by the jobs of the command line, whose outputs and runs are there to look at. */
    @Test
    void trainingsLeaveWhatTheirCommandsLeave() {
        for (String output : List.of("text", "model", "clip", "clip-equal-compute", "llm2clip-without-stage1")) {
            assertThat(directory.resolve(output + "-run/results.json")).isNotEmptyFile();
            assertThat(directory.resolve(output + "-run/metrics.jsonl")).isNotEmptyFile();
        }
        assertThat(directory.resolve("language-model/caption.json")).isNotEmptyFile();
        try (Llm2Clip baseline = Llm2Clip.load(directory.resolve("clip"))) {
            assertThat(baseline.text()).isInstanceOf(TextTower.class);
            assertThat(baseline.maxTextLength()).isEqualTo(77);
        }
        assertThat(result.curves()).containsKeys("language model", "stage 1, caption contrast", "stage 2: LLM2CLIP");
        // Stage 1 has kinds of batches, whose losses are not of one scale.
        assertThat(result.curves().entrySet())
                .filteredOn(curve -> !curve.getKey().startsWith("stage 1"))
                .hasSize(7)
                .allSatisfy(curve -> assertThat(curve.getValue().getLast())
                        .isLessThan(curve.getValue().getFirst()));
    }

    @Test
    void aModelIsReplacedOnlyIfThatIsAskedFor() {
        DemoOptions again = new DemoOptions(directory, 2, true, false, Existing.REFUSE, false, Execution.cpu());
        assertThatThrownBy(() -> Demo.run(again, Progress.NONE))
                .hasMessage(
                        "%s: holds a model already; choose another name or replace it with --overwrite.",
                        directory.resolve("model"));
    }

    @Test
    void memoryIsReturned() {
        assertThat(EngineMemory.liveBytes()).isEqualTo(memoryBefore);
    }

    @Test
    void tableAndReportFollowTheNumbers() throws Exception {
        String accuracy = "%.1f %%".formatted(100 * result.longCaptions().after());
        assertThat(DemoTable.of(result)).contains(accuracy, "LLM2CLIP", "CLIP, equal steps", "chance", "bootstrap");
        String page = Files.readString(Path.of(result.report()));
        assertThat(page).contains(accuracy, "<svg", "data:image/jpeg;base64,", "won: the target ranks higher");
        // Pictures are letters too, and may spell anything.
        assertThat(page.replaceAll("base64,[^\"]*", "")).doesNotContain("NaN", "Config[", "Optional");
    }

    @Test
    void theSavedModelFindsTheHeldOutImages() {
        CaptionedImages test = CaptionedImages.open(directory.resolve("data/test"));
        List<Path> files = new ArrayList<>();
        List<String> captions = new ArrayList<>();
        test.items().stream().limit(60).forEach(item -> {
            files.add(item.path());
            captions.add(item.captions().get(1));
        });
        try (Llm2Clip model = Llm2Clip.load(Path.of(result.model()))) {
            float[][] cosines = model.similarity(files, captions);
            int found = 0;
            for (int image = 0; image < cosines.length; image++) {
                int better = 0;
                for (float other : cosines[image]) {
                    better += other > cosines[image][image] ? 1 : 0;
                }
                found += better < 10 ? 1 : 0;
            }
            // Ten of sixty would be chance.
            assertThat(found).isGreaterThan(40);
        }
    }

    /** The one with the orange tree, and not by a hair: other processors round otherwise. */
    @Test
    void theReadmeAsksWhatTheModelAnswersRight() throws Exception {
        Matcher command = Pattern.compile("bin/llm2clip similarity runs/demo/(\\S+) (\"[^\n]+\")")
                .matcher(Files.readString(Path.of("../README.md")));
        assertThat(command.find()).isTrue();
        Path image = directory.resolve(command.group(1));
        List<String> captions = Pattern.compile("\"([^\"]+)\"")
                .matcher(command.group(2))
                .results()
                .map(match -> match.group(1))
                .toList();
        assertAnsweredRight(image, captions, 1);
        CaptionedImages test = CaptionedImages.open(directory.resolve("data/test"));
        assertThat(test.items()).anySatisfy(item -> {
            assertThat(item.path().endsWith(command.group(1))).isTrue();
            assertThat(item.captions()).contains(captions.get(1));
        });
    }

    @Test
    void theDemoSuggestsWhatTheModelAnswersRight() {
        assertAnsweredRight(
                Path.of(result.example().image()),
                result.example().captions(),
                result.example().right());
    }

    private void assertAnsweredRight(Path image, List<String> captions, int right) {
        try (Llm2Clip model = Llm2Clip.load(Path.of(result.model()))) {
            float[] cosines = model.similarity(List.of(image), captions)[0];
            for (int i = 0; i < cosines.length; i++) {
                if (i != right) {
                    assertThat(cosines[right]).as(captions.get(i)).isGreaterThan(cosines[i] + 0.1f);
                }
            }
        }
    }

    @Test
    void evalAndReportAgreeOnRetrieval() {
        try (Llm2Clip model = Llm2Clip.load(Path.of(result.model()))) {
            RetrievalSet data = RetrievalSet.of(CaptionedImages.open(directory.resolve("data/test")));
            BothWays found = RetrievalEvaluation.of(model, data, Progress.NONE).recall();
            assertAgree(found.imageToText(), result.evaluated().imageToText());
            assertAgree(found.textToImage(), result.evaluated().textToImage());
        }
    }

    private static void assertAgree(Recall found, Recall reported) {
        assertThat(found.r1()).isCloseTo(reported.r1(), within(0.001));
        assertThat(found.r5()).isCloseTo(reported.r5(), within(0.001));
        assertThat(found.r10()).isCloseTo(reported.r10(), within(0.001));
    }

    @Test
    void evalAndReportAgreeOnCaptionRetrieval() {
        try (Llm2Clip model = Llm2Clip.load(Path.of(result.model()))) {
            RetrievalSet data = RetrievalSet.of(CaptionedImages.open(directory.resolve("data/test")));
            CaptionRetrieval found;
            try (FolderTrial trial = new FolderTrial(data)) {
                trial.add("demo", model, Progress.NONE);
                found = trial.captions().getFirst();
            }
            assertThat(found.scores().keySet())
                    .isEqualTo(result.captionRetrievalAccuracy().keySet())
                    .containsExactly(CaptionRetrieval.LONG_LONG, CaptionRetrieval.SHORT_LONG);
            found.scores().forEach((pairing, score) -> {
                CaptionRetrieval.Change change =
                        result.captionRetrievalAccuracy().get(pairing);
                assertThat(score.images()).isEqualTo(change.images());
                assertThat(score.accuracy()).as(pairing).isCloseTo(change.after(), within(0.001));
            });
        }
    }

    @Test
    void theReadmeExampleCompilesAndRuns() throws Exception {
        String readme = Files.readString(Path.of("../README.md"));
        String source = Files.readString(Path.of("src/test/java/io/llm2clip/tests/ReadmeExample.java"));
        String body = source.substring(source.indexOf("// README\n") + 10, source.indexOf("        // end"));
        assertThat(readme).contains(body.stripTrailing().stripIndent());
        CaptionedImages test = CaptionedImages.open(directory.resolve("data/test"));
        List<Path> photos =
                test.items().stream().limit(3).map(item -> item.path()).toList();
        float[][] cosines = ReadmeExample.similarity(Path.of(result.model()), photos);
        assertThat(cosines).hasDimensions(3, 2);
    }
}

package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Published evaluations on miniature copies of their data. */
class EvalSuiteTest {
    private static final int IMAGES = 4;

    @TempDir
    Path folder;

    private Path data;
    private Path model;

    @BeforeEach
    void make() throws Exception {
        data = folder.resolve("data");
        model = Fixture.model(folder.resolve("model"));
        StringBuilder flickr = new StringBuilder();
        StringBuilder coco = new StringBuilder();
        for (int i = 0; i < IMAGES; i++) {
            Fixture.picture(data.resolve("flickr30k/flickr30k-images/%d.jpg".formatted(i)), 1 << 3 * i);
            Fixture.picture(data.resolve("coco/val2014/%d.jpg".formatted(i)), 5 << 3 * i);
            String sentences =
                    "[{\"raw\": \"a red kite %d\"}, {\"raw\": \"a tent on a meadow %d\"}]".formatted(i, 7 * i);
            flickr.append(i == 0 ? "" : ",")
                    .append("{\"filename\": \"%d.jpg\", \"split\": \"test\", \"sentences\": %s}"
                            .formatted(i, sentences));
            coco.append(i == 0 ? "" : ",")
                    .append(
                            "{\"filepath\": \"val2014\", \"filename\": \"%d.jpg\", \"split\": \"test\", \"sentences\": %s}"
                                    .formatted(i, sentences));
        }
        Files.writeString(data.resolve("flickr30k/dataset_flickr30k.json"), "{\"images\": [" + flickr + "]}");
        Files.writeString(data.resolve("coco/dataset_coco.json"), "{\"images\": [" + coco + "]}");
    }

    @Test
    void theMeasureIsThatOfTheEmbeddings() {
        Run run = Run.of("eval", "--suite", "flickr30k", data, "--model", model, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode suite = run.json().path("suites").path(0);
        assertThat(suite.path("suite").asString()).isEqualTo("flickr30k");
        assertThat(suite.path("images").asInt()).isEqualTo(IMAGES);
        assertThat(suite.path("captions").asInt()).isEqualTo(2 * IMAGES);
        assertThat(suite.path("publishedImages").asInt()).isEqualTo(1000);

        List<Path> files = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < IMAGES; i++) {
            files.add(data.resolve("flickr30k/flickr30k-images/%d.jpg".formatted(i)));
            texts.add("a red kite " + i);
            texts.add("a tent on a meadow " + 7 * i);
        }
        double textToImage = 0;
        double imageToText = 0;
        try (Llm2Clip loaded = Llm2Clip.load(model)) {
            float[][] cosines = loaded.similarity(files, texts);
            for (int text = 0; text < texts.size(); text++) {
                int best = 0;
                for (int image = 0; image < IMAGES; image++) {
                    best = cosines[image][text] > cosines[best][text] ? image : best;
                }
                textToImage += best == text / 2 ? 1.0 / texts.size() : 0;
            }
            for (int image = 0; image < IMAGES; image++) {
                int best = 0;
                for (int text = 0; text < texts.size(); text++) {
                    best = cosines[image][text] > cosines[image][best] ? text : best;
                }
                imageToText += best / 2 == image ? 1.0 / IMAGES : 0;
            }
        }
        JsonNode retrieval = suite.path("retrieval");
        assertThat(retrieval.path("textToImage").path("r1").asDouble()).isCloseTo(textToImage, within(1e-9));
        assertThat(retrieval.path("imageToText").path("r1").asDouble()).isCloseTo(imageToText, within(1e-9));
        assertThat(suite.path("published").size()).isGreaterThan(15);
        assertThat(suite.path("published").path(1).path("model").asString()).isEqualTo("LLM2CLIP 15M");
        assertThat(suite.path("published").path(1).path("imageToText").asDouble())
                .isEqualTo(0.918);
    }

    @Test
    void aSingleSuiteTakesItsOwnFolderToo() {
        Run inside = Run.of("eval", "--suite", "coco", data, "--model", model, "--json");
        Run own = Run.of("eval", "--suite", "coco", data.resolve("coco"), "--model", model, "--json");
        assertThat(own.code()).as(own.err()).isZero();
        assertThat(own.out()).isEqualTo(inside.out());
    }

    @Test
    void severalAreATableBesideWhatIsPublished() {
        Run run = Run.of("eval", "--suite", "flickr30k,coco,cra", data, "--model", model, "--quiet");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains(
                        "Flickr30k: 4 images with 8 captions: image to text, the first of an image's captions counts",
                        "chance           25.0  100.0  100.0",
                        "without instruction",
                        "Given a caption, retrieve a similar relevant caption",
                        "this model",
                        "LLM2CLIP 60M (EVA02 L/14-336), v6         95.9/85.4      72.4/58.8 ",
                        "25.0/25.0*",
                        "* Flickr30k: measured with 4 images, published figures are of 1000; they cannot be compared.");
        assertThat(run.out().lines()).allMatch(line -> line.length() <= 160);
    }

    @Test
    void paperMeasuresWhatIsThereAndMarksWhatIsMissing() {
        Run run = Run.of("eval", "--suite", "paper", data, "--model", model, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode suites = run.json().path("suites");
        assertThat(suites.findValuesAsString("missing"))
                .contains("there is no folder docci", "there is no folder xm3600");
        assertThat(Run.of("eval", "--suite", "paper", data, "--model", model, "--quiet")
                        .out())
                .contains("DOCCI: not measured, there is no folder docci.", "mean of five");
        Run none = Run.of("eval", "--suite", "paper", model, "--model", model);
        assertThat(none.code()).isEqualTo(1);
        assertThat(none.err())
                .contains("expected a folder per data set, named flickr30k, coco, ", "found none of them");
    }

    @Test
    void oneBadImageDoesNotEndIt() throws Exception {
        Files.writeString(data.resolve("flickr30k/flickr30k-images/1.jpg"), "no image");
        Run run = Run.of("eval", "--suite", "flickr30k", data, "--model", model, "--json");
        assertThat(run.code()).isZero();
        assertThat(run.json().path("suites").path(0).path("skippedImages").asInt())
                .isEqualTo(1);
        assertThat(run.json().path("suites").path(0).path("captions").asInt()).isEqualTo(6);
        assertThat(run.err()).contains("Skipped: The image", "1.jpg cannot be decoded");
    }

    @Test
    void aSuiteWhoseImagesAreBrokenDoesNotEndTheOthers() throws Exception {
        for (int i = 0; i < 3; i++) {
            Files.writeString(data.resolve("flickr30k/flickr30k-images/%d.jpg".formatted(i)), "no image");
        }
        Run run = Run.of("eval", "--suite", "flickr30k,coco", data, "--model", model, "--json");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("1 of 2 suites could not be measured (flickr30k); see above for the reasons.");
        assertThat(run.json().path("suites").path(0).path("error").asString()).contains("3 of the 4 images");
        assertThat(run.json().path("suites").path(1).path("images").asInt()).isEqualTo(IMAGES);
    }

    @Test
    void imagesAreClassifiedByWordsAndByAProbe() throws Exception {
        Path imagenet = data.resolve("imagenet");
        for (int i = 0; i < 6; i++) {
            String name = "%s/%d.png".formatted(i % 2 == 0 ? "n01" : "n02", i);
            Fixture.picture(imagenet.resolve("train/" + name), i % 2 == 0 ? 0x700010 + i : 0x001070 + (i << 8));
            Fixture.picture(imagenet.resolve("val/" + name), i % 2 == 0 ? 0x6f0008 + i : 0x00086f + (i << 8));
        }
        Files.writeString(imagenet.resolve("classnames.txt"), "n01 red kite\nn02 blue tent\n");
        Run run = Run.of("eval", "--suite", "imagenet,linear-probe", data, "--model", model, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        JsonNode zeroShot = run.json().path("suites").path(0);
        assertThat(zeroShot.path("images").asInt()).isEqualTo(6);
        assertThat(zeroShot.path("classes").asInt()).isEqualTo(2);
        assertThat(zeroShot.path("eightyTemplates").path("top5").asDouble()).isEqualTo(1);
        assertThat(zeroShot.path("oneTemplate").path("top1").asDouble()).isBetween(0.0, 1.0);
        assertThat(zeroShot.path("published").findValuesAsString("top1EightyTemplates"))
                .containsExactlyInAnyOrder("0.766", "0.758", "0.755", "0.743");
        JsonNode probe = run.json().path("suites").path(1);
        assertThat(probe.path("accuracy").asDouble()).isEqualTo(1);
        assertThat(probe.path("trainingImages").asInt()).isEqualTo(6);
        assertThat(probe.path("converged").asBoolean()).isTrue();
        Run text = Run.of("eval", "--suite", "paper", data, "--model", model, "--quiet");
        assertThat(text.out())
                .contains(
                        "ImageNet: 6 images, each among 2 classes in words.",
                        "80 templates",
                        "by logistic regression on the vectors of 6 training images",
                        "ImageNet-V2: not measured, there is no folder imagenet-v2.");
        Fixture.picture(imagenet.resolve("val/n03/9.png"), 3);
        Files.writeString(imagenet.resolve("val/n02/1.png"), "no image");
        Run broken = Run.of("eval", "--suite", "imagenet", data, "--model", model, "--json");
        assertThat(broken.code()).isZero();
        assertThat(broken.json().path("suites").path(0).path("skippedImages").asInt())
                .isEqualTo(1);
        assertThat(broken.err()).contains("1 image is in folders that are no class", "1 of 6 images skipped.");
    }

    @Test
    void theReportIsOnePageOfItsOwn() throws Exception {
        Path file = folder.resolve("my report.html");
        Run run = Run.of("eval", "--suite", "flickr30k,coco,cra", data, "--model", model, "--report", file, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("The report is " + file);
        String page = Files.readString(file);
        String percent = "%.1f %%"
                .formatted(100
                        * (run.json()
                                        .path("suites")
                                        .path(0)
                                        .path("retrieval")
                                        .path("textToImage")
                                        .path("r1")
                                        .asDouble()
                                + run.json()
                                        .path("suites")
                                        .path(1)
                                        .path("retrieval")
                                        .path("textToImage")
                                        .path("r1")
                                        .asDouble())
                        / 2);
        assertThat(page)
                .contains("finds the right image first for " + percent + " of captions")
                .contains("on average of 2 data sets", "guessing reaches 25.00 %.")
                .contains("LLM2CLIP 60M (EVA02 L/14-336), v6", "95.9/85.4", "data:image/jpeg;base64,")
                .contains("found first: ", "a tent on a meadow 7", "SHA-256 of names and captions")
                .contains("eval --suite flickr30k,coco,cra", "&quot;" + file + "&quot;")
                .contains("dataset_flickr30k.json: 4 of 4 images used.")
                .doesNotContain("NaN", "<script", "src=\"http");
    }

    @Test
    void aFolderHasAReportToo() throws Exception {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 3; i++) {
            Fixture.picture(folder.resolve("own/%d.png".formatted(i)), 3 << 8 * i);
            lines.append("{\"image\": \"%d.png\", \"captions\": [\"kite %d\", \"a small red kite over a meadow %d\"]}\n"
                    .formatted(i, i, i));
        }
        Files.writeString(folder.resolve("own/captions.jsonl"), lines);
        Path file = folder.resolve("own.html");
        Run run = Run.of("eval", folder.resolve("own"), "--model", model, "--report", file);
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.out())
                .contains(
                        "3 images with 6 captions: image to text, the first of an image's captions counts; text to image");
        assertThat(Files.readString(file))
                .contains(
                        "Captions among themselves",
                        "a short and a long caption",
                        ">R@10</abbr>, mean of both directions");
    }

    @Test
    void aReportThatCannotBeWrittenIsRefusedFirst() throws Exception {
        Path none = folder.resolve("none");
        Run text = Run.of("eval", data, "--model", none, "--report", "out.txt");
        assertThat(text.code()).isEqualTo(2);
        assertThat(text.err()).contains("Expected a file named *.html for --report, found 'out.txt'.");
        Run missing = Run.of("eval", data, "--model", none, "--report", none.resolve("a.html"));
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err()).contains("cannot be written: there is no folder " + none);
        Path taken = Files.createDirectory(folder.resolve("taken.html"));
        assertThat(Run.of("eval", data, "--model", none, "--report", taken).err())
                .contains("cannot be written: it is a folder");
    }

    @Test
    void namesAndFoldersAreCheckedBeforeAnythingIsComputed() {
        Run unknown = Run.of("eval", "--suite", "flickr", data, "--model", model);
        assertThat(unknown.code()).isEqualTo(2);
        assertThat(unknown.err()).contains("Expected names of suites for --suite, flickr30k, coco, ", "found 'flickr'");
        Run missing = Run.of("eval", "--suite", "coco,urban1k,docci", data, "--model", folder.resolve("none"));
        assertThat(missing.code()).isEqualTo(1);
        assertThat(missing.err())
                .contains(
                        "expected the folders coco, urban1k, docci, found no urban1k, docci; add them, or name other suites");
        Run wrong = Run.of("eval", "--suite", "docci", data.resolve("coco"), "--model", folder.resolve("none"));
        assertThat(wrong.code()).isEqualTo(1);
        assertThat(wrong.err()).contains("DOCCI: expected docci_descriptions.jsonlines in the folder");
    }
}

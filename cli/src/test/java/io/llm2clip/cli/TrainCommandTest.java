package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The way of a user's own data through all commands. */
class TrainCommandTest {
    private static final List<String> COLORS = List.of("red", "green", "blue", "white", "black", "yellow");

    @TempDir
    static Path folder;

    private static Path data;

    @BeforeAll
    static void write() throws IOException {
        data = folder.resolve("photos");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 24; i++) {
            Fixture.picture(data.resolve(i + ".png"), 0x080402 * (i + 1));
            String color = COLORS.get(i % COLORS.size());
            lines.append("""
                    {"image": "%d.png", "captions": ["A %s kite number %d flies over a beach.", "Over a beach flies a %s kite, it is number %d."]}
                    """.formatted(i, color, i, color, i));
        }
        Files.writeString(data.resolve("7.png"), "broken");
        Files.writeString(data.resolve("captions.jsonl"), lines);
    }

    @Test
    void captionsThenImagesThenMeasuring() throws IOException {
        Path text = folder.resolve("text");
        Run caption = Run.of(
                "train",
                "caption",
                data,
                "--out",
                text,
                "--llm-steps",
                2,
                "--steps",
                2,
                "--batch",
                4,
                "--vocabulary",
                300,
                "--hard-negatives",
                "--json");
        assertThat(caption.err()).contains("stage 1").doesNotContain("error");
        assertThat(caption.code()).isZero();
        assertThat(caption.json().path("measuredGroups").asInt()).isEqualTo(2);
        assertThat(caption.json().path("trainingGroups").asInt()).isEqualTo(22);
        assertThat(caption.json().path("captionRetrievalAccuracy").path("after").asDouble())
                .isBetween(0.0, 1.0);

        // A saved text encoder is a start for another stage 1, as a Llama of Hugging Face is.
        Run again = Run.of(
                "train",
                "caption",
                data,
                "--llm",
                text,
                "--out",
                folder.resolve("text2"),
                "--steps",
                1,
                "--batch",
                4,
                "--max-length",
                5,
                "--parse-special-tokens");
        assertThat(again.err()).contains("48 of 48 captions are too long for the text encoder and cut;");
        assertThat(folder.resolve("text2/caption.json")).content().contains("\"special_tokens\" : \"parsed\"");
        assertThat(again.code()).isZero();
        assertThat(again.out()).startsWith("Caption retrieval accuracy on 2 held-out groups: ");

        Path model = folder.resolve("model");
        Object[] clip = {
            "train",
            "clip",
            data,
            "--text",
            text,
            "--out",
            model,
            "--steps",
            2,
            "--batch",
            8,
            "--image-size",
            16,
            "--patch-size",
            8,
            "--width",
            32,
            "--layers",
            1,
            "--embedding-size",
            8,
            "--json"
        };
        Run first = Run.of(clip);
        assertThat(first.err()).contains("text vectors: 48 captions", "7.png", "1 of 24 images skipped.");
        assertThat(first.code()).isZero();
        assertThat(first.json().path("measuredImages").asInt()).isEqualTo(2);
        assertThat(first.json()
                        .path("retrieval")
                        .path("textToImage")
                        .path("r10")
                        .asDouble())
                .isEqualTo(1);
        byte[] weights = Files.readAllBytes(model.resolve("vision/model.safetensors"));
        Run second = Run.of(clip);
        assertThat(second.err()).doesNotContain("text vectors");
        assertThat(second.out()).isEqualTo(first.out());
        assertThat(Files.readAllBytes(model.resolve("vision/model.safetensors")))
                .isEqualTo(weights);

        Run eva = Run.of(
                "train",
                "clip",
                data,
                "--text",
                text,
                "--out",
                folder.resolve("eva"),
                "--steps",
                1,
                "--batch",
                8,
                "--image-size",
                16,
                "--patch-size",
                8,
                "--width",
                64,
                "--layers",
                1,
                "--architecture",
                "eva02",
                "--vectors",
                folder.resolve("model-vectors"),
                "--no-exif-orientation",
                "--quiet");
        assertThat(eva.code()).isZero();
        assertThat(Files.readString(folder.resolve("eva/llm2clip.json"))).contains("\"exif_orientation\" : false");
        assertThat(Files.readString(model.resolve("llm2clip.json"))).contains("\"exif_orientation\" : true");
        assertThat(eva.out()).startsWith("2 held-out images of 23").contains("image to text ", "text to image ");
        Run tuned = Run.of(
                "train",
                "clip",
                data,
                "--text",
                model.resolve("text"),
                "--out",
                folder.resolve("tuned"),
                "--steps",
                1,
                "--batch",
                8,
                "--vision",
                folder.resolve("eva/vision"),
                "--layer-decay",
                0.75,
                "--quiet");
        assertThat(tuned.code()).isZero();

        Run eval = Run.of("eval", data, "--model", model, "--json");
        assertThat(eval.code()).isZero();
        JsonNode json = eval.json();
        assertThat(json.path("images").asInt()).isEqualTo(23);
        assertThat(json.path("captions").asInt()).isEqualTo(46);
        assertThat(json.path("skippedImages").asInt()).isEqualTo(1);
        assertThat(json.path("retrieval").path("imageToText").path("r10").asDouble())
                .isBetween(0.0, 1.0);
        assertThat(json.path("captionRetrievalAccuracy").isNumber()).isTrue();
        assertThat(Run.of("eval", data, "--model", model).out())
                .startsWith("23 images, 46 captions")
                .contains("R@10", "caption retrieval accuracy ");

        Run inspect = Run.of("inspect", model, "--json");
        assertThat(inspect.json().path("configurations").size()).isEqualTo(4);
        assertThat(inspect.json().path("weights").size()).isEqualTo(3);
        assertThat(inspect.json().path("weights").path(0).has("tensors")).isFalse();
        assertThat(Run.of("inspect", model.resolve("adapter.safetensors"), "--tensors")
                        .out())
                .contains("logit_scale", "F32", "text_adapter.adaptor.5.weight", "[8, 192]");
    }

    @Test
    void tooFewImagesAreOneSentence() throws IOException {
        Path few = Files.createDirectories(folder.resolve("few"));
        Files.writeString(few.resolve("captions.jsonl"), "{\"captions\": [\"a kite\", \"one kite\"]}\n");
        Run run = Run.of("train", "caption", few, "--out", folder.resolve("none"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("has 1 usable groups", "at least 20").hasLineCount(1);
        assertThat(folder.resolve("none")).doesNotExist();
    }

    @Test
    void aMissingFolderIsOneSentence() {
        for (List<Object> arguments : List.<List<Object>>of(
                List.of("eval", folder.resolve("absent"), "--model", folder),
                List.of("train", "caption", folder.resolve("absent"), "--out", folder.resolve("none")),
                List.of("train", "clip", folder.resolve("absent"), "--text", data, "--out", folder.resolve("none")),
                List.of("inspect", folder.resolve("absent")))) {
            Run run = Run.of(arguments.toArray());
            assertThat(run.code()).isEqualTo(1);
            assertThat(run.err()).startsWith("error: ").hasLineCount(1);
        }
    }

    @Test
    void badUsageIsExitCodeTwo() {
        Stream.of(
                        List.of("train"),
                        List.of("train", "clip", "x"),
                        List.of("eval"),
                        List.of("train", "caption", "x", "--steps", "many"))
                .forEach(arguments ->
                        assertThat(Run.of(arguments.toArray()).code()).isEqualTo(2));
        Run both = Run.of("train", "clip", "x", "--text", "t", "--out", "o", "--vision", "v", "--width", 32);
        assertThat(both.code()).isEqualTo(2);
        assertThat(both.err()).contains("mutually exclusive");
    }

    @Test
    void sizesThatDoNotFitAreOneSentence() {
        Run run = Run.of("train", "clip", data, "--text", "t", "--out", "o", "--image-size", 60);
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("60 pixels in patches of 16").hasLineCount(1);
        assertThat(Run.of("train", "clip", data, "--text", "t", "--out", "o", "--steps", 0)
                        .err())
                .isEqualToNormalizingNewlines("error: --steps must be at least 1, found 0.\n");
    }

    @Test
    void aLossThatIsNotANumberNamesTheRemedy() {
        Run run = Run.of(
                "train",
                "caption",
                data,
                "--out",
                folder.resolve("nan"),
                "--llm-steps",
                1,
                "--steps",
                8,
                "--batch",
                4,
                "--vocabulary",
                300,
                "--learning-rate",
                "1e30");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("is not finite", "lower the learning rate");
        assertThat(folder.resolve("nan")).doesNotExist();
    }

    @Test
    void devicesNamesThreadsVectorsAndMatrixUnit() {
        JsonNode json = Run.of("devices", "--json").json().path("cpu");
        assertThat(json.path("threads").asInt()).isPositive();
        assertThat(json.path("vectorBits").asInt()).isIn(64, 128, 256, 512);
        assertThat(Run.of("devices").out()).contains(json.path("matrixUnit").asString());
    }
}

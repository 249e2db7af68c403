package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** Commands with a plain CLIP, whose text tower is its own. */
class DualEncoderTest {
    @TempDir
    private Path folder;

    private Path model;
    private Path picture;

    @BeforeEach
    void write() throws IOException {
        model = Fixture.dual(folder.resolve("clip"));
        picture = Fixture.picture(folder.resolve("photos/red.png"), 0x600000);
    }

    @Test
    void similarityComparesAndSaysThatCaptionsWereCut() {
        float[] cosines;
        try (Llm2Clip loaded = Llm2Clip.load(model)) {
            cosines = loaded.similarity(List.of(picture), List.of("a kite", "tent"))[0];
        }
        Run run = Run.of("similarity", "--json", "--model", model, picture, "a kite", "tent", "a kite on a beach");
        assertThat(run.code()).as(run.err()).isEqualTo(0);
        for (JsonNode score : run.json().path("captions")) {
            switch (score.path("caption").asString()) {
                case "a kite" -> assertThat(score.path("cosine").floatValue()).isCloseTo(cosines[0], within(1e-6f));
                case "tent" -> assertThat(score.path("cosine").floatValue()).isCloseTo(cosines[1], within(1e-6f));
                default -> {}
            }
        }
        assertThat(run.err()).contains("1 of 3 captions");
    }

    @Test
    void embedGivesImagesAndTexts() {
        Run run = Run.of("embed", "--json", "--model", model, "--image", picture, "--text", "a kite");
        assertThat(run.code()).as(run.err()).isEqualTo(0);
        assertThat(run.out().lines()).hasSize(2);
        assertThat(run.out()).contains("\"image\"", "\"text\"");
    }

    @Test
    void evalMeasuresRetrievalAndHowCaptionsFindEachOther() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 3; i++) {
            Fixture.picture(folder.resolve("data/" + i + ".png"), 0x300000 >> (8 * i));
            char c = (char) ('a' + i);
            lines.append("{\"image\": \"%d.png\", \"captions\": [\"%c kite\", \"%c tent\", \"%c\"]}%n"
                    .formatted(i, c, c, c));
        }
        Files.writeString(folder.resolve("data/captions.jsonl"), lines);
        Run run = Run.of("eval", "--json", "--model", model, folder.resolve("data"));
        assertThat(run.code()).as(run.err()).isEqualTo(0);
        assertThat(run.json().path("captions").asInt()).isEqualTo(9);
        assertThat(run.json()
                        .path("captionRetrievalAccuracy")
                        .path("longLong")
                        .path("images")
                        .asInt())
                .isEqualTo(3);
    }

    @Test
    void convertWritesBothTowers() {
        Path out = folder.resolve("out");
        Run run = Run.of("convert", model, out, "--weights", "bf16");
        assertThat(run.code()).as(run.err()).isEqualTo(0);
        assertThat(run.out()).startsWith("Dual encoder: ").contains("tensors rounded: relative error 0.");
        Run similarity = Run.of("similarity", "--json", "--model", out, picture, "a kite", "tent");
        assertThat(similarity.code()).as(similarity.err()).isEqualTo(0);
        try (Llm2Clip loaded = Llm2Clip.load(model)) {
            float[] cosines = loaded.similarity(List.of(picture), List.of("a kite", "tent"))[0];
            for (JsonNode score : similarity.json().path("captions")) {
                int i = score.path("caption").asString().equals("tent") ? 1 : 0;
                assertThat(score.path("cosine").floatValue()).isCloseTo(cosines[i], within(0.02f));
            }
        }
    }

    @Test
    void inspectSaysAllParts() {
        Run run = Run.of("inspect", model);
        assertThat(run.code()).as(run.err()).isEqualTo(0);
        assertThat(run.out().replaceAll("\\s+", " "))
                .contains("text tower CLIP's, 1 layer of 16 channels, 2 heads, 54 tokens, captions of up to 8")
                .contains(
                        " 1 parameter in F32, 4 bytes", " for vision tower, text tower and logits; a batch takes more");
    }

    @Test
    void whatIsForLanguageModelsIsRefusedInOneLine() {
        Run encoder = Run.of("similarity", "--model", model, "--text-encoder", folder, picture, "a kite");
        assertThat(encoder.code()).isEqualTo(1);
        assertThat(encoder.err())
                .contains(
                        "a model with a text tower of its own, which no other text encoder can stand in for; leave out the text encoder "
                                + folder)
                .hasLineCount(1);
        Run scaled = Run.of("similarity", "--model", model, "--normalize-captions", picture, "a kite");
        assertThat(scaled.code()).isEqualTo(1);
        assertThat(scaled.err())
                .contains("which has no caption vectors to be scaled before an adapter")
                .hasLineCount(1);
        Run stage2 = Run.of("train", "clip", picture.getParent(), "--text", model, "--out", folder.resolve("out"));
        assertThat(stage2.code()).isEqualTo(1);
        assertThat(stage2.err()).hasLineCount(1);
        assertThat(folder.resolve("out")).doesNotExist();
    }

    @Test
    void aMissingVocabularyIsNamedInOneLine() throws IOException {
        Files.delete(model.resolve("merges.txt"));
        Run run = Run.of("embed", "--model", model, "--text", "a kite");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .contains("expected CLIP's vocabulary beside the weights, tokenizer.json, or vocab.json and merges.txt")
                .hasLineCount(1);
    }

    /** A long caption is read to its end, a longer one is cut, and {@code --max-length} is where. */
    @Test
    void anFgClip2TakesLongCaptionsAndPicturesOfAnyShape() throws IOException {
        Path fgClip2 = Fixture.fgClip2(folder.resolve("fg"));
        BufferedImage strip = new BufferedImage(90, 7, BufferedImage.TYPE_INT_RGB);
        strip.setRGB(40, 3, 0xffffff);
        Path wide = picture.resolveSibling("wide.png");
        ImageIO.write(strip, "png", wide.toFile());
        Run run = Run.of(
                "similarity",
                "--json",
                "--model",
                fgClip2,
                wide,
                "a kite",
                "a kite on a beach",
                "a kite on a wide beach");
        assertThat(run.code()).as(run.err()).isZero();
        assertThat(run.err()).contains("1 of 3 captions");
        Run shorter = Run.of(
                "similarity", "--json", "--model", fgClip2, "--max-length", 8, wide, "a kite", "a kite on a beach");
        assertThat(shorter.code()).as(shorter.err()).isZero();
        assertThat(shorter.err()).contains("1 of 2 captions");
        assertThat(cosine(shorter, "a kite")).isCloseTo(cosine(run, "a kite"), within(1e-6));
        assertThat(cosine(shorter, "a kite on a beach")).isNotCloseTo(cosine(run, "a kite on a beach"), within(1e-6));
        Run longer = Run.of("similarity", "--model", fgClip2, "--max-length", 21, wide, "a kite");
        assertThat(longer.code()).isEqualTo(1);
        assertThat(longer.err()).contains("the model's own text tower reads 20").hasLineCount(1);
        Run classified = Run.of("classify", "--json", "--model", fgClip2, "--labels", "kite,tent", picture, wide);
        assertThat(classified.code()).as(classified.err()).isZero();
        Run embedded =
                Run.of("embed", "--json", "--model", fgClip2, "--image", picture, "--image", wide, "--text", "kite");
        assertThat(embedded.code()).as(embedded.err()).isZero();
        assertThat(embedded.out().lines()).hasSize(3);
        Run inspected = Run.of("inspect", fgClip2);
        assertThat(inspected.code()).as(inspected.err()).isZero();
        assertThat(inspected.out().replaceAll("\\s+", " "))
                .contains("in their own proportions, of up to 1024 patches of 4 px");
    }

    private static double cosine(Run run, String caption) {
        return run.json()
                .path("captions")
                .valueStream()
                .filter(score -> score.path("caption").asString().equals(caption))
                .findFirst()
                .orElseThrow()
                .path("cosine")
                .asDouble();
    }

    /** From scratch, and then on with what came of it, as other vision towers are. */
    @Test
    void aTowerForPicturesOfAnyShapeIsTrained() throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 20; i++) {
            BufferedImage image = new BufferedImage(10 + 9 * i, 30, BufferedImage.TYPE_INT_RGB);
            image.setRGB(i, i, 0xff00ff);
            ImageIO.write(
                    image,
                    "png",
                    Files.createDirectories(folder.resolve("data"))
                            .resolve(i + ".png")
                            .toFile());
            lines.append("{\"image\": \"%d.png\", \"captions\": [\"a kite %d\", \"a tent %d\"]}%n".formatted(i, i, i));
        }
        Path data = folder.resolve("data");
        Files.writeString(data.resolve("captions.jsonl"), lines);
        Path text = Fixture.model(folder.resolve("trained")).resolve("text");
        Path scratch = folder.resolve("scratch");
        Run first = Run.of(
                "train",
                "clip",
                data,
                "--text",
                text,
                "--out",
                scratch,
                "--steps",
                2,
                "--batch",
                4,
                "--architecture",
                "NAFLEX",
                "--image-size",
                20,
                "--patch-size",
                4,
                "--width",
                32,
                "--layers",
                1,
                "--embedding-size",
                32);
        assertThat(first.code()).as(first.err()).isZero();
        Path further = folder.resolve("further");
        Run second = Run.of(
                "train",
                "clip",
                data,
                "--text",
                text,
                "--out",
                further,
                "--steps",
                2,
                "--batch",
                4,
                "--vision",
                scratch.resolve("vision"));
        assertThat(second.code()).as(second.err()).isZero();
        Run compared = Run.of("similarity", "--json", "--model", further, data.resolve("9.png"), "a kite");
        assertThat(compared.code()).as(compared.err()).isZero();
        assertThat(Files.readString(further.resolve("vision/config.json")))
                .contains("siglip2_vision_model", "\"max_num_patches\" : [ 25 ]");
        Run published = Run.of(
                "train",
                "clip",
                data,
                "--text",
                text,
                "--out",
                folder.resolve("fg-trained"),
                "--steps",
                1,
                "--batch",
                4,
                "--vision",
                Fixture.fgClip2(folder.resolve("fg")));
        assertThat(published.code()).as(published.err()).isZero();
    }
}

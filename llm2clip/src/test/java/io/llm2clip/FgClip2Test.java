package io.llm2clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.model.CaptionOptions;
import io.llm2clip.model.DualFixture;
import io.llm2clip.model.ModelInspection;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.Predicate;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Models whose images keep their proportions, FG-CLIP 2 and SigLIP2 NaFlex; what they share with others, {@link DualEncodersTest} has. */
class FgClip2Test {
    private static final float TOLERANCE = 1e-5f;
    private static final int WINDOW = 12;

    @TempDir
    private Path temporary;

    private Path write(DualFixture model) throws IOException {
        return model.write(temporary.resolve(model.name()));
    }

    private static BufferedImage picture(int width, int height) {
        BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < height; y++) {
            for (int x = 0; x < width; x++) {
                int red = x * 7 + y & 0xff;
                int green = y * 5 + (x & y) & 0xff;
                int blue = x * y >> 2 & 0xff;
                image.setRGB(x, y, red << 16 | green << 8 | blue);
            }
        }
        return image;
    }

    private static BufferedImage[] pictures() throws IOException {
        BufferedImage first = ImageIO.read(DualFixture.picture().toFile());
        return new BufferedImage[] {first, picture(250, 120), picture(17, 5)};
    }

    private static void assertClose(float[][] actual, float[][] expected) {
        assertThat(actual).hasSameDimensionsAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).as("row " + i).containsExactly(expected[i], within(TOLERANCE));
        }
    }

    /** A batch of images of any sizes is what each alone gives. */
    @ParameterizedTest
    @ValueSource(strings = {DualFixture.FG_CLIP_2, DualFixture.SIGLIP2_NAFLEX})
    void imagesOfAnyProportionsShareABatch(String name) throws IOException {
        DualFixture model = DualFixture.read(name);
        float[][] expected = DualFixture.rows(model.golden().path("images"));
        BufferedImage[] pictures = pictures();
        List<BufferedImage> many = new ArrayList<>();
        float[][] manyExpected = new float[41][];
        for (int i = 0; i < manyExpected.length; i++) {
            many.add(pictures[i * i % 3]);
            manyExpected[i] = expected[i * i % 3];
        }
        try (Llm2Clip loaded = Llm2Clip.load(write(model))) {
            assertThat(loaded.description().preprocessing()).isEqualTo(PreprocessingPreset.NAFLEX);
            assertClose(loaded.embedImages(pictures), expected);
            assertClose(loaded.embedImages(many.toArray(BufferedImage[]::new)), manyExpected);
            // One pixel high, one pixel, and more columns than the limit has patches.
            float[][] extreme = loaded.embedImages(picture(3000, 1), picture(1, 1), picture(1, 2000));
            for (float[] row : extreme) {
                for (float value : row) {
                    assertThat(value).isFinite();
                }
            }
        }
    }

    @Test
    void longCaptionsGoTheirOwnWayInAnyOrder() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.FG_CLIP_2);
        JsonNode golden = model.golden();
        int[][] ids = DualFixture.ids(golden.path("ids"));
        assertThat(List.of(ids)).anyMatch(row -> row.length > WINDOW).anyMatch(row -> row.length <= WINDOW);
        List<Integer> order = new ArrayList<>();
        for (int i = 0; i < 90; i++) {
            order.add(i * 7 % ids.length);
        }
        Collections.reverse(order);
        float[][] expected = DualFixture.rows(golden.path("texts"));
        try (Llm2Clip loaded = Llm2Clip.load(write(model))) {
            float[][] actual = loaded.embedTexts(
                    order.stream().map(i -> model.captions().get(i)).toList());
            assertClose(actual, order.stream().map(i -> expected[i]).toArray(float[][]::new));
        }
    }

    /** No caption goes the long way then: those that fit in the window are as before, and others are their first tokens. */
    @Test
    void theLengthOfCaptionsIsAnOption() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.FG_CLIP_2);
        float[][] expected = DualFixture.rows(model.golden().path("texts"));
        int[][] ids = DualFixture.ids(model.golden().path("ids"));
        CaptionOptions shorter = new CaptionOptions("", OptionalInt.of(WINDOW), OptionalInt.empty());
        try (Llm2Clip loaded = Llm2Clip.load(write(model), LoadOptions.DEFAULT.withCaptions(shorter))) {
            TextEmbeddings texts = loaded.textEmbeddings(model.captions());
            assertThat(texts.maxLength()).isEqualTo(WINDOW);
            int cut = 0;
            for (int i = 0; i < ids.length; i++) {
                float[] row = texts.vectors().toArray(i);
                if (ids[i].length <= WINDOW) {
                    assertThat(row).containsExactly(expected[i], within(TOLERANCE));
                } else {
                    assertThat(row).isNotEqualTo(expected[i]);
                    cut++;
                }
            }
            assertThat(texts.cut()).isEqualTo(cut).isPositive();
        }
    }

    private static VisionConfig config(Path path) {
        return VisionConfig.ofCheckpoint(path);
    }

    @Test
    void theNumberOfPatchesIsTheImageProcessorsOrAsked() throws IOException {
        Path naFlex = write(DualFixture.read(DualFixture.SIGLIP2_NAFLEX));
        assertThat(config(naFlex).patchLimits()).contains(PatchLimits.of(60));
        Files.delete(naFlex.resolve("preprocessor_config.json"));
        assertThat(config(naFlex).patchLimits()).contains(PatchLimits.of(256));
        Path fgClip2 = write(DualFixture.read(DualFixture.FG_CLIP_2));
        assertThat(config(fgClip2).patchLimits()).contains(PatchLimits.FG_CLIP_2);
        replace(
                fgClip2.resolve("preprocessor_config.json"),
                "\"dynamic_max_patches\": true",
                "\"dynamic_max_patches\": false");
        assertThat(config(fgClip2).patchLimits()).contains(PatchLimits.of(256));
        // Without a configuration, the tensors say which it is.
        Files.delete(fgClip2.resolve("preprocessor_config.json"));
        assertThat(config(fgClip2).patchLimits()).contains(PatchLimits.FG_CLIP_2);
        LoadOptions small = LoadOptions.DEFAULT.withVision(VisionOptions.STORED.withImageSize(31));
        assertThat(config(fgClip2).withImageSize(31).patchLimits()).contains(PatchLimits.of(49));
        try (Llm2Clip asked = Llm2Clip.load(fgClip2, small);
                Llm2Clip stored = Llm2Clip.load(fgClip2)) {
            float[] few = asked.embedImages(picture(250, 120))[0];
            assertThat(few).isNotEqualTo(stored.embedImages(picture(250, 120))[0]);
        }
        assertThatThrownBy(() ->
                        Llm2Clip.load(fgClip2, LoadOptions.DEFAULT.withVision(VisionOptions.STORED.withImageSize(3))))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        fgClip2
                                + ": its vision tower cannot be opened so: Images of 3 pixels for patches of 4; expected at least as many.");
    }

    private static void replace(Path file, String from, String to) throws IOException {
        String content = Files.readString(file);
        assertThat(content).contains(from);
        Files.writeString(file, content.replace(from, to));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "config.json | \"keep_len\": 5 | \"keep_len\": 31 | config.json: A text tower with a window of 12 tokens, 30 for long captions and 31 positions that are kept; expected ascending ones, such as 64, 196 and 20.",
                "config.json | \"longtext_len\": 30 | \"longtext_len\": 31 | position_embedding_res.weight",
                "config.json | \"longtext_len\": 30 | \"longtext_len\": \"x\" | config.json: 'longtext_len': expected a positive whole number, found \"x\"; fetch or save the model again.",
                "config.json | \"projection_size\": 32 | \"projection_size\": 16 | config.json: A text tower of 32 channels and embeddings of 16; expected as many, since its head for long captions gives as many.",
                "config.json | \"num_patches\": 25 | \"num_patches\": 24 | config.json: 'num_patches': expected a square number, such as 256, found 24; fetch or save the model again.",
                "config.json | \"num_patches\": 25 | \"num_patches\": 36 | position_embedding.weight",
                "config.json | \"patch_size\": 4 | \"patch_size\": 8 | preprocessor_config.json: 'patch_size': expected 8, the size of the vision tower's patches, found 4; fetch or save the model again.",
                "preprocessor_config.json | \"max_num_patches\": 256 | \"max_num_patches\": [1, -1], \"dynamic_max_patches\": false, \"x\": true | preprocessor_config.json: 'max_num_patches': Maximum numbers of patches [1, -1]; expected ascending ones of 1 to 65,536, such as 256.",
                "preprocessor_config.json | \"dynamic_max_patches\": true | \"dynamic_max_patches\": 1 | preprocessor_config.json: 'dynamic_max_patches': expected true or false, found 1; fetch or save the model again.",
                "preprocessor_config.json | \"resample\": 2 | \"resample\": 3 | image_std [0.5, 0.5, 0.5] and resample 3 with max_num_patches; use another model"
            })
    void brokenConfigurationsAreNamed(String file, String from, String to, String sentence) throws IOException {
        Path directory = write(DualFixture.read(DualFixture.FG_CLIP_2));
        if (to.contains("dynamic_max_patches\": false")) {
            replace(directory.resolve(file), "\"dynamic_max_patches\": true,", "");
        }
        replace(directory.resolve(file), from, to);
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(directory.toString())
                .hasMessageContaining(sentence);
    }

    /** The tensors are of images of their own sizes, the configuration of one size, and the other way round. */
    @Test
    void aTowerOfTheOtherKindIsNamed() throws IOException {
        Path naFlex = write(DualFixture.read(DualFixture.SIGLIP2_NAFLEX));
        replace(naFlex.resolve("config.json"), "\"num_patches\": 25", "\"image_size\": 20");
        assertThatThrownBy(() -> Llm2Clip.load(naFlex))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(naFlex.toString());
        Path square = write(DualFixture.read(DualFixture.SIGLIP2));
        Path weights = square.resolve("model.safetensors");
        replace(square.resolve("config.json"), "\"image_size\": 24", "\"num_patches\": 9");
        replace(square.resolve("config.json"), "\"model_type\": \"siglip\"", "\"model_type\": \"siglip2\"");
        Files.delete(square.resolve("preprocessor_config.json"));
        assertThatThrownBy(() -> Llm2Clip.load(square))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(weights.toString())
                .hasMessageContaining("'vision_model.embeddings.patch_embedding.weight'");
    }

    private static void rewrite(Path directory, Predicate<String> kept) throws IOException {
        Path weights = directory.resolve("model.safetensors");
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        try (Checkpoint source = Checkpoint.open(weights)) {
            source.entries().keySet().stream().filter(kept).forEach(name -> {
                StoredTensor tensor = source.tensor(name);
                tensors.put(
                        name,
                        StoredTensor.of(
                                tensor.toFloats(),
                                tensor.shape().stream()
                                        .mapToLong(Long::longValue)
                                        .toArray()));
            });
        }
        SafetensorsWriter.write(weights, tensors, Map.of());
    }

    @Test
    void headsForRegionsAreNotNeededAndOthersAre() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.FG_CLIP_2);
        Path directory = write(model);
        rewrite(directory, name -> !name.startsWith("dense_feature_head.") && !name.startsWith("boxtext_head."));
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertClose(
                    loaded.embedTexts(model.captions()),
                    DualFixture.rows(model.golden().path("texts")));
        }
        rewrite(directory, name -> !name.equals("longtext_head.bias"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("'longtext_head.bias'");
    }

    @Test
    void anotherTextEncoderIsRefused() throws IOException {
        Path directory = write(DualFixture.read(DualFixture.FG_CLIP_2));
        assertThatThrownBy(() -> Llm2Clip.load(directory, LoadOptions.DEFAULT.withTextEncoder(temporary)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(
                        directory + ": a model with a text tower of its own, which no other text encoder");
    }

    @Test
    void inspectionCountsAllOfIt() throws IOException {
        Path directory = write(DualFixture.read(DualFixture.FG_CLIP_2));
        ModelReport report = ModelInspection.of(directory);
        assertThat(report.kind()).isEqualTo(ModelReport.Kind.DUAL_ENCODER);
        assertThat(report.problems()).isEmpty();
        assertThat(report.parts())
                .extracting(PartReport::name)
                .containsExactly("vision tower", "text tower", "tokenizer", "logits", "region heads");
        assertThat(report.parts().getFirst().summary())
                .isEqualTo(
                        "NAFLEX for images in their own proportions, of up to 1024 patches of 4 px, 2 layers of 32 channels, 4 heads, embeddings of 32, preprocessing naflex");
        assertThat(report.parts().getFirst().facts())
                .containsEntry("max_num_patches", 1024)
                .doesNotContainKey("image_size");
        long tensors;
        try (Checkpoint source = Checkpoint.open(directory.resolve("model.safetensors"))) {
            tensors = source.entries().values().stream()
                    .mapToLong(StoredTensor::elements)
                    .sum();
        }
        assertThat(report.parts().stream().mapToLong(PartReport::parameters).sum())
                .isEqualTo(tensors);
    }
}

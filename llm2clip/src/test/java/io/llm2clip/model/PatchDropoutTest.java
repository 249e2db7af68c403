package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Towers that see a part of each image's patches. */
class PatchDropoutTest {
    private static final int PATCHES = 9;

    @TempDir
    Path directory;

    /** Embeddings and gradients of transformers and timm for the same patches, those of positions and kernel among them. */
    @ParameterizedTest
    @ValueSource(strings = {"clip", "siglip", "eva02"})
    void equalsTheReferencesOfTheSamePatches(String name) throws IOException {
        ReferenceTower reference = ReferenceTower.read("seen-" + name);
        Path file = directory.resolve("model.safetensors");
        reference.write(file, StoredType.F32);
        ReferenceTower.Expected expected = reference.expected().getFirst();
        if (expected.config() != null) {
            Files.writeString(directory.resolve("config.json"), Objects.requireNonNull(expected.config()));
        }
        try (Parameters parameters = Parameters.trained()) {
            VisionTower tower = VisionTower.open(parameters, file);
            StoredLayout.Found names = VisionLayout.find(
                            reference.tensors(StoredType.F32).keySet())
                    .orElseThrow()
                    .names();
            Tensor embedding = tower.embed(inputs(expected, tower.config().classTokens()));
            close(embedding.evaluate().toFloats(), expected.embedding(), name);
            float[] direction =
                    ReferenceTower.values("direction", embedding.shape().size(), 0, 1);
            Tensor loss = embedding
                    .mul(Tensor.variable("direction", TensorData.of(embedding.shape(), direction)))
                    .sum();
            Map<String, float[]> gradients = expected.gradients();
            List<Parameter> compared = tower.parameters().stream()
                    .filter(parameter ->
                            gradients.containsKey(names.place(parameter.name()).tensor()))
                    .toList();
            assertThat(compared).hasSameSizeAs(gradients.keySet());
            List<Tensor> computed =
                    Gradients.of(loss, compared.stream().map(Parameter::tensor).toList());
            for (int i = 0; i < compared.size(); i++) {
                String stored = names.place(compared.get(i).name()).tensor();
                close(computed.get(i).evaluate().toFloats(), gradients.get(stored), stored);
            }
        }
    }

    private static List<Tensor> inputs(ReferenceTower.Expected expected, int classTokens) {
        List<Integer> rows = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        for (int image = 0; image < expected.batch(); image++) {
            for (int i = 0; i < classTokens; i++) {
                positions.add(i);
            }
            int first = image * PATCHES;
            expected.node().path("seen").get(image).valueStream().forEach(patch -> {
                rows.add(first + patch.asInt());
                positions.add(classTokens + patch.asInt());
            });
        }
        Shape shape = Shape.of(expected.batch(), 3, expected.side(), expected.side());
        return List.of(
                Tensor.variable("pixels", TensorData.of(shape, expected.pixels())),
                ints("rows", rows),
                ints("positions", positions));
    }

    private static Tensor ints(String name, List<Integer> values) {
        return Tensor.variable(
                name,
                TensorData.ofInts(
                        Shape.of(values.size()),
                        values.stream().mapToInt(Integer::intValue).toArray()));
    }

    private static void close(float[] actual, float[] expected, String what) {
        float scale = 0;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(scale).isPositive();
        assertThat(actual).as(what).containsExactly(expected, within(2e-5f * scale));
    }

    @Test
    void choosesAsManyPatchesOfEachImageAndOthersAtEachStep() {
        PatchDropout half = new PatchDropout(0.5f);
        assertThat(half.kept(PATCHES)).isEqualTo(4);
        assertThat(new PatchDropout(0.99f).kept(PATCHES)).isEqualTo(1);
        PatchDropout.Choice choice = Objects.requireNonNull(half.at(1, 5));
        int[] counts = new int[256];
        for (int image = 0; image < 400; image++) {
            int[] seen = choice.of(image, 256);
            assertThat(seen).hasSize(128).isSorted().doesNotHaveDuplicates();
            assertThat(seen).isEqualTo(Objects.requireNonNull(half.at(1, 5)).of(image, 256));
            Arrays.stream(seen).forEach(patch -> counts[patch]++);
        }
        // 200 on the average, of a standard deviation of 10.
        assertThat(Arrays.stream(counts)).allMatch(count -> count > 150 && count < 250);
        assertThat(choice.of(0, 256))
                .isNotEqualTo(choice.of(1, 256))
                .isNotEqualTo(Objects.requireNonNull(half.at(1, 6)).of(0, 256))
                .isNotEqualTo(Objects.requireNonNull(half.at(2, 5)).of(0, 256));
        assertThat(PatchDropout.NONE.at(1, 5)).isNull();
        assertThatThrownBy(() -> new PatchDropout(1)).hasMessage("rate must be at least 0 and below 1, found 1.");
        assertThatThrownBy(() -> new PatchDropout(Float.NaN))
                .hasMessage("rate must be at least 0 and below 1, found NaN.");
    }

    /** What a tower gives for all patches, chosen one by one, is what it gives without a choice; fewer are less work. */
    @Test
    void allPatchesChosenAreTheWholeImageAndFewerAreLessWork() {
        VisionConfig config = VisionConfig.eva02(48, 8, 128, 2, 16);
        List<RgbImage> images = pictures(48, 48);
        VisionInputs inputs = new VisionInputs(config, Preprocessing.miniature(48), Arena.ofAuto());
        try (Parameters parameters = new Parameters(1)) {
            VisionTower tower = VisionTower.create(parameters, config);
            parameters.get("visual.head.weight").data().fill(new float[16 * 128]);
            for (int i = 0; i < 16; i++) {
                parameters
                        .get("visual.head.weight")
                        .data()
                        .segment()
                        .setAtIndex(ValueLayout.JAVA_FLOAT, i * 128L + i, 1);
            }
            float[] whole = embed(tower, inputs.of(images));
            assertThat(embed(
                            tower,
                            inputs.of(
                                    images,
                                    (_, patches) -> IntStream.range(0, patches).toArray())))
                    .containsExactly(whole, within(1e-5f));
            PatchDropout half = new PatchDropout(0.5f);
            List<TensorData> seen = inputs.of(images, half.at(1, 2));
            assertThat(seen).hasSize(VisionInputs.count(config, half));
            assertThat(embed(tower, seen)).isNotEqualTo(whole);
            assertThat(flops(tower, seen)).isLessThan(flops(tower, inputs.of(images)) * 11 / 20);
        }
    }

    /** Rows of patches that are not seen are left out of a batch of images in their own proportions. */
    @Test
    void imagesInTheirOwnProportionsAreSeenInPart() {
        VisionConfig config = VisionConfig.naFlex(4, 4, 16, 32, 1, 2, Activation.GELU_TANH);
        Preprocessing preprocessing = Preprocessing.naFlex(4, PatchLimits.of(16));
        List<RgbImage> images = List.of(picture(16, 12, 1), picture(8, 16, 2), picture(16, 16, 3));
        VisionInputs inputs = new VisionInputs(config, preprocessing, Arena.ofAuto());
        List<float[]> all =
                inputs.of(images).stream().limit(2).map(TensorData::toFloats).toList();
        int[] offsets = {0, 12, 20, 36};
        PatchDropout.Choice choice = Objects.requireNonNull(new PatchDropout(0.5f).at(3, 4));
        List<TensorData> seen = inputs.of(images, choice);
        assertThat(seen.get(2).toInts()).containsExactly(0, 6, 10, 18);
        assertThat(seen.get(3).toInts()).containsExactly(0, 6, 10);
        int row = 0;
        for (int image = 0; image < images.size(); image++) {
            for (int patch : choice.of(image, offsets[image + 1] - offsets[image])) {
                for (int part = 0; part < 2; part++) {
                    int width = seen.get(part).shape().dim(1);
                    int from = (offsets[image] + patch) * width;
                    assertThat(Arrays.copyOfRange(seen.get(part).toFloats(), row * width, (row + 1) * width))
                            .containsExactly(Arrays.copyOfRange(all.get(part), from, from + width));
                }
                row++;
            }
        }
        assertThat(row).isEqualTo(18);
    }

    private static List<RgbImage> pictures(int width, int height) {
        return List.of(picture(width, height, 1), picture(width, height, 2));
    }

    private static RgbImage picture(int width, int height, long seed) {
        byte[] pixels = new byte[3 * width * height];
        new Random(seed).nextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    private static float[] embed(VisionTower tower, List<TensorData> inputs) {
        return tower.embed(variables(inputs)).evaluate().toFloats();
    }

    private static long flops(VisionTower tower, List<TensorData> inputs) {
        try (Program program = Program.compile(List.of(tower.embed(variables(inputs))), Execution.cpu())) {
            return program.flops();
        }
    }

    private static List<Tensor> variables(List<TensorData> values) {
        return values.stream().map(value -> Tensor.variable("input", value)).toList();
    }
}

package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.image.Frame;
import io.llm2clip.image.PatchLimits;
import io.llm2clip.image.PillowResize;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Images in their own proportions, against the reference: sizes and pixels to the bit, what a tower makes of them to rounding. */
class NaFlexTest {
    @TempDir
    private Path directory;

    private static JsonNode golden(String name) throws IOException {
        return JsonMapper.shared().readTree(Files.readAllBytes(Golden.path("naflex/" + name + ".json")));
    }

    /** Of all pairs of sides from 1 to 50,000. */
    @Test
    void sizesAreTheReferences() throws IOException {
        JsonNode golden = golden("sizes");
        int[] sides =
                golden.path("sides").valueStream().mapToInt(JsonNode::asInt).toArray();
        for (Map.Entry<String, JsonNode> each : golden.path("grids").properties()) {
            String[] key = each.getKey().split("/");
            int patch = Integer.parseInt(key[0]);
            Frame frame = new Frame.Patches(patch, PatchLimits.of(Integer.parseInt(key[1])));
            for (int i = 0; i < sides.length * sides.length; i++) {
                PillowResize.Window window = frame.window(sides[i % sides.length], sides[i / sides.length]);
                JsonNode expected = each.getValue().get(i);
                assertThat(List.of(window.rows() / patch, window.columns() / patch))
                        .as("%s of %d x %d", each.getKey(), sides[i % sides.length], sides[i / sides.length])
                        .containsExactly(
                                expected.get(0).asInt(), expected.get(1).asInt());
            }
        }
        for (int i = 0; i < sides.length * sides.length; i++) {
            assertThat(PatchLimits.FG_CLIP_2.of(sides[i % sides.length], sides[i / sides.length], 16))
                    .isEqualTo(golden.path("fgClip2").get(i).asInt());
        }
    }

    @Test
    void pixelsAreTheReferencesToTheBit() throws IOException {
        for (JsonNode each : golden("pixels").valueStream().toList()) {
            int limit = each.path("limit").asInt();
            Preprocessing preprocessing =
                    Preprocessing.naFlex(16, limit == 0 ? PatchLimits.FG_CLIP_2 : PatchLimits.of(limit));
            RgbImage image =
                    picture(each.path("width").asInt(), each.path("height").asInt());
            RgbImage resized = preprocessing.resized(image);
            assertThat(resized.height()).isEqualTo(16 * each.path("rows").asInt());
            assertThat(resized.width()).isEqualTo(16 * each.path("columns").asInt());
            assertThat(sha256(preprocessing.apply(image)))
                    .as(each.toString())
                    .isEqualTo(each.path("sha256").asString());
        }
    }

    private static RgbImage picture(int width, int height) {
        byte[] pixels = new byte[3 * width * height];
        for (int i = 0; i < width * height; i++) {
            int x = i % width;
            int y = i / width;
            pixels[3 * i] = (byte) (x * 7 + y);
            pixels[3 * i + 1] = (byte) (y * 5 + (x & y));
            pixels[3 * i + 2] = (byte) (x * y >> 2);
        }
        return new RgbImage(width, height, pixels);
    }

    private static String sha256(float[] values) {
        ByteBuffer bytes = ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes.array()));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    /** A model's files and what the reference computes with it of patches that follow from their names. */
    private ReferenceTower tower() throws IOException {
        ReferenceTower reference = new ReferenceTower(golden("tower"));
        reference.write(directory.resolve("model.safetensors"), StoredType.F32);
        Files.writeString(
                directory.resolve("config.json"),
                Objects.requireNonNull(reference.expected().getFirst().config()));
        return reference;
    }

    private static List<Tensor> inputs(VisionConfig config, List<int[]> grids) {
        int size = 3 * config.patchSize() * config.patchSize();
        int[] offsets = new int[grids.size() + 1];
        for (int b = 0; b < grids.size(); b++) {
            offsets[b + 1] = offsets[b] + grids.get(b)[0] * grids.get(b)[1];
        }
        // As many rows as there are patches: the last image ends where the batch does.
        int rows = offsets[grids.size()];
        float[] patches = new float[rows * size];
        TensorData positions = TensorData.allocate(Shape.of(rows, config.tokens()), DType.F32);
        for (int b = 0; b < grids.size(); b++) {
            int[] grid = grids.get(b);
            float[] own =
                    ReferenceTower.values("patches%dx%d".formatted(grid[0], grid[1]), grid[0] * grid[1] * size, 0, 2);
            System.arraycopy(own, 0, patches, offsets[b] * size, own.length);
            new PatchPositions(config.gridSide(), grid[0], grid[1]).write(positions.segment(), offsets[b]);
        }
        return List.of(
                Tensor.variable("patches", TensorData.of(Shape.of(rows, size), patches)),
                Tensor.variable("positions", positions),
                Tensor.variable("offsets", TensorData.ofInts(Shape.of(offsets.length), offsets)),
                Tensor.variable(
                        "firsts", TensorData.ofInts(Shape.of(grids.size()), Arrays.copyOf(offsets, grids.size()))));
    }

    private static List<int[]> grids(ReferenceTower.Expected expected) {
        return List.of(DualFixture.ids(expected.node().path("grids")));
    }

    @Test
    void embeddingsBlocksAndGradientsEqualTheReferences() throws IOException {
        ReferenceTower reference = tower();
        ReferenceTower.Expected expected = reference.expected().getFirst();
        try (Parameters parameters = Parameters.trained()) {
            VisionTower tower = VisionTower.open(parameters, directory);
            List<int[]> grids = grids(expected);
            List<Tensor> inputs = inputs(tower.config(), grids);
            List<Tensor> states = tower.states(inputs);
            assertThat(states).hasSameSizeAs(expected.states());
            for (int i = 0; i < states.size(); i++) {
                float[] first = Arrays.copyOf(
                        states.get(i).evaluate().toFloats(), expected.states().get(i).length);
                Golden.assertClose(first, expected.states().get(i), "block " + i);
            }
            Tensor embedding = tower.embed(inputs);
            Golden.assertClose(embedding.evaluate().toFloats(), expected.embedding(), "embedding");
            float[] direction =
                    ReferenceTower.values("direction", embedding.shape().size(), 0, 1);
            Tensor loss = embedding
                    .mul(Tensor.variable("direction", TensorData.of(embedding.shape(), direction)))
                    .sum();
            StoredLayout.Found names = VisionLayout.SIGLIP.stored().usual();
            Map<String, float[]> gradients = expected.gradients();
            List<String> seen = new ArrayList<>();
            for (Parameter parameter : tower.parameters()) {
                String stored = names.place(parameter.name()).tensor();
                if (gradients.containsKey(stored) && !stored.contains("in_proj")) {
                    float[] computed = Gradients.of(loss, List.of(parameter.tensor()))
                            .getFirst()
                            .evaluate()
                            .toFloats();
                    Golden.assertGradientClose(computed, gradients.get(stored), stored);
                    seen.add(stored);
                }
            }
            assertThat(seen).hasSize(gradients.size() - 1);
            List<Tensor> bias = List.of("q", "k", "v").stream()
                    .map(part -> parameters
                            .get("vision_model.head.attention." + part + "_proj.bias")
                            .tensor())
                    .toList();
            Tensor fused = Tensor.concat(0, Gradients.of(loss, bias));
            Golden.assertGradientClose(
                    fused.evaluate().toFloats(), gradients.get("vision_model.head.attention.in_proj_bias"), "in_proj");
        }
    }

    /** Its file alone says what it is: sizes whose heads are known. */
    @Test
    void publishedModelsAreKnownByTheirTensors() throws IOException {
        for (JsonNode model : golden("published").valueStream().toList()) {
            Map<String, List<Long>> shapes = VisionInferenceTest.shapes(model);
            VisionLayout.Found found = VisionLayout.find(shapes.keySet()).orElseThrow();
            VisionConfig config =
                    new VisionInference(found.layout(), new StoredShapes(Path.of("m"), found.names(), shapes)).infer();
            boolean fgClip2 = model.path("name").asString().contains("fg-clip2");
            assertThat(config.architecture()).isEqualTo(VisionConfig.Architecture.NAFLEX);
            assertThat(config.layers()).isEqualTo(model.path("layers").asInt());
            assertThat(config.heads()).isEqualTo(model.path("heads").asInt());
            assertThat(config.patchSize()).isEqualTo(16);
            assertThat(config.gridSide()).isEqualTo(16);
            assertThat(config.activation()).isEqualTo(Activation.GELU_TANH);
            assertThat(config.patchLimits()).contains(fgClip2 ? PatchLimits.FG_CLIP_2 : PatchLimits.of(256));
            try (Parameters parameters = Parameters.trained()) {
                VisionTower.create(parameters, config);
                assertThat(parameters.count())
                        .isEqualTo(model.path("visionParameters").asLong());
                for (Parameter parameter : parameters.all()) {
                    assertThat(shapes)
                            .containsKey(found.names().place(parameter.name()).tensor());
                }
            }
            TextLayout.Found text = TextLayout.find(shapes.keySet()).orElseThrow();
            StoredShapes stored = new StoredShapes(Path.of("m"), text.names(), shapes);
            TextTowerSizes sizes = new TextInference(stored, Optional.of(Activation.GELU_TANH)).siglip();
            try (Parameters parameters = Parameters.trained()) {
                TextTower tower = fgClip2
                        ? FgClip2TextTower.create(parameters, FgClip2TextTower.Config.infer(sizes, stored), 0)
                        : SiglipTextTower.create(parameters, sizes, 0);
                assertThat(tower.window()).isEqualTo(fgClip2 ? 196 : 64);
                assertThat(parameters.count())
                        .isEqualTo(model.path("textParameters").asLong());
                for (Parameter parameter : parameters.all()) {
                    assertThat(shapes)
                            .containsKey(text.names().place(parameter.name()).tensor());
                }
            }
            for (String tensor : shapes.keySet()) {
                assertThat(Arrays.stream(CheckpointPart.values()).anyMatch(part -> part.isPartOf(tensor)))
                        .as(tensor)
                        .isTrue();
            }
        }
    }

    @Test
    void limitsThatAreNoneAreRefused() {
        for (List<Integer> steps :
                List.of(List.<Integer>of(), List.of(0), List.of(4, 4), List.of(9, 4), List.of(70_000))) {
            assertThatThrownBy(() -> new PatchLimits(steps))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Maximum numbers of patches %s; expected ascending ones of 1 to 65,536, such as 256."
                            .formatted(steps));
        }
    }

    /** A batch reads memory that one before it has filled. */
    @Test
    void inputsOfASmallerBatchHoldNothingOfALargerOne() {
        VisionConfig config = VisionConfig.naFlex(3, 4, 8, 16, 1, 2, Activation.GELU_TANH);
        Preprocessing preprocessing = Preprocessing.naFlex(4, PatchLimits.of(20));
        RgbImage large = preprocessing.resized(picture(40, 30));
        RgbImage small = preprocessing.resized(picture(90, 5));
        try (Arena arena = Arena.ofShared()) {
            VisionInputs used = new VisionInputs(config, preprocessing, arena);
            used.of(List.of(large, large, large));
            List<TensorData> again = used.of(List.of(small));
            List<TensorData> fresh = new VisionInputs(config, preprocessing, arena).of(List.of(small));
            for (int i = 0; i < 2; i++) {
                assertThat(again.get(i).toFloats()).isEqualTo(fresh.get(i).toFloats());
            }
            assertThat(again.get(0).shape().dim(0)).isEqualTo(24);
        }
        assertThatThrownBy(() -> new VisionInputs(config, Preprocessing.siglip2(12), Arena.global()))
                .hasMessage(
                        "The images are prepared for 12 x 12 pixels, the vision tower has patches of 4; use the preprocessing of the tower.");
    }
}

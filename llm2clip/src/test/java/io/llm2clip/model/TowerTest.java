package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Towers and adapter against PyTorch. */
class TowerTest {
    private static final UnaryOperator<String> SAME = UnaryOperator.identity();

    private static VisionConfig clip(VisionConfig.Pooling pooling) {
        return new VisionConfig(
                VisionConfig.Architecture.CLIP, 24, 8, 32, 48, 2, 4, 12, Activation.QUICK_GELU, pooling, 1e-5f);
    }

    @Test
    void clipVisionMatchesHuggingFace() {
        try (Golden golden = Golden.open("clip-vision");
                Parameters parameters = Parameters.trained()) {
            VisionTower tower = VisionTower.create(parameters, clip(VisionConfig.Pooling.CLASS_TOKEN));
            golden.fill(tower.parameters(), SAME);
            Tensor embedding = tower.embed(golden.floats("pixels"));
            golden.assertEqual(embedding, "golden.embedding");
            golden.assertGradients(embedding, tower.parameters(), SAME);
        }
    }

    @Test
    void meanPoolingMatchesTheMeanOfNormalisedTokens() {
        try (Golden golden = Golden.open("clip-vision");
                Parameters parameters = Parameters.trained()) {
            VisionTower tower = VisionTower.create(parameters, clip(VisionConfig.Pooling.MEAN));
            golden.fill(tower.parameters(), SAME);
            golden.assertEqual(tower.embed(golden.floats("pixels")), "golden.mean");
        }
    }

    @Test
    void eva02MatchesTheSpecifiedForwardPass() {
        VisionConfig config = new VisionConfig(
                VisionConfig.Architecture.EVA02,
                12,
                4,
                32,
                40,
                2,
                4,
                12,
                Activation.SILU,
                VisionConfig.Pooling.CLASS_TOKEN,
                1e-6f);
        try (Golden golden = Golden.open("eva02");
                Parameters parameters = Parameters.trained()) {
            VisionTower tower = VisionTower.create(parameters, config);
            golden.fill(tower.parameters(), SAME);
            Tensor embedding = tower.embed(golden.floats("pixels"));
            golden.assertEqual(embedding, "golden.embedding");
            golden.assertGradients(embedding, tower.parameters(), SAME);
        }
    }

    @Test
    void textAdapterMatchesWithAndWithoutInputNormalisation() {
        try (Golden golden = Golden.open("text-adapter");
                Parameters parameters = Parameters.trained();
                Parameters others = Parameters.trained()) {
            TextAdapter adapter = TextAdapter.create(parameters, new TextAdapter.Config(20, 12, true));
            golden.fill(adapter.parameters(), SAME);
            Tensor embedding = adapter.apply(golden.floats("captions"));
            golden.assertEqual(embedding, "golden.embedding");
            golden.assertGradients(embedding, adapter.parameters(), SAME);
            TextAdapter plain = TextAdapter.create(others, new TextAdapter.Config(20, 12, false));
            golden.fill(plain.parameters(), SAME);
            golden.assertEqual(plain.apply(golden.floats("captions")), "golden.unnormalized");
        }
    }

    @Test
    void identityAdapterOnlyNormalisesAndProjects() {
        try (Parameters parameters = new Parameters(4)) {
            TextAdapter adapter = TextAdapter.createIdentity(parameters, new TextAdapter.Config(6, 3, true));
            Tensor captions = Tensor.variable("captions", TensorData.of(Shape.of(1, 6), 1, -2, 3, 0.5f, 0, 2));
            Tensor expected = captions.l2Normalize()
                    .layerNorm(
                            parameters.get("text_adapter.adaptor.4.weight").tensor(),
                            parameters.get("text_adapter.adaptor.4.bias").tensor(),
                            1e-5f)
                    .matmulTransposed(
                            parameters.get("text_adapter.adaptor.5.weight").tensor())
                    .add(parameters.get("text_adapter.adaptor.5.bias").tensor());
            Golden.assertClose(
                    adapter.apply(captions).evaluate().toFloats(),
                    expected.evaluate().toFloats(),
                    "projection");
        }
    }

    @Test
    void clipTextMatchesHuggingFace() {
        ClipTextTower.Config config = new ClipTextTower.Config(
                new TextTowerSizes(50, 9, 32, 48, 2, 4, 12, Activation.GELU, 1e-5f), new EndToken.Last());
        try (Golden golden = Golden.open("clip-text");
                Parameters parameters = Parameters.trained()) {
            ClipTextTower tower = ClipTextTower.create(parameters, config);
            golden.fill(tower.parameters(), SAME);
            Tensor embedding = tower.embed(golden.ints("ids"), golden.ints("lengths"));
            golden.assertEqual(embedding, "golden.embedding");
            golden.assertGradients(embedding, tower.parameters(), SAME);
        }
    }

    /** A tower of the first block alone, so that a failure names the block that differs. */
    @Test
    void theFirstBlockOfClipTextMatchesHuggingFace() {
        ClipTextTower.Config config = new ClipTextTower.Config(
                new TextTowerSizes(50, 9, 32, 48, 1, 4, 12, Activation.GELU, 1e-5f), new EndToken.Last());
        try (Golden golden = Golden.open("clip-text");
                Parameters parameters = Parameters.trained()) {
            ClipTextTower tower = ClipTextTower.create(parameters, config);
            golden.fill(tower.parameters(), SAME);
            golden.assertEqual(tower.embed(golden.ints("ids"), golden.ints("lengths")), "golden.block.0");
        }
    }

    @Test
    void clipTextRefusesRowsBeyondItsWindow() {
        try (Parameters parameters = new Parameters(5)) {
            ClipTextTower tower = ClipTextTower.create(parameters, ClipTextTower.Config.miniature(64, 32, 16));
            Tensor ids = Tensor.input("ids", Shape.of(1, 33), DType.I32);
            Tensor lengths = Tensor.input("lengths", Shape.of(1), DType.I32);
            assertThatThrownBy(() -> tower.embed(ids, lengths))
                    .hasMessage(
                            "Rows of 33 tokens for a text tower with a window of 32; cut them, keeping the end token.");
        }
    }

    @Test
    void visionRefusesPixelsOfAnotherSize() {
        try (Parameters parameters = new Parameters(6)) {
            VisionTower tower = VisionTower.create(parameters, VisionConfig.miniature());
            Tensor pixels = Tensor.input("pixels", Shape.of(2, 3, 32, 32), DType.F32);
            assertThatThrownBy(() -> tower.embed(pixels))
                    .hasMessageContaining("Pixels of shape [2, 3, 32, 32]")
                    .hasMessageContaining("[batch, 3, 64, 64]");
            assertThat(tower.config().tokens()).isEqualTo(17);
        }
    }

    @Test
    void publishedSizesHaveThePublishedParameterCounts() {
        assertThat(count(VisionConfig.openAi(224, 16, 768, 12, 1280))).isEqualTo(85_799_424 + 983_040);
        assertThat(count(VisionConfig.eva02(224, 16, 768, 12, 1280))).isEqualTo(86_853_632);
        try (Parameters parameters = Parameters.trained()) {
            TextAdapter adapter = TextAdapter.create(parameters, new TextAdapter.Config(2048, 1280, true));
            assertThat(adapter.config().captionSize()).isEqualTo(2048);
            assertThat(parameters.count()).isEqualTo(69_776_640);
        }
    }

    private static long count(VisionConfig config) {
        try (Parameters parameters = Parameters.trained()) {
            VisionTower tower = VisionTower.create(parameters, config);
            assertThat(tower.parameters()).isEqualTo(parameters.all());
            return parameters.count();
        }
    }
}

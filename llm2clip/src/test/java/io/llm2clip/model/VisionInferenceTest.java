package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.StoredPlace;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What towers are is told by the tensors of published models, as the references' code creates them. */
class VisionInferenceTest {
    private static final Path SOURCE = Path.of("weights.pt");

    static Stream<JsonNode> published() throws IOException {
        return JsonMapper.shared()
                .readTree(Files.readAllBytes(Golden.path("vision/published.json")))
                .valueStream();
    }

    static Map<String, List<Long>> shapes(JsonNode model) {
        Map<String, List<Long>> shapes = new TreeMap<>();
        for (Map.Entry<String, JsonNode> tensor : model.path("tensors").properties()) {
            List<Long> shape =
                    tensor.getValue().valueStream().map(JsonNode::asLong).toList();
            int layers = tensor.getKey().contains("*") ? model.path("layers").asInt() : 1;
            for (int layer = 0; layer < layers; layer++) {
                shapes.put(tensor.getKey().replace("*", Integer.toString(layer)), shape);
            }
        }
        return shapes;
    }

    private static VisionConfig infer(Map<String, List<Long>> shapes) {
        VisionLayout.Found found = VisionLayout.find(shapes.keySet()).orElseThrow();
        return new VisionInference(found.layout(), new StoredShapes(SOURCE, found.names(), shapes)).infer();
    }

    @ParameterizedTest
    @MethodSource("published")
    void publishedTowersAreKnownByTheirTensors(JsonNode model) {
        Map<String, List<Long>> shapes = shapes(model);
        VisionConfig config = infer(shapes);
        assertThat(config.heads()).isEqualTo(model.path("heads").asInt());
        assertThat(config.layers()).isEqualTo(model.path("layers").asInt());
        assertThat(config.imageSize()).isEqualTo(model.path("imageSize").asInt());
        assertThat(config.activation().name())
                .isEqualTo(model.path("activation").asString());
        assertThat(config.layerNormEpsilon())
                .isEqualTo((float) model.path("epsilon").asDouble());
        VisionLayout.Found found = VisionLayout.find(shapes.keySet()).orElseThrow();
        Set<String> left = new HashSet<>(shapes.keySet());
        try (Parameters parameters = Parameters.trained()) {
            VisionTower.create(parameters, config);
            assertThat(parameters.count()).isEqualTo(model.path("parameters").asLong());
            for (Parameter parameter : parameters.all()) {
                StoredPlace place = found.names().place(parameter.name());
                assertThat(shapes).containsKey(place.tensor());
                left.remove(place.tensor());
            }
        }
        assertThat(left).allMatch(tensor -> CheckpointPart.VISION.leavesOver(found.names(), tensor));
    }

    private static Map<String, List<Long>> shapes(String name) throws IOException {
        JsonNode model = published()
                .filter(candidate -> candidate.path("name").asString().equals(name))
                .findFirst()
                .orElseThrow();
        return new HashMap<>(shapes(model));
    }

    @Test
    void theArchitecturesOfEvaAreToldApart() throws IOException {
        assertThat(infer(shapes("EVA01-CLIP-g-14")).architecture()).isEqualTo(VisionConfig.Architecture.EVA01);
        assertThat(infer(shapes("EVA01-CLIP-B-16")).architecture()).isEqualTo(VisionConfig.Architecture.EVA01_B);
        assertThat(infer(shapes("EVA02-CLIP-L-14-336"))).isEqualTo(VisionConfig.eva02(336, 14, 1024, 24, 768));
        assertThat(infer(shapes("EVA02-CLIP-bigE-14")).architecture()).isEqualTo(VisionConfig.Architecture.EVA02_E);
    }

    @Test
    void whatShapesDoNotTellIsRefused() throws IOException {
        Map<String, List<Long>> other = shapes("EVA01-CLIP-g-14");
        other.replaceAll((_, shape) -> shape.stream()
                .map(size -> size == 1408 ? Long.valueOf(1024) : size)
                .toList());
        assertThatThrownBy(() -> infer(other))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "weights.pt: expected a config.json beside it that tells whether its branches are normalized before or after they "
                                + "are computed, which an EVA tower of 1024 channels does not tell; fetch or write one.");
        Map<String, List<Long>> odd = shapes("openai/ViT-B-16");
        odd.replaceAll((_, shape) -> shape.stream()
                .map(size -> size == 768 ? Long.valueOf(100) : size)
                .toList());
        assertThatThrownBy(() -> infer(odd))
                .hasMessageContaining("tells its heads, whose number 100 channels do not tell");
    }

    @Test
    void strangeShapesAreNamedAsTheyAreStored() throws IOException {
        refused(
                "visual.positional_embedding",
                List.of(198L, 768L),
                "expected 768 channels for each patch of a square grid and for a class token, found shape [198, 768]");
        refused("visual.positional_embedding", List.of(768L), "found shape [768]");
        refused(
                "visual.conv1.weight",
                List.of(768L, 3L, 16L, 14L),
                "expected [channels, 3, patch, patch], found shape [768, 3, 16, 14]");
        refused("visual.conv1.weight", List.of(768L, 1L, 16L, 16L), "expected [channels, 3, patch, patch]");
        refused("visual.conv1.weight", List.of(), "expected a positive size in dimension 0, found shape []");
        refused("visual.conv1.weight", List.of(0L, 3L, 16L, 16L), "expected a positive size in dimension 0");
        refused("visual.proj", List.of(), "found shape []");
        refused("visual.proj", null, "weights.pt: expected a tensor 'visual.proj', found 151 others");
        refused(
                "visual.transformer.resblocks.0.ln_1.weight",
                null,
                "expected a tensor 'visual.transformer.resblocks.0.ln_1.weight'");
    }

    private static void refused(String tensor, @Nullable List<Long> shape, String message) throws IOException {
        Map<String, List<Long>> shapes = shapes("openai/ViT-B-16");
        if (shape == null) {
            shapes.remove(tensor);
        } else {
            shapes.put(tensor, shape);
        }
        assertThatThrownBy(() -> infer(shapes))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("'" + tensor + "'")
                .hasMessageContaining(message);
    }
}

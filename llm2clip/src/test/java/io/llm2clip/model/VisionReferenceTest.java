package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checkpoints as others name and shape their tensors give what the others' code gives. */
class VisionReferenceTest {
    private static final double TOLERANCE = 1e-5;
    private static final double GRADIENTS = 1e-4;

    @TempDir
    private Path directory;

    @ParameterizedTest
    @ValueSource(
            strings = {
                "clip-hf",
                "clip-openai",
                "siglip-hf",
                "siglip-timm",
                "eva02-llm2clip",
                "eva02-original",
                "eva02-timm",
                "eva01",
                "eva01-b",
                "eva02-e"
            })
    void embeddingsEqualTheReferences(String name) throws IOException {
        ReferenceTower reference = ReferenceTower.read(name);
        Path file = directory.resolve("model.safetensors");
        reference.write(file, StoredType.F32);
        for (ReferenceTower.Expected expected : reference.expected()) {
            Path config = directory.resolve("config.json");
            Files.deleteIfExists(config);
            if (expected.config() != null) {
                Files.writeString(config, expected.config());
            }
            try (Parameters parameters = Parameters.frozen()) {
                VisionTower tower =
                        VisionTower.open(parameters, expected.config() == null ? file : directory, expected.options());
                assertEqual(tower, expected);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "clip-hf",
                "clip-openai",
                "siglip-hf",
                "siglip-timm",
                "eva02-original",
                "eva01",
                "eva01-b",
                "eva02-e"
            })
    void gradientsEqualTheReferences(String name) throws IOException {
        ReferenceTower reference = ReferenceTower.read(name);
        Path file = directory.resolve("model.safetensors");
        reference.write(file, StoredType.F32);
        for (ReferenceTower.Expected expected : reference.expected()) {
            Map<String, float[]> gradients = expected.gradients();
            if (gradients.isEmpty()) {
                continue;
            }
            if (expected.config() != null) {
                Files.writeString(directory.resolve("config.json"), expected.config());
            }
            try (Parameters parameters = Parameters.trained()) {
                VisionTower tower = VisionTower.open(parameters, file, expected.options());
                StoredLayout.Found names = VisionLayout.find(
                                reference.tensors(StoredType.F32).keySet())
                        .orElseThrow()
                        .names();
                Tensor embedding = tower.embed(pixels(expected));
                float[] direction =
                        ReferenceTower.values("direction", embedding.shape().size(), 0, 1);
                Tensor loss = embedding
                        .mul(Tensor.variable("direction", TensorData.of(embedding.shape(), direction)))
                        .sum();
                List<Parameter> compared = tower.parameters().stream()
                        .filter(parameter -> gradients.containsKey(
                                names.place(parameter.name()).tensor()))
                        .toList();
                assertThat(compared).hasSameSizeAs(gradients.keySet());
                List<Tensor> computed = Gradients.of(
                        loss, compared.stream().map(Parameter::tensor).toList());
                for (int i = 0; i < compared.size(); i++) {
                    String stored = names.place(compared.get(i).name()).tensor();
                    assertClose(computed.get(i).evaluate().toFloats(), gradients.get(stored), GRADIENTS, stored);
                }
            }
        }
    }

    /** What fails first names the block that differs. */
    @ParameterizedTest
    @ValueSource(strings = {"clip-hf", "siglip-hf", "eva02-original", "eva01", "eva01-b", "eva02-e"})
    void eachBlockGivesWhatTheReferencesDoes(String name) throws IOException {
        ReferenceTower reference = ReferenceTower.read(name);
        Path file = directory.resolve("model.safetensors");
        reference.write(file, StoredType.F32);
        ReferenceTower.Expected expected = reference.expected().getFirst();
        if (expected.config() != null) {
            Files.writeString(directory.resolve("config.json"), expected.config());
        }
        try (Parameters parameters = Parameters.frozen()) {
            VisionTower tower =
                    VisionTower.open(parameters, expected.config() == null ? file : directory, expected.options());
            List<Tensor> states = tower.states(pixels(expected));
            assertThat(states)
                    .hasSameSizeAs(expected.states())
                    .hasSize(1 + tower.config().layers());
            for (int i = 0; i < states.size(); i++) {
                assertClose(
                        states.get(i).slice(0, 0, 1).evaluate().toFloats(),
                        expected.states().get(i),
                        TOLERANCE,
                        i == 0 ? "what enters the first block" : "what block " + (i - 1) + " gives");
            }
        }
    }

    private static void assertEqual(VisionTower tower, ReferenceTower.Expected expected) {
        float[] embedding = tower.embed(pixels(expected)).evaluate().toFloats();
        assertClose(
                embedding, expected.embedding(), TOLERANCE, expected.options().toString());
    }

    private static void assertClose(float[] actual, float[] expected, double tolerance, String what) {
        float scale = 0;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        assertThat(scale).as("magnitude of %s", what).isPositive();
        assertThat(actual).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i] / (double) scale)
                    .as("element %d of %s", i, what)
                    .isCloseTo(expected[i] / (double) scale, within(tolerance));
        }
    }

    private static Tensor pixels(ReferenceTower.Expected expected) {
        Shape shape = Shape.of(expected.batch(), 3, expected.side(), expected.side());
        return Tensor.variable("pixels", TensorData.of(shape, expected.pixels()));
    }

    /** Frozen matrices keep the file's type and place, rows of a fused tensor too; what is transposed is copied in its type. */
    @ParameterizedTest
    @ValueSource(strings = {"clip-openai", "siglip-timm", "eva01-b"})
    void halvesStayHalves(String name) throws IOException {
        ReferenceTower reference = ReferenceTower.read(name);
        Path file = directory.resolve("model.safetensors");
        reference.write(file, StoredType.F16);
        ReferenceTower.Expected expected = reference.expected().getFirst();
        if (expected.config() != null) {
            Files.writeString(directory.resolve("config.json"), expected.config());
        }
        try (Parameters parameters = Parameters.frozen()) {
            VisionTower tower = VisionTower.open(parameters, file);
            for (Parameter parameter : tower.parameters()) {
                if (parameter.name().endsWith("_proj.weight")) {
                    assertThat(parameter.data().dtype()).as(parameter.name()).isEqualTo(DType.F16);
                    assertThat(parameter.data().readOnly().isMapped())
                            .as(parameter.name())
                            .isTrue();
                }
            }
            assertEqual(tower, expected);
        }
    }

    /** SigLIP is written as Hugging Face has it, head and all; what is read from that is the same. */
    @ParameterizedTest
    @ValueSource(strings = {"siglip-timm", "clip-openai", "eva02-original"})
    void aTowerThatIsSavedGivesTheSame(String name) {
        ReferenceTower reference = ReferenceTower.read(name);
        Path file = directory.resolve("published.safetensors");
        reference.write(file, StoredType.F32);
        Path saved = directory.resolve("model.safetensors");
        try (Parameters parameters = Parameters.frozen()) {
            VisionTower tower = VisionTower.open(parameters, file);
            tower.config().write(directory.resolve("config.json"));
            ParameterFiles.save(tower.parameters(), tower.layout().stored().usual(), saved, Map.of());
        }
        try (Parameters parameters = Parameters.frozen()) {
            assertEqual(
                    VisionTower.open(parameters, saved), reference.expected().getFirst());
        }
    }

    /** So Hugging Face's library opens what is saved: the same names, shapes and values as its own. */
    @ParameterizedTest
    @ValueSource(strings = {"siglip-hf", "clip-hf"})
    void whatIsSavedIsWhatHuggingFaceHas(String name) throws IOException {
        ReferenceTower reference = ReferenceTower.read(name);
        Path saved = directory.resolve("saved.safetensors");
        reference.write(directory.resolve("model.safetensors"), StoredType.F32);
        Files.writeString(
                directory.resolve("config.json"),
                Objects.requireNonNull(reference.expected().getFirst().config()));
        try (Parameters parameters = Parameters.frozen()) {
            VisionTower tower = VisionTower.open(parameters, directory);
            ParameterFiles.save(tower.parameters(), tower.layout().stored().usual(), saved, Map.of());
        }
        Map<String, StoredTensor> tower = reference.tensors(StoredType.F32);
        tower.keySet().removeIf(tensor -> !tensor.startsWith("vis") || tensor.endsWith("position_ids"));
        try (Checkpoint source = Checkpoint.open(saved)) {
            assertThat(source.entries().keySet()).containsExactlyInAnyOrderElementsOf(tower.keySet());
            tower.forEach((tensor, stored) -> {
                assertThat(source.tensor(tensor).shape()).as(tensor).isEqualTo(stored.shape());
                assertThat(source.readFloats(tensor)).as(tensor).isEqualTo(stored.toFloats());
            });
        }
    }

    /** Rows of a fused tensor, and a transposed one, are quantized as those of tensors of their own. */
    @ParameterizedTest
    @ValueSource(strings = {"siglip-timm", "clip-openai"})
    void partsAreQuantizedAsWholeTensorsAre(String name) {
        ReferenceTower reference = ReferenceTower.read(name);
        Path file = directory.resolve("published.safetensors");
        reference.write(file, StoredType.F16);
        Path saved = directory.resolve("model.safetensors");
        try (Parameters stored = Parameters.frozen();
                Parameters published = Parameters.frozen(WeightFormat.INT8, Device.cpu());
                Parameters own = Parameters.frozen(WeightFormat.INT8, Device.cpu())) {
            VisionTower tower = VisionTower.open(stored, file);
            tower.config().write(directory.resolve("config.json"));
            ParameterFiles.save(tower.parameters(), saved, Map.of());
            VisionTower parts = VisionTower.open(published, file);
            VisionTower whole = VisionTower.create(own, tower.config());
            try (Checkpoint source = Checkpoint.open(saved)) {
                ParameterFiles.load(whole.parameters(), source);
            }
            assertThat(published
                            .get("vision_model.encoder.layers.1.self_attn.v_proj.weight")
                            .data()
                            .dtype())
                    .isEqualTo(DType.Q8);
            assertThat(published.digest()).isEqualTo(own.digest());
            assertThat(parts.config()).isEqualTo(whole.config());
        }
    }

    /** Where training would go on from: the same values, in f32 of its own. */
    @Test
    void trainedTowersTakeFusedAndTransposedValues() {
        ReferenceTower reference = ReferenceTower.read("clip-openai");
        Path file = directory.resolve("ViT.safetensors");
        reference.write(file, StoredType.F16);
        try (Parameters parameters = Parameters.trained()) {
            VisionTower tower = VisionTower.open(parameters, file);
            assertThat(tower.config().heads()).isEqualTo(2);
            float[] stored =
                    reference.tensors(StoredType.F32).get("visual.proj").toFloats();
            float[] projection =
                    parameters.get("visual_projection.weight").data().toFloats();
            assertThat(projection[1]).isEqualTo(stored[tower.config().projectionSize()]);
            assertEqual(tower, reference.expected().getFirst());
        }
    }
}

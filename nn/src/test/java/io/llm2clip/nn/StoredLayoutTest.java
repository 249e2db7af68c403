package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.Shape;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StoredLayoutTest {
    /** Grouped heads: queries have more rows than keys and values. */
    private static final StoredLayout LAYOUT = StoredLayout.builder("tower.", "visual.trunk.", "")
            .marked("start", "blocks.0.qkv.weight")
            .renamed("first", "start")
            .fused("blocks.*.qkv.weight", "layers.*.q.weight", "layers.*.k.weight", "layers.*.v.weight")
            .renamed("layers.*.norm", "blocks.*.ln")
            .transposed("projection", "proj")
            .reshaped("positions", "pos")
            .build();

    @TempDir
    private Path directory;

    private static Parameters model(Parameters owner) {
        Scope root = owner.root().scope("tower");
        root.create("first", Shape.of(2), Initializer.zeros());
        for (int layer = 0; layer < 11; layer += 10) {
            Scope block = root.scope("layers").scope(layer);
            block.scope("q").matrix("weight", Shape.of(2, 2), Initializer.zeros());
            block.scope("k").matrix("weight", Shape.of(1, 2), Initializer.zeros());
            block.scope("v").matrix("weight", Shape.of(1, 2), Initializer.zeros());
            block.scope("norm").create("weight", Shape.of(2), Initializer.zeros());
        }
        root.matrix("projection", Shape.of(3, 2), Initializer.zeros());
        root.create("positions", Shape.of(2, 2), Initializer.zeros());
        owner.root().create("scale", Shape.SCALAR, Initializer.zeros());
        return owner;
    }

    private static Map<String, StoredTensor> tensors(String container, String root) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        String prefix = container + root;
        tensors.put(prefix + "start", StoredTensor.of(new float[] {1, 2}, 2));
        for (int layer = 0; layer < 11; layer += 10) {
            float[] rows = new float[8];
            for (int i = 0; i < 8; i++) {
                rows[i] = 10 * layer + i;
            }
            tensors.put(prefix + "blocks." + layer + ".qkv.weight", StoredTensor.of(rows, 4, 2));
            tensors.put(prefix + "blocks." + layer + ".ln.weight", StoredTensor.of(new float[] {layer, 4}, 2));
        }
        tensors.put(prefix + "proj", StoredTensor.of(new float[] {1, 2, 3, 4, 5, 6}, 2, 3));
        tensors.put(prefix + "pos", StoredTensor.of(new float[] {1, 2, 3, 4}, 1, 2, 2));
        tensors.put(container + "scale", StoredTensor.of(new float[] {7}));
        return tensors;
    }

    private Path write(Map<String, StoredTensor> tensors) {
        Path file = directory.resolve("a.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        return file;
    }

    private static void load(Parameters parameters, Path file) {
        try (Checkpoint source = Checkpoint.open(file)) {
            ParameterFiles.load(
                    parameters.all(),
                    source,
                    LAYOUT.find(source.entries().keySet()).orElseThrow(),
                    Map.of(),
                    _ -> false);
        }
    }

    private static float[] values(Parameters parameters, String name) {
        return parameters.get(name).data().toFloats();
    }

    @ParameterizedTest
    @CsvSource({"'',visual.trunk.", "'',''", "module.,visual.trunk.", "state_dict.module.,''", "model.,visual.trunk."})
    void valuesComeFromWhereTheLayoutHasThem(String container, String root) {
        Path file = write(tensors(container, root));
        try (Parameters trained = model(Parameters.trained());
                Parameters frozen = model(Parameters.frozen())) {
            for (Parameters parameters : List.of(trained, frozen)) {
                load(parameters, file);
                assertThat(values(parameters, "tower.first")).containsExactly(1, 2);
                assertThat(values(parameters, "tower.layers.0.q.weight")).containsExactly(0, 1, 2, 3);
                assertThat(values(parameters, "tower.layers.10.q.weight")).containsExactly(100, 101, 102, 103);
                assertThat(values(parameters, "tower.layers.10.k.weight")).containsExactly(104, 105);
                assertThat(values(parameters, "tower.layers.10.v.weight")).containsExactly(106, 107);
                assertThat(values(parameters, "tower.layers.10.norm.weight")).containsExactly(10, 4);
                assertThat(values(parameters, "tower.projection")).containsExactly(1, 4, 2, 5, 3, 6);
                assertThat(values(parameters, "tower.positions")).containsExactly(1, 2, 3, 4);
                assertThat(values(parameters, "scale")).containsExactly(7);
            }
            assertThat(frozen.get("tower.layers.10.v.weight").data().readOnly().isMapped())
                    .isTrue();
            assertThat(frozen.get("tower.projection").data().readOnly().isMapped())
                    .isFalse();
        }
    }

    @Test
    void anotherCheckpointIsNotOfThisLayout() {
        assertThat(LAYOUT.find(Set.of("visual.start", "visual.blocks.0.qkv.weight")))
                .isEmpty();
        assertThat(LAYOUT.find(Set.of("start"))).isEmpty();
        assertThat(LAYOUT.find(Set.of("start", "visual.trunk.blocks.0.qkv.weight")))
                .isEmpty();
        assertThat(LAYOUT.find(Set.of("restart", "blocks.0.qkv.weight"))).isEmpty();
    }

    @Test
    void whatDoesNotFitIsNamedAsItIsStored() {
        refused(
                "visual.trunk.blocks.10.qkv.weight",
                StoredTensor.of(new float[6], 3, 2),
                "tensor 'visual.trunk.blocks.10.qkv.weight': expected shape [4, 2] of parameters 'tower.layers.10.q.weight', "
                        + "'tower.layers.10.k.weight', 'tower.layers.10.v.weight', found [3, 2]");
        refused(
                "visual.trunk.proj",
                StoredTensor.of(new float[6], 3, 2),
                "tensor 'visual.trunk.proj': expected shape [2, 3] of parameter 'tower.projection', found [3, 2]");
        refused(
                "visual.trunk.pos",
                StoredTensor.of(new float[4], 1, 4),
                "tensor 'visual.trunk.pos': expected shape [2, 2] of parameter 'tower.positions', found [1, 4]");
        refused(
                "visual.trunk.blocks.10.ln.weight",
                null,
                "expected a tensor 'visual.trunk.blocks.10.ln.weight', found ");
        refused(
                "visual.trunk.blocks.11.ln.weight",
                StoredTensor.of(new float[2], 2),
                "tensor 'visual.trunk.blocks.11.ln.weight': expected one of the model's 12 parameters");
    }

    private void refused(String name, @Nullable StoredTensor tensor, String message) {
        Map<String, StoredTensor> tensors = tensors("", "visual.trunk.");
        if (tensor == null) {
            tensors.remove(name);
        } else {
            tensors.put(name, tensor);
        }
        Path file = write(tensors);
        try (Parameters parameters = model(Parameters.frozen())) {
            assertThatThrownBy(() -> load(parameters, file))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(file.toString())
                    .hasMessageContaining(message);
            assertThat(parameters.all()).noneMatch(Parameter::hasValues);
        }
    }

    @Test
    void tensorsOfAnotherSizeAreAdaptedBeforeTheyMustFit() {
        Map<String, StoredTensor> tensors = tensors("", "");
        tensors.put("pos", StoredTensor.of(new float[] {5, 6}, 1, 1, 2));
        Path file = write(tensors);
        UnaryOperator<StoredTensor> twice = stored -> {
            float[] values = stored.toFloats();
            return StoredTensor.of(new float[] {values[0], values[1], values[0], values[1]}, 1, 2, 2);
        };
        try (Parameters parameters = model(Parameters.frozen());
                Checkpoint source = Checkpoint.open(file)) {
            StoredLayout.Found found = LAYOUT.find(source.entries().keySet()).orElseThrow();
            ParameterFiles.load(parameters.all(), source, found, Map.of("tower.positions", twice), _ -> false);
            assertThat(values(parameters, "tower.positions")).containsExactly(5, 6, 5, 6);
        }
    }

    /** Of several types f32 holds all; parts of one type keep it. */
    @Test
    void parametersAreWrittenTogether() {
        StoredLayout joined = StoredLayout.builder("", "")
                .fused("qkv", "q.weight", "k.weight")
                .build();
        Path file = directory.resolve("joined.safetensors");
        try (Parameters parameters = new Parameters(0)) {
            parameters.root().scope("k").matrix("weight", Shape.of(1, 2), Initializer.constant(3));
            parameters.root().scope("q").matrix("weight", Shape.of(2, 2), Initializer.constant(4));
            parameters.root().create("b", Shape.of(1), Initializer.constant(5));
            ParameterFiles.save(parameters.all(), joined.usual(), file, Map.of());
            List<Parameter> lacking = parameters.all().subList(0, 1);
            assertThatThrownBy(() -> ParameterFiles.save(lacking, joined.usual(), file, Map.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "Tensor 'qkv' holds parameter 'q.weight', which is not among the given 1; give all that it holds.");
        }
        try (Checkpoint source = Checkpoint.open(file)) {
            assertThat(source.entries()).containsOnlyKeys("qkv", "b");
            assertThat(source.tensor("qkv").shape()).containsExactly(3L, 2L);
            assertThat(source.readFloats("qkv")).containsExactly(4, 4, 4, 4, 3, 3);
        }
    }

    @Test
    void layoutsThatTurnParametersAreOnlyRead() {
        try (Parameters parameters = model(new Parameters(0))) {
            assertThatThrownBy(() -> ParameterFiles.save(
                            parameters.all(), LAYOUT.usual(), directory.resolve("x.safetensors"), Map.of()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("Tensor 'visual.trunk.proj' holds parameter 'tower.projection' transposed");
        }
    }
}

package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ParameterFilesTest {
    @TempDir
    private Path directory;

    private static Parameters model(long seed) {
        Parameters parameters = new Parameters(seed);
        Linear.create(parameters.root().scope("fc"), 3, 2, true);
        parameters.root().create("scale", Shape.SCALAR, Initializer.constant(seed));
        return parameters;
    }

    private Path write(Map<String, StoredTensor> tensors) {
        Path file = directory.resolve("model.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        return file;
    }

    @Test
    void savedParametersAreLoadedAgain() {
        Path file = directory.resolve("model.safetensors");
        try (Parameters saved = model(1);
                Parameters loaded = model(2)) {
            ParameterFiles.save(saved.all(), file, Map.of("epoch", "3"));
            try (Checkpoint source = Checkpoint.open(file)) {
                assertThat(source.metadata()).containsEntry("epoch", "3");
                ParameterFiles.load(loaded.all(), source);
            }
            for (Parameter parameter : saved.all()) {
                assertThat(loaded.get(parameter.name()).data().toFloats())
                        .containsExactly(parameter.data().toFloats());
            }
        }
    }

    @Test
    void halvesBecomeFloatsUnderMappedNames() {
        Path file = write(Map.of(
                "model.a", halves(StoredType.BF16, 0x3F80, 0xC000),
                "model.b", halves(StoredType.F16, 0x3C00, 0xC000),
                "model.position_ids", halves(StoredType.F16, 0)));
        try (Parameters parameters = Parameters.trained();
                Checkpoint source = Checkpoint.open(file)) {
            Parameter a = parameters.root().create("a", Shape.of(2), Initializer.ones());
            Parameter b = parameters.root().create("b", Shape.of(2), Initializer.ones());
            ParameterFiles.load(parameters.all(), source, name -> "model." + name, "model.position_ids"::equals);
            assertThat(a.data().toFloats()).containsExactly(1, -2);
            assertThat(b.data().toFloats()).containsExactly(1, -2);
        }
    }

    /** What the engine casts is what the file's types of the same names are. */
    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void castTensorsAreStoredAndLoaded(DType type) {
        // One, a third, the least and the greatest of f16, and half way to what would be the next.
        float[] values = {1, -1f / 3, 0x1p-24f, 65504, 65520};
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(5), values));
        TensorData cast = x.cast(type).evaluate();
        Path file = write(Map.of("a", new StoredTensor(StoredType.valueOf(type.name()), List.of(5L), cast.readOnly())));
        try (Parameters parameters = Parameters.trained();
                Checkpoint source = Checkpoint.open(file)) {
            Parameter a = parameters.root().create("a", Shape.of(5), Initializer.ones());
            ParameterFiles.load(parameters.all(), source);
            assertThat(a.data().toFloats())
                    .containsExactly(
                            type == DType.F16
                                    ? new float[] {1, -0x1.554p-2f, 0x1p-24f, 65504, Float.POSITIVE_INFINITY}
                                    : new float[] {1, -0x1.56p-2f, 0x1p-24f, 65536, 65536});
        }
    }

    private static StoredTensor halves(StoredType type, int... bits) {
        ByteBuffer buffer = ByteBuffer.allocate(2 * bits.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int half : bits) {
            buffer.putShort((short) half);
        }
        return new StoredTensor(type, List.of((long) bits.length), MemorySegment.ofArray(buffer.array()));
    }

    @Test
    void whatDoesNotFitIsAnErrorAndChangesNothing() {
        StoredTensor weight = StoredTensor.of(new float[6], 2, 3);
        StoredTensor bias = StoredTensor.of(new float[2], 2);
        StoredTensor scale = StoredTensor.of(new float[1]);
        refused(Map.of("fc.weight", weight, "fc.bias", bias), "expected a tensor 'scale', found 2 others");
        refused(
                Map.of("fc.weight", weight, "fc.bias", bias, "scale", scale, "fc.extra", bias),
                "tensor 'fc.extra': expected one of the model's 3 parameters, found one it has not; "
                        + "check that configuration and checkpoint are of the same model.");
        refused(
                Map.of("fc.weight", StoredTensor.of(new float[6], 3, 2), "fc.bias", bias, "scale", scale),
                "tensor 'fc.weight': expected shape [2, 3] of parameter 'fc.weight', found [3, 2]; "
                        + "check that the checkpoint fits the model's configuration.");
        StoredTensor integers = new StoredTensor(StoredType.I32, List.of(2L), MemorySegment.ofArray(new byte[8]));
        refused(
                Map.of("fc.weight", weight, "fc.bias", integers, "scale", scale),
                "tensor 'fc.bias': expected elements of type F32, F16 or BF16, found I32; convert the checkpoint.");
    }

    /** It may be one that the model would need. */
    @Test
    void whatCannotBeReadIsNoLessLeftOver() throws URISyntaxException {
        Path file = Path.of(Objects.requireNonNull(getClass().getResource("checkpoint/torch/unreadable.pt"))
                .toURI());
        try (Parameters parameters = Parameters.trained();
                Checkpoint source = Checkpoint.open(file)) {
            Parameter w = parameters.root().create("w", Shape.of(2), Initializer.ones());
            assertThatThrownBy(() -> ParameterFiles.load(parameters.all(), source))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("tensor 'complex': expected one of the model's 1 parameters");
            ParameterFiles.load(parameters.all(), source, UnaryOperator.identity(), source.unreadable()::containsKey);
            assertThat(w.data().toFloats()).containsExactly(0, 1);
        }
    }

    private void refused(Map<String, StoredTensor> tensors, String message) {
        Path file = write(tensors);
        try (Parameters parameters = model(4);
                Checkpoint source = Checkpoint.open(file)) {
            float[] before = parameters.get("fc.weight").data().toFloats();
            assertThatThrownBy(
                            () -> ParameterFiles.load(parameters.all(), source, UnaryOperator.identity(), _ -> false))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(file.toString())
                    .hasMessageContaining(message);
            assertThat(parameters.get("fc.weight").data().toFloats()).containsExactly(before);
        }
    }
}

package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Reads what the reference implementation wrote. {@code every-type.safetensors} is the work of safetensors 0.8.0:
 * {@code save_file({"bool": torch.tensor([True, False, True]), ..., "f32": torch.arange(6.0).reshape(2, 3) / 3, "scalar":
 * torch.tensor(2.6592), "empty": torch.zeros(0, 4)}, path, metadata={"format": "pt"})}.
 */
class SafetensorsTest {
    @TempDir
    private Path directory;

    private Path everyType;

    @BeforeEach
    void copyGolden() throws IOException {
        everyType = directory.resolve("every-type.safetensors");
        try (var golden = SafetensorsTest.class.getResourceAsStream("every-type.safetensors")) {
            Files.copy(golden, everyType);
        }
    }

    @Test
    void readsEveryTypeThatTheReferenceWrites() {
        try (Checkpoint file = Checkpoint.open(everyType)) {
            assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
            assertThat(file.entries())
                    .containsOnlyKeys(
                            "bool", "u8", "i8", "i16", "i32", "i64", "f16", "bf16", "f32", "f64", "scalar", "empty");
            assertThat(file.tensor("bool").data().toArray(ValueLayout.JAVA_BYTE))
                    .containsExactly(1, 0, 1);
            assertThat(file.tensor("u8").data().toArray(ValueLayout.JAVA_BYTE)).containsExactly(0, -1);
            assertThat(file.tensor("i8").data().toArray(ValueLayout.JAVA_BYTE)).containsExactly(-128, 127, 1);
            assertThat(file.tensor("i64").shape()).containsExactly(2L, 1L);
            assertThat(file.tensor("i64")
                            .data()
                            .get(ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 8))
                    .isEqualTo(Long.MAX_VALUE);
            assertThat(file.tensor("f64")
                            .data()
                            .get(ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0))
                    .isEqualTo(1.0 / 3.0);
        }
    }

    @Test
    void closingTwiceIsClosingOnce() {
        Checkpoint file = Checkpoint.open(everyType);
        file.close();
        file.close();
        assertThat(file.entries()).isNotEmpty();
    }

    @Test
    void convertsFloatsExactly() {
        try (Checkpoint file = Checkpoint.open(everyType)) {
            assertThat(file.readFloats("f32")).containsExactly(0f, 1f / 3, 2f / 3, 1f, 4f / 3, 5f / 3);
            assertThat(file.readFloats("f16")).containsExactly(1.5f, -65504f, 0x1p-24f, Float.POSITIVE_INFINITY);
            assertThat(file.readFloats("bf16")).containsExactly(1f, -2.5f, 0x1.fep127f, 0x1p-133f);
            assertThat(file.readFloats("scalar")).containsExactly(2.6592f);
            assertThat(file.tensor("scalar").shape()).isEmpty();
            assertThat(file.readFloats("empty")).isEmpty();
            assertThat(file.tensor("empty").shape()).containsExactly(0L, 4L);
        }
    }

    @Test
    void writesTheSameBytesAsTheReference() throws IOException {
        Path copy = directory.resolve("copy.safetensors");
        try (Checkpoint file = Checkpoint.open(everyType)) {
            SafetensorsWriter.write(copy, file.entries(), Map.of());
        }
        assertThat(copy).hasSameBinaryContentAs(everyType);
    }

    @Test
    void refusesToReadOtherTypesAsFloats() {
        try (Checkpoint file = Checkpoint.open(everyType)) {
            assertThatThrownBy(() -> file.readFloats("i32"))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(
                            everyType
                                    + ": tensor 'i32': Expected elements of type F32, F16 or BF16, found I32; read its data segment instead.");
        }
    }

    @Test
    void namesTheNearestTensorWhenOneIsMissing() {
        try (Checkpoint file = Checkpoint.open(everyType)) {
            assertThatThrownBy(() -> file.tensor("model.f32"))
                    .hasMessage(
                            everyType
                                    + ": expected a tensor 'model.f32', found 12 others (one is 'f32'); check that the checkpoint fits the model.");
        }
    }

    @Test
    void segmentsEndWithTheCheckpoint() {
        Checkpoint file = Checkpoint.open(everyType);
        StoredTensor tensor = file.tensor("f32");
        file.close();
        assertThatThrownBy(tensor::toFloats).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void aTensorHoldsItsShapeAgainstItsData() {
        StoredTensor tensor = StoredTensor.of(new float[] {1, 2, 3}, 3);
        assertThatThrownBy(() -> new StoredTensor(StoredType.F32, List.of(4L), tensor.data()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A tensor of type F32 and shape [4] takes 16 bytes, but its data has 12.");
        assertThatThrownBy(() -> new StoredTensor(StoredType.F32, List.of(-3L), tensor.data()))
                .hasMessage("A dimension is at least 0, found shape [-3].");
    }
}

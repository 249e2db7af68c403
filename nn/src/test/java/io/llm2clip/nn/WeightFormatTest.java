package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.reference.StoredElements;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.URISyntaxException;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that are rounded to blocks of integers when they are loaded. */
class WeightFormatTest {
    private static final int WIDTH = 320;

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void write() {
        file = directory.resolve("model.safetensors");
        try (Parameters parameters = declare(new Parameters(5))) {
            ParameterFiles.save(parameters.all(), file, Map.of());
        }
    }

    private static Parameters declare(Parameters parameters) {
        Linear.create(parameters.root().scope("fc"), WIDTH, 1000, true);
        Linear.create(parameters.root().scope("odd"), 33, 2, false);
        Embedding.create(parameters.root().scope("table"), 4, WIDTH, Initializer.normal(1));
        return parameters;
    }

    private Parameters load(Parameters parameters) {
        declare(parameters);
        try (Checkpoint source = Checkpoint.open(file)) {
            ParameterFiles.load(parameters.all(), source);
        }
        return parameters;
    }

    private static float[] output(Parameters parameters) {
        Tensor rows = parameters
                .get("table.weight")
                .tensor()
                .gather(Tensor.variable("i", TensorData.ofInts(Shape.of(2), 2, 1)));
        return rows.matmulTransposed(parameters.get("fc.weight").tensor())
                .evaluate()
                .toFloats();
    }

    @ParameterizedTest
    @CsvSource({"INT8, Q8, 0.9999", "INT4, Q4_1, 0.99"})
    void whatLinearLayersReadIsQuantized(WeightFormat format, DType type, double similar) {
        long before = EngineMemory.liveBytes();
        try (Parameters stored = load(Parameters.frozen());
                Parameters quantized = load(Parameters.frozen(format, Device.cpu()))) {
            assertThat(quantized.get("fc.weight").data().dtype()).isEqualTo(type);
            for (String as : new String[] {"odd.weight", "table.weight", "fc.bias"}) {
                assertThat(quantized.get(as).data().dtype()).as(as).isEqualTo(DType.F32);
            }
            long biases = 2 * 1000 * Float.BYTES;
            // Panels of 16 rows of the weight.
            assertThat(EngineMemory.liveBytes() - before).isEqualTo(type.bytes(1008L * WIDTH) + biases);
            assertThat(RoundingError.of(output(quantized), output(stored)).cosine())
                    .isBetween(similar, 0.9999999);
            assertThat(quantized.digest()).isNotEqualTo(stored.digest());
            assertThatThrownBy(() -> ParameterFiles.save(quantized.all(), directory.resolve("q"), Map.of()))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("Saving parameter fc.weight [1000, 320] of " + type
                            + ": expected weights as they were stored, found rounded ones;"
                            + " load the model with WeightFormat.STORED.");
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Blocks that there are kernels for are used where they lie in a GGUF file; others, and embeddings, are expanded. */
    @ParameterizedTest
    @CsvSource({
        "q8_0, STORED, Q8, true",
        "q4_0, STORED, Q4, true",
        "q4_1, STORED, Q4_1, true",
        "q4_k, STORED, F32, false",
        "q6_k, STORED, F32, false",
        "f16, STORED, F16, true",
        "q8_0, INT4, Q4_1, false",
        "q4_0, INT4, Q4, true",
        "q4_1, INT4, Q4_1, true",
        "q4_1, INT8, Q4_1, true",
        "q4_k, INT4, Q4_1, false",
        "q6_k, INT8, Q8, false"
    })
    void quantizedFilesAreRead(String name, WeightFormat format, DType type, boolean inPlace)
            throws URISyntaxException {
        Path gguf = Path.of(Objects.requireNonNull(getClass().getResource("checkpoint/gguf/every-type.gguf"))
                .toURI());
        try (Parameters frozen = Parameters.frozen(format, Device.cpu());
                Parameters trained = Parameters.trained();
                Checkpoint source = Checkpoint.open(gguf)) {
            float[] values = source.readFloats(name);
            for (Parameters parameters : List.of(frozen, trained)) {
                int width = values.length / 3;
                Linear.create(parameters.root().scope("fc"), width, 3, false);
                Embedding.create(parameters.root().scope("table"), 3, width, Initializer.normal(1));
                ParameterFiles.load(parameters.all(), source, _ -> name, _ -> true);
            }
            TensorData weight = frozen.get("fc.weight").data();
            assertThat(weight.dtype()).isEqualTo(type);
            assertThat(weight.readOnly().isMapped()).isEqualTo(inPlace);
            DType table = frozen.get("table.weight").data().dtype();
            assertThat(table).isEqualTo(name.equals("f16") ? DType.F16 : DType.F32);
            assertThat(trained.get("fc.weight").data().toFloats()).isEqualTo(values);
            assertThat(frozen.get("table.weight").expanded().toFloats()).isEqualTo(values);
            if (format == WeightFormat.STORED) {
                assertThat(frozen.get("fc.weight").expanded().toFloats()).isEqualTo(values);
                assertThat(output(frozen)).containsExactly(output(trained), within(1e-3f));
            } else {
                assertThat(RoundingError.of(output(frozen), output(trained)).cosine())
                        .isGreaterThan(0.98);
            }
            Path saved = directory.resolve("saved");
            if (format == WeightFormat.STORED || inPlace) {
                ParameterFiles.save(frozen.all(), saved, Map.of());
                try (Checkpoint again = Checkpoint.open(saved)) {
                    assertThat(again.readFloats("fc.weight")).isEqualTo(values);
                    assertThat(again.tensor("fc.weight").type())
                            .isEqualTo(name.equals("f16") ? StoredType.F16 : StoredType.F32);
                }
            } else {
                assertThatThrownBy(() -> ParameterFiles.save(frozen.all(), saved, Map.of()))
                        .isInstanceOf(IllegalStateException.class)
                        .hasMessageEndingWith(
                                "of " + type
                                        + ": expected weights as they were stored, found rounded ones; load the model with WeightFormat.STORED.");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"INT8", "INT4"})
    void lowRankUpdatesAreMergedIntoQuantizedWeights(WeightFormat format) {
        try (Parameters parameters = Parameters.frozen(format, Device.cpu());
                Parameters updates = new Parameters(2)) {
            Linear linear = Linear.create(parameters.root().scope("fc"), WIDTH, 1000, true);
            try (Checkpoint source = Checkpoint.open(file)) {
                ParameterFiles.load(parameters.all(), source, name -> name, _ -> true);
            }
            Lora lora = Lora.attach(updates.root(), linear, LoraSettings.of(2, 4));
            lora.b().fill(i -> 0.01f * (i % 5));
            Tensor x = Tensor.variable("x", TensorData.of(Shape.of(1, WIDTH), ones()));
            float[] updated = linear.apply(x).evaluate().toFloats();
            linear.merge();
            assertThat(linear.weight().data().dtype()).isEqualTo(DType.F32);
            assertThat(linear.apply(x).evaluate().toFloats()).containsExactly(updated, within(1e-4f));
        }
    }

    private static float[] ones() {
        float[] ones = new float[WIDTH];
        Arrays.fill(ones, 1);
        return ones;
    }

    @ParameterizedTest
    @CsvSource({"Q8, 127", "Q4_1, 15"})
    void elementsAreRoundedToTheNearestStep(DType format, int steps) {
        CounterRandom random = new CounterRandom(4);
        float[] values = new float[32 * 50];
        for (int i = 0; i < values.length; i++) {
            // The first block is zeros.
            values[i] = i < 32 ? 0 : (float) random.normal(i / 32, i) * (1 + i / 32);
        }
        MemorySegment blocks = MemorySegment.ofArray(new byte[(int) format.bytes(values.length)]);
        Quantization.quantize(values, format, ByteOrder.nativeOrder(), blocks);
        StoredElements stored = new StoredElements(format, blocks);
        for (int first = 0; first < values.length; first += 32) {
            float least = values[first];
            float greatest = values[first];
            for (int i = first; i < first + 32; i++) {
                least = Math.min(least, values[i]);
                greatest = Math.max(greatest, values[i]);
            }
            float largest = Math.max(-least, greatest);
            float range = format.hasMinimum() ? greatest - least : largest;
            for (int i = first; i < first + 32; i++) {
                // Half a step, and the own rounding of the scale and of the minimum.
                float error = 0.51f * range / steps + (range + largest) * 0x1p-11f;
                assertThat(stored.get(i)).as("element " + i).isCloseTo(values[i], within(error));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4_1"})
    void whatIsNotANumberIsNotLost(DType format) {
        for (float odd : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            float[] values = new float[32];
            values[7] = odd;
            values[8] = 1;
            MemorySegment block = MemorySegment.ofArray(new byte[(int) format.bytes(32)]);
            Quantization.quantize(values, format, ByteOrder.nativeOrder(), block);
            assertThat(Float.isFinite(new StoredElements(format, block).get(7))).isFalse();
        }
    }

    /** Embeddings too; biases and norms are f32 in any format. */
    @ParameterizedTest
    @CsvSource({"F32, F32", "BF16, BF16"})
    void weightsAreKeptInTheDenseFormatThatWasChosen(WeightFormat format, DType type) {
        for (String file : new String[] {"f32", "bf16"}) {
            try (Parameters stored = file.equals("f32") ? load(Parameters.frozen()) : loadBfloat16();
                    Parameters chosen =
                            file.equals("f32") ? load(Parameters.frozen(format, Device.cpu())) : loadBfloat16(format)) {
                for (String name : new String[] {"fc.weight", "odd.weight", "table.weight"}) {
                    assertThat(chosen.get(name).data().dtype()).as(name).isEqualTo(type);
                }
                assertThat(chosen.get("fc.bias").data().dtype()).isEqualTo(DType.F32);
                boolean exact = type == DType.F32 || file.equals("bf16");
                float[] values = stored.get("fc.weight").expanded().toFloats();
                float[] kept = chosen.get("fc.weight").expanded().toFloats();
                assertThat(Arrays.equals(kept, values)).isEqualTo(exact);
                for (int i = 0; i < values.length; i++) {
                    // Half a unit in the last of 8 bits of mantissa.
                    assertThat(Math.abs(kept[i] - values[i])).isLessThanOrEqualTo(Math.abs(values[i]) * 0x1p-8f);
                }
                assertThat(RoundingError.of(output(chosen), output(stored)).cosine())
                        .isGreaterThan(exact ? 0.99999999 : 0.99999);
                if (exact) {
                    ParameterFiles.save(chosen.all(), directory.resolve("saved"), Map.of());
                } else {
                    assertThatThrownBy(() -> ParameterFiles.save(chosen.all(), directory.resolve("saved"), Map.of()))
                            .hasMessageContaining("expected weights as they were stored, found rounded ones");
                }
            }
        }
    }

    private Parameters loadBfloat16() {
        return loadBfloat16(WeightFormat.STORED);
    }

    /** From a file whose matrices are bf16 already. */
    private Parameters loadBfloat16(WeightFormat format) {
        Path half = directory.resolve("half.safetensors");
        Map<String, StoredTensor> tensors = new TreeMap<>();
        try (Checkpoint source = Checkpoint.open(file)) {
            for (String name : source.entries().keySet()) {
                float[] floats = source.readFloats(name);
                MemorySegment halves = Arena.ofAuto().allocate(Short.BYTES * (long) floats.length, 2);
                Elements.round(floats, DType.BF16, ByteOrder.nativeOrder(), halves);
                tensors.put(
                        name,
                        new StoredTensor(StoredType.BF16, source.tensor(name).shape(), halves));
            }
        }
        SafetensorsWriter.write(half, tensors, Map.of());
        Parameters parameters = declare(Parameters.frozen(format, Device.cpu()));
        try (Checkpoint source = Checkpoint.open(half)) {
            ParameterFiles.load(parameters.all(), source);
        }
        return parameters;
    }

    @Test
    void bfloat16RoundsToNearestEven() {
        float[] values = {1, 1 + 0x1p-8f, 1 + 3 * 0x1p-8f, 1 + 0x1.8p-8f, -0.0f, Float.MAX_VALUE, Float.NaN, -3e-39f};
        MemorySegment halves = Arena.ofAuto().allocate(2 * values.length, 2);
        Elements.round(values, DType.BF16, ByteOrder.nativeOrder(), halves);
        StoredElements stored = new StoredElements(DType.BF16, halves);
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = stored.get(i);
        }
        assertThat(rounded)
                .containsExactly(
                        1, 1, 1 + 0x1p-6f, 1 + 0x1p-7f, -0.0f, Float.POSITIVE_INFINITY, Float.NaN, -33 * 0x1p-133f);
    }

    @Test
    void aFormatThatTheDeviceHasNotIsRefused() {
        assertThatThrownBy(() -> WeightFormat.INT8.requireAmong(Set.of(DType.F32)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Weights in int8: expected a format that the device multiplies by, one of [F32];"
                        + " choose one of these or leave the weights as they are stored.");
        WeightFormat.STORED.requireAmong(Set.of(DType.F32));
        WeightFormat.F32.requireAmong(Set.of(DType.F32));
    }

    /** How a matrix of a linear layer came to be in memory. */
    enum Way {
        INT8,
        INT4,
        BF16,
        WIDENED,
        FILLED,
        MERGED
    }

    private Parameters of(Way way) {
        return switch (way) {
            case INT8 -> load(Parameters.frozen(WeightFormat.INT8, Device.cpu()));
            case INT4 -> load(Parameters.frozen(WeightFormat.INT4, Device.cpu()));
            case BF16 -> load(Parameters.frozen(WeightFormat.BF16, Device.cpu()));
            case WIDENED -> loadBfloat16(WeightFormat.F32);
            case FILLED -> {
                Parameters parameters = declare(Parameters.frozen());
                parameters.all().forEach(parameter -> parameter.fill(i -> 0.125f * (i % 7 - 3)));
                yield parameters;
            }
            case MERGED -> {
                Parameters parameters = Parameters.frozen();
                Linear linear = Linear.create(parameters.root().scope("fc"), WIDTH, 1000, true);
                Linear.create(parameters.root().scope("odd"), 33, 2, false);
                Embedding.create(parameters.root().scope("table"), 4, WIDTH, Initializer.normal(1));
                try (Checkpoint source = Checkpoint.open(file);
                        Parameters updates = new Parameters(2)) {
                    ParameterFiles.load(parameters.all(), source);
                    Lora lora = Lora.attach(updates.root(), linear, LoraSettings.of(2, 4));
                    lora.b().fill(i -> 0.01f * (i % 5));
                    linear.merge();
                }
                yield parameters;
            }
        };
    }

    /** A weight that never changes is in memory once, packed, whatever is computed with it and whoever reads its rows meanwhile. */
    @ParameterizedTest
    @EnumSource
    void weightsAreInMemoryOnce(Way way) {
        long before = EngineMemory.liveBytes();
        try (Parameters weights = of(way)) {
            TensorData weight = weights.get("fc.weight").data();
            long loaded = EngineMemory.liveBytes() - before;
            long rows = weight.dtype().bytes(1000L * WIDTH);
            assertThat(loaded).isBetween(rows, rows + rows / 8 + 20_000);
            float[] output = output(weights);
            assertThat(weights.digest()).hasSize(64);
            float[] values = weights.get("fc.weight").expanded().toFloats();
            assertThat(EngineMemory.liveBytes() - before).as("after use").isEqualTo(loaded);
            // A program that needs rows has them made, and kept.
            float[] row = weights.get("fc.weight")
                    .tensor()
                    .gather(Tensor.variable("i", TensorData.ofInts(Shape.of(1), 999)))
                    .evaluate()
                    .toFloats();
            assertThat(row).containsExactly(Arrays.copyOfRange(values, 999 * WIDTH, 1000 * WIDTH));
            assertThat(EngineMemory.liveBytes() - before).as("with rows").isEqualTo(loaded + rows);
            assertThat(output(weights)).containsExactly(output);
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    @Test
    void trainedParametersAreNeverQuantized() {
        try (Parameters parameters = load(Parameters.trained())) {
            assertThat(parameters.all()).allMatch(parameter -> parameter.data().dtype() == DType.F32);
        }
    }
}

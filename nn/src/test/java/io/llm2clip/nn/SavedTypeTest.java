package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.nn.checkpoint.TensorContent;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights in files: in which types, in how many, and that what is read is what was written. */
class SavedTypeTest {
    @TempDir
    private Path directory;

    private static Saving in(SavedType type) {
        return Saving.DEFAULT.in(type);
    }

    private static Parameters model(Parameters parameters) {
        Linear.create(parameters.root().scope("fc"), 64, 6, true);
        Linear.create(parameters.root().scope("odd"), 33, 4, false);
        Embedding.create(parameters.root().scope("table"), 5, 32, Initializer.normal(1));
        parameters.root().create("scale", Shape.SCALAR, Initializer.constant(4.6052f));
        return parameters;
    }

    private Checkpoint written(Parameters parameters, Saving saving) {
        ParameterFiles.save(ParameterFiles.contents(parameters.all(), Map.of(), saving), directory, "model", saving);
        return Checkpoint.open(directory);
    }

    private static StoredType type(Checkpoint file, String name) {
        return file.tensor(name).type();
    }

    @ParameterizedTest
    @CsvSource({
        "STORED, F32, F32, F32, F32",
        "F32, F32, F32, F32, F32",
        "BF16, BF16, BF16, BF16, F32",
        "F16, F16, F16, F16, F32",
        "INT8, Q8_0, F32, F32, F32",
        "INT4, Q4_1, F32, F32, F32"
    })
    void typesAreThoseThatWereAskedFor(
            SavedType type, StoredType matrix, StoredType odd, StoredType table, StoredType scalar) {
        try (Parameters parameters = model(new Parameters(3));
                Checkpoint file = written(parameters, in(type))) {
            assertThat(type(file, "fc.weight")).isEqualTo(matrix);
            assertThat(type(file, "odd.weight")).isEqualTo(odd);
            assertThat(type(file, "table.weight")).isEqualTo(table);
            assertThat(type(file, "scale")).isEqualTo(scalar);
            assertThat(file.tensor("fc.weight").shape()).containsExactly(6L, 64L);
            assertThat(file.metadata()).containsOnly(Map.entry("format", "pt"));
            assertThat(file.readFloats("scale")).containsExactly(4.6052f);
            float[] exact = parameters.get("fc.weight").data().toFloats();
            float tolerance = switch (matrix) {
                case F32 -> 0;
                case BF16, Q8_0 -> 0x1p-9f;
                case F16 -> 0x1p-12f;
                default -> 0x1p-3f;
            };
            assertThat(file.readFloats("fc.weight")).containsExactly(exact, within(0.25f * tolerance));
        }
    }

    /** Ties go to the even one, what is too large is not silently infinite, and no NaN becomes a number. */
    @Test
    void roundsToTheNearest() {
        float[] values = {
            1, 1 + 0x1p-8f, 1 + 3 * 0x1p-8f, -0f, Float.MIN_VALUE, Float.NaN, Float.intBitsToFloat(0x7F800001)
        };
        try (Parameters parameters = new Parameters(1)) {
            Parameter a = parameters.root().create("a", Shape.of(values.length), Initializer.zeros());
            a.data().fill(values);
            try (Checkpoint file = written(parameters, in(SavedType.BF16))) {
                assertThat(file.readFloats("a")).containsExactly(1, 1, 1 + 4 * 0x1p-8f, -0f, 0, Float.NaN, Float.NaN);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({
        "F16, 70000, F16",
        "INT8, NaN, Q8_0",
        "INT4, Infinity, Q4_1",
        "INT8, 1e9, Q8_0",
        "BF16, 3.4028235e38, BF16"
    })
    void whatATypeCannotHoldIsRefused(SavedType type, float value, StoredType name) {
        try (Parameters parameters = new Parameters(1)) {
            Linear linear = Linear.create(parameters.root(), 32, 1, false);
            float[] values = new float[32];
            values[7] = value;
            linear.weight().data().fill(values);
            assertThatThrownBy(() -> written(parameters, in(type)))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(
                            "Tensor 'weight': parameter weight [1, 32] has the value %s, or one of the same block has, which %s cannot hold; write it as bf16 or f32.",
                            value, name);
            assertThat(directory).isEmptyDirectory();
        }
    }

    /** As the reference implementation of GGUF has the blocks, which both readers know. */
    @ParameterizedTest
    @CsvSource({"INT8, INT8, Q8", "INT4, INT4, Q4_1"})
    void blocksAreUsedWhereTheyLieInSafetensors(SavedType type, WeightFormat same, DType format) {
        try (Parameters parameters = model(new Parameters(3));
                Checkpoint file = written(parameters, in(type));
                Parameters read = model(Parameters.frozen());
                Parameters dense = model(Parameters.trained())) {
            ParameterFiles.load(read.all(), file);
            ParameterFiles.load(dense.all(), file);
            assertThat(read.get("fc.weight").data().dtype()).isEqualTo(format);
            assertThat(read.get("fc.weight").data().readOnly().isMapped()).isTrue();
            assertThat(dense.get("fc.weight").data().toFloats())
                    .containsExactly(read.get("fc.weight").expanded().toFloats());
            // What is quantized when it is loaded is the same.
            Path plain = directory.resolve("plain.safetensors");
            ParameterFiles.save(parameters.all(), plain, Map.of());
            try (Parameters quantized = model(Parameters.frozen(same, Device.cpu()));
                    Checkpoint source = Checkpoint.open(plain)) {
                ParameterFiles.load(quantized.all(), source);
                assertThat(quantized.digest()).isEqualTo(read.digest());
            }
        }
    }

    private static Path everyType() throws URISyntaxException {
        return Path.of(Objects.requireNonNull(SavedTypeTest.class.getResource("checkpoint/gguf/every-type.gguf"))
                .toURI());
    }

    /** Whatever the file has it in: it is never in memory, and saved from there as it would be when it is loaded. */
    @ParameterizedTest
    @ValueSource(strings = {"q8_0", "q4_0", "q4_1", "q4_k", "q6_k", "f16"})
    void whatStaysOnDiskIsSavedAsWhatIsLoaded(String name) throws URISyntaxException {
        long before = EngineMemory.liveBytes();
        try (Checkpoint source = Checkpoint.open(everyType());
                Parameters onDisk = Parameters.onDisk()) {
            float[] values = source.readFloats(name);
            Linear linear = Linear.create(onDisk.root(), values.length / 3, 3, false);
            ParameterFiles.load(onDisk.all(), source, _ -> name, _ -> true);
            source.close();
            assertThat(EngineMemory.liveBytes()).isEqualTo(before);
            assertThat(linear.weight().hasValues()).isTrue();
            assertThatThrownBy(() -> linear.weight().data())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("is left in its file; expected one that is loaded, to compute with");
            try (Checkpoint saved = written(onDisk, in(SavedType.STORED))) {
                assertThat(saved.readFloats("weight")).isEqualTo(values);
                assertThat(type(saved, "weight")).isEqualTo(name.equals("f16") ? StoredType.F16 : StoredType.F32);
            }
            if (name.equals("q8_0")) {
                try (Checkpoint saved = written(onDisk, in(SavedType.INT8));
                        Checkpoint again = Checkpoint.open(everyType())) {
                    assertThat(saved.tensor("weight")
                                    .data()
                                    .mismatch(again.tensor(name).data()))
                            .isEqualTo(-1);
                }
            }
        }
    }

    @Test
    void updatesAreAddedAsMergingAddsThem() {
        try (Parameters parameters = new Parameters(3);
                Parameters updates = new Parameters(4)) {
            // More than a thread's share, so that parts begin within a row.
            Linear linear = Linear.create(parameters.root(), 700, 400, false);
            Lora lora = Lora.attach(updates.root(), linear, LoraSettings.of(3, 6));
            lora.b().fill(i -> 0.01f * (i % 13 - 6));
            Map<String, TensorContent> contents = ParameterFiles.contents(
                    parameters.all(), Map.of(linear.weight(), List.of(lora)), in(SavedType.STORED));
            ParameterFiles.save(contents, directory, "model", Saving.DEFAULT);
            linear.merge();
            try (Checkpoint file = Checkpoint.open(directory)) {
                assertThat(file.readFloats("weight"))
                        .containsExactly(linear.weight().data().toFloats(), within(1e-6f));
            }
        }
    }

    @Test
    void tellsWhatRoundingChanged() {
        Map<String, RoundingError> errors = new ConcurrentHashMap<>();
        AtomicLong bytes = new AtomicLong();
        Saving saving = new Saving(SavedType.INT4, Saving.USUAL_SHARD, new Saving.Listener() {
            @Override
            public void written(long more) {
                bytes.addAndGet(more);
            }

            @Override
            public void rounded(String tensor, RoundingError error) {
                errors.merge(tensor, error, RoundingError::plus);
            }
        });
        try (Parameters parameters = model(new Parameters(3));
                Checkpoint file = written(parameters, saving)) {
            assertThat(errors).containsOnlyKeys("fc.weight");
            float[] exact = parameters.get("fc.weight").data().toFloats();
            float[] rounded = file.readFloats("fc.weight");
            double difference = 0;
            double size = 0;
            for (int i = 0; i < exact.length; i++) {
                double error = (double) exact[i] - rounded[i];
                difference += error * error;
                size += (double) exact[i] * exact[i];
            }
            RoundingError told = Objects.requireNonNull(errors.get("fc.weight"));
            assertThat(told.elements()).isEqualTo(exact.length);
            assertThat(told.relative())
                    .isCloseTo(Math.sqrt(difference / size), within(1e-12))
                    .isBetween(0.01, 0.15);
            assertThat(told.cosine()).isBetween(0.98, 0.9999);
            assertThat(bytes)
                    .hasValue(ParameterFiles.bytes(ParameterFiles.contents(parameters.all(), Map.of(), saving)));
        }
    }

    /** As transformers names and fills them; what is larger than a shard has one of its own. */
    @Test
    void largeFilesAreCutToShards() throws IOException {
        Saving saving = new Saving(SavedType.STORED, 700, new Saving.Listener() {});
        try (Parameters parameters = model(new Parameters(3));
                Checkpoint file = written(parameters, saving)) {
            try (Stream<Path> files = Files.list(directory)) {
                assertThat(files.map(path -> path.getFileName().toString()))
                        .containsExactlyInAnyOrder(
                                "model-00001-of-00003.safetensors",
                                "model-00002-of-00003.safetensors",
                                "model-00003-of-00003.safetensors",
                                "model.safetensors.index.json");
            }
            assertThat(directory.resolve("model.safetensors.index.json")).hasContent("""
                            {
                              "metadata" : {
                                "total_parameters" : 683,
                                "total_size" : 2732
                              },
                              "weight_map" : {
                                "fc.bias" : "model-00002-of-00003.safetensors",
                                "fc.weight" : "model-00001-of-00003.safetensors",
                                "odd.weight" : "model-00002-of-00003.safetensors",
                                "scale" : "model-00003-of-00003.safetensors",
                                "table.weight" : "model-00003-of-00003.safetensors"
                              }
                            }""");
            for (Parameter parameter : parameters.all()) {
                assertThat(file.readFloats(parameter.name()))
                        .containsExactly(parameter.data().toFloats());
            }
        }
        assertThatThrownBy(() -> new Saving(SavedType.F32, 0, new Saving.Listener() {}))
                .hasMessage("The size of a shard must be at least 1 byte, found 0.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "quantized:x|Q4_0|metadata 'quantized:x': expected the name of one of the 1 tensors, found none such",
                "quantized:a|Q3_K|tensor 'a': expected blocks of a type among [Q4_0, ",
                "quantized:a|Q8_0|tensor 'a': expected rows of Q8_0 as U8, in blocks of 34 bytes, found U8 of shape [2, 18]"
            })
    void damagedBlocksAreRefused(String key, String value, String message) {
        Path file = directory.resolve("blocks.safetensors");
        StoredTensor bytes = new StoredTensor(
                StoredType.U8, List.of(2L, 18L), java.lang.foreign.MemorySegment.ofArray(new byte[36]));
        SafetensorsWriter.write(file, Map.of("a", bytes), Map.of(key, value));
        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": " + message);
        SafetensorsWriter.write(file, Map.of("a", bytes), Map.of("quantized:a", "Q4_0"));
        try (Checkpoint read = Checkpoint.open(file)) {
            assertThat(read.tensor("a").shape()).containsExactly(2L, 32L);
        }
    }
}

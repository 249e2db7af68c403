package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Frozen weights are used as they are stored; trained ones are f32, wherever they come from. */
class StoredWeightsTest {
    private static final Tensor X = Tensor.variable("x", TensorData.of(Shape.of(2, 3), 1, -2, 3, 0.5f, 4, -1));

    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void name() {
        file = directory.resolve("model.safetensors");
    }

    private record Net(Parameters parameters, Linear linear, Embedding table) implements AutoCloseable {
        static Net of(Parameters parameters) {
            return new Net(
                    parameters,
                    Linear.create(parameters.root().scope("fc"), 3, 2, true),
                    Embedding.create(parameters.root().scope("table"), 4, 3, Initializer.ones()));
        }

        Net load(Path file) {
            try (Checkpoint source = Checkpoint.open(file)) {
                ParameterFiles.load(parameters.all(), source);
            }
            return this;
        }

        float[] output() {
            return output(Execution.cpu());
        }

        float[] output(Execution execution) {
            Tensor rows = table.apply(Tensor.variable("i", TensorData.ofInts(Shape.of(2), 3, 1)));
            return linear.apply(X.add(rows)).evaluate(execution).toFloats();
        }

        @Override
        public void close() {
            parameters.close();
        }
    }

    private static Path golden(String name) throws URISyntaxException {
        return Path.of(Objects.requireNonNull(StoredWeightsTest.class.getResource("checkpoint/torch/" + name))
                .toURI());
    }

    /** Whatever format they are in: of PyTorch's file, one matrix is a view, the other is used where it lies. */
    @Test
    void weightsOfPyTorchGiveTheSame() throws URISyntaxException {
        try (Net torch = Net.of(Parameters.frozen()).load(golden("net.pt"));
                Net same = Net.of(Parameters.frozen()).load(golden("net.safetensors"));
                Net trained = Net.of(Parameters.trained()).load(golden("net.pt"))) {
            assertThat(torch.output()).isEqualTo(same.output()).isEqualTo(trained.output());
            assertThat(torch.parameters().get("table.weight").data().readOnly().isMapped())
                    .isTrue();
            assertThat(torch.parameters().get("fc.weight").data().readOnly().isMapped())
                    .isFalse();
        }
    }

    /** Multiples of an eighth, which every type holds. */
    private static StoredTensor values(StoredType type, long... shape) {
        int count = 1;
        for (long dim : shape) {
            count *= (int) dim;
        }
        ByteBuffer buffer = ByteBuffer.allocateDirect(count * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < count; i++) {
            float value = 0.125f * (i % 7 - 3);
            switch (type) {
                case F32 -> buffer.putFloat(value);
                case F16 -> buffer.putShort(Float.floatToFloat16(value));
                case BF16 -> buffer.putShort((short) (Float.floatToRawIntBits(value) >>> 16));
                default -> throw new IllegalArgumentException(type.name());
            }
        }
        return new StoredTensor(type, Arrays.stream(shape).boxed().toList(), MemorySegment.ofBuffer(buffer.flip()));
    }

    private static Map<String, StoredTensor> net(StoredType type) {
        return Map.of("fc.weight", values(type, 2, 3), "fc.bias", values(type, 2), "table.weight", values(type, 4, 3));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void frozenAndTrainedComputeTheSame(StoredType type) {
        SafetensorsWriter.write(file, net(type), Map.of());
        try (Net frozen = Net.of(Parameters.frozen()).load(file);
                Net trained = Net.of(Parameters.trained()).load(file)) {
            assertThat(frozen.output()).containsExactly(trained.output());
            assertThat(frozen.parameters.digest()).isEqualTo(trained.parameters.digest());
            assertThat(frozen.parameters.all()).allMatch(p -> p.data().isFrozen());
            assertThat(trained.parameters.all()).noneMatch(p -> p.data().isFrozen());
        }
    }

    /** What is saved of a frozen model is what was loaded, to the byte; a trained one is f32. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void frozenWeightsAreSavedAsTheyWereStored(StoredType type) throws IOException {
        SafetensorsWriter.write(file, net(type), Map.of());
        Path again = directory.resolve("again.safetensors");
        try (Net frozen = Net.of(Parameters.frozen()).load(file)) {
            ParameterFiles.save(frozen.parameters.all(), again, Map.of());
            assertThat(again).hasSameBinaryContentAs(file);
            assertThat(ParameterFiles.bytes(frozen.parameters.all())).isEqualTo(20L * type.bytes());
        }
        try (Net trained = Net.of(Parameters.trained()).load(file)) {
            ParameterFiles.save(trained.parameters.all(), again, Map.of());
            assertThat(ParameterFiles.bytes(trained.parameters.all())).isEqualTo(80);
        }
        try (Checkpoint saved = Checkpoint.open(again)) {
            assertThat(saved.entries().values()).allMatch(tensor -> tensor.type() == StoredType.F32);
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void frozenMatricesAreOfTheTypeOfTheFile(StoredType type) {
        SafetensorsWriter.write(file, net(type), Map.of());
        try (Net frozen = Net.of(Parameters.frozen()).load(file)) {
            TensorData weight = frozen.linear.weight().data();
            assertThat(weight.dtype()).isEqualTo(DType.valueOf(type.name()));
            assertThat(weight.readOnly().isMapped()).isTrue();
            assertThat(frozen.parameters.get("fc.bias").data().dtype()).isEqualTo(DType.F32);
        }
    }

    /** As they are stored, where they would take twice the room if they were f32. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void devicesReadMatricesAsTheyAreStored(StoredType type) {
        SafetensorsWriter.write(file, net(type), Map.of());
        try (Device device = Device.emulated(1 << 16);
                Net there =
                        Net.of(Parameters.frozen(WeightFormat.STORED, device)).load(file);
                Net here = Net.of(Parameters.frozen()).load(file)) {
            assertThat(there.linear.weight().data().dtype()).isEqualTo(DType.valueOf(type.name()));
            assertThat(there.table.weight().data().dtype()).isEqualTo(DType.valueOf(type.name()));
            assertThat(there.output(new Execution(device, ProgramOptions.DEFAULT)))
                    .containsExactly(here.output(), within(1e-5f));
        }
    }

    @Test
    void frozenMatricesLieInTheFileUntilTheParametersAreClosed() {
        SafetensorsWriter.write(file, net(StoredType.F32), Map.of());
        long before = EngineMemory.liveBytes();
        Net net = Net.of(Parameters.frozen()).load(file);
        TensorData weight = net.linear.weight().data();
        assertThat(weight.readOnly().isMapped()).isTrue();
        assertThat(net.table.weight().data().readOnly().isMapped()).isTrue();
        assertThat(EngineMemory.liveBytes() - before).as("the bias only").isEqualTo(8);
        assertThat(weight.toFloats()[5]).isEqualTo(0.25f);
        MemorySegment packed = weight.packed(new Packing("reversed", weight.dtype(), 3, 4, 1, 24), copy -> {
            for (int i = 0; i < 24; i++) {
                copy.set(ValueLayout.JAVA_BYTE, i, (byte) i);
            }
        });
        assertThat(EngineMemory.liveBytes() - before).isEqualTo(8 + 24);
        net.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThat(weight.isAlive()).isFalse();
        assertThat(packed.scope().isAlive()).isFalse();
        assertThatThrownBy(weight::toFloats).isInstanceOf(IllegalStateException.class);
    }

    /** Two models of one open checkpoint, of which one is closed first. */
    @Test
    void aCheckpointStaysMappedForAllThatReadIt() {
        SafetensorsWriter.write(file, net(StoredType.F32), Map.of());
        try (Net one = Net.of(Parameters.frozen());
                Net other = Net.of(Parameters.frozen())) {
            try (Checkpoint source = Checkpoint.open(file)) {
                ParameterFiles.load(one.parameters.all(), source);
                ParameterFiles.load(other.parameters.all(), source);
            }
            float[] output = one.output();
            one.close();
            assertThat(other.output()).containsExactly(output);
        }
    }

    @Test
    void frozenParametersAreLoadedOnce() {
        SafetensorsWriter.write(file, net(StoredType.F32), Map.of());
        try (Net net = Net.of(Parameters.frozen()).load(file)) {
            assertThatThrownBy(() -> net.load(file))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage(file + ": parameter fc.weight [2, 3] is frozen and has its values already;"
                            + " load the checkpoint into new Parameters.");
        }
    }

    /** Programs read trained parameters where they lie, also after they were loaded again. */
    @Test
    void trainedParametersAreLoadedInPlace() {
        SafetensorsWriter.write(file, net(StoredType.BF16), Map.of());
        try (Net net = Net.of(new Parameters(3))) {
            TensorData weight = net.linear.weight().data();
            Tensor tensor = net.linear.weight().tensor();
            net.load(file);
            assertThat(net.linear.weight().data()).isSameAs(weight);
            assertThat(net.linear.weight().tensor()).isSameAs(tensor);
            assertThat(weight.toFloats()).containsExactly(-0.375f, -0.25f, -0.125f, 0, 0.125f, 0.25f);
        }
    }

    @Test
    void whatIsLoadedIsNotDrawn() {
        SafetensorsWriter.write(file, Map.of("a", values(StoredType.F16, 5)), Map.of());
        Initializer never = (_, _, _) -> _ -> {
            throw new AssertionError("drawn");
        };
        try (Parameters parameters = new Parameters(3);
                Checkpoint source = Checkpoint.open(file)) {
            Parameter a = parameters.root().create("a", Shape.of(5), never);
            ParameterFiles.load(parameters.all(), source);
            assertThat(a.data().toFloats()).containsExactly(-0.375f, -0.25f, -0.125f, 0, 0.125f);
        }
    }

    /** Older writers do not pad the header, so tensors begin at any byte; kernels read whole elements. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void tensorsThatAreNotAlignedAreCopied(int padding) throws IOException {
        String header = "{\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[0,24]}}";
        byte[] json = (header + " ".repeat(padding)).getBytes(StandardCharsets.UTF_8);
        ByteBuffer bytes = ByteBuffer.allocate(8 + json.length + 24)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(json.length)
                .put(json);
        for (int i = 1; i <= 6; i++) {
            bytes.putFloat(i);
        }
        Files.write(file, bytes.array());
        long before = EngineMemory.liveBytes();
        try (Parameters parameters = Parameters.frozen()) {
            Linear linear = Linear.create(parameters.root().scope("fc"), 3, 2, false);
            try (Checkpoint source = Checkpoint.open(file)) {
                ParameterFiles.load(parameters.all(), source);
            }
            boolean aligned = (8 + json.length) % 4 == 0;
            assertThat(linear.weight().data().readOnly().isMapped()).isEqualTo(aligned);
            assertThat(EngineMemory.liveBytes() - before).isEqualTo(aligned ? 0 : 24);
            assertThat(linear.weight().data().readOnly().address() % 4).isZero();
            assertThat(linear.apply(X).evaluate().toFloats()).containsExactly(6, 12, 5.5f, 16);
        }
    }

    /** A file with a hole: 2 GiB and a little more, of which a few pages are there. */
    @Test
    void aTensorOfMoreThan2GiBIsUsedWhereItLies() throws IOException {
        int rows = (1 << 29) / 1024 + 1;
        long bytes = rows * 1024L * Float.BYTES;
        byte[] json = ("{\"table.weight\":{\"dtype\":\"F32\",\"shape\":[%d,1024],\"data_offsets\":[0,%d]}}"
                                .formatted(rows, bytes)
                        + "    ")
                .getBytes(StandardCharsets.UTF_8);
        int padded = json.length / 4 * 4;
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE)) {
            channel.write(ByteBuffer.allocate(8 + padded)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(padded)
                    .put(json, 0, padded)
                    .flip());
            ByteBuffer last = ByteBuffer.allocate(4)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(42)
                    .flip();
            channel.write(last, 8 + padded + bytes - 4);
        }
        try (Parameters parameters = Parameters.frozen()) {
            Embedding table = Embedding.create(parameters.root().scope("table"), rows, 1024, Initializer.ones());
            try (Checkpoint source = Checkpoint.open(file)) {
                ParameterFiles.load(parameters.all(), source);
            }
            assertThat(parameters.count()).isEqualTo(bytes / 4);
            assertThat(ParameterFiles.bytes(parameters.all())).isEqualTo(bytes);
            float[] row = table.apply(Tensor.variable("i", TensorData.ofInts(Shape.of(1), rows - 1)))
                    .evaluate()
                    .toFloats();
            assertThat(row[1022]).isZero();
            assertThat(row[1023]).isEqualTo(42);
            assertThat(parameters.digest()).hasSize(64);
        }
    }

    @Test
    void aTensorOfMoreElementsThanAnIntCountsIsRefused() {
        try (Parameters parameters = Parameters.frozen()) {
            assertThatThrownBy(() ->
                            Embedding.create(parameters.root().scope("table"), 1 << 20, 1 << 11, Initializer.ones()))
                    .isInstanceOf(TensorException.class)
                    .hasMessage("Shape [1048576, 2048] has more than 2147483583 elements; split the tensor.");
        }
    }

    @Test
    void dimensionsBeyondAnIntDoNotFitAnyParameter() {
        StoredTensor wide = new StoredTensor(StoredType.F32, List.of(0L, 1L << 33), MemorySegment.ofArray(new byte[0]));
        SafetensorsWriter.write(file, Map.of("table.weight", wide), Map.of());
        try (Parameters parameters = Parameters.frozen();
                Checkpoint source = Checkpoint.open(file)) {
            Embedding.create(parameters.root().scope("table"), 4, 3, Initializer.ones());
            assertThatThrownBy(() -> ParameterFiles.load(parameters.all(), source))
                    .hasMessageContaining("expected shape [4, 3] of parameter 'table.weight', found [0, 8589934592]");
        }
    }

    /** What a model takes is known before it is loaded, and what its files lack. */
    @Test
    void whatIsOnDiskHasTypesAndSizes() {
        float[] matrix = new float[2 * 64];
        SafetensorsWriter.write(
                file,
                Map.of(
                        "linear.weight", StoredTensor.of(matrix, 2, 64),
                        "table.weight", StoredTensor.of(new float[3 * 4], 3, 4),
                        "scale", StoredTensor.of(new float[5], 5)),
                Map.of());
        try (Parameters onDisk = Parameters.onDisk();
                Checkpoint source = Checkpoint.open(file)) {
            Linear.create(onDisk.root().scope("linear"), 64, 2, false, Initializer.constant(0));
            Embedding.create(onDisk.root().scope("table"), 3, 4, Initializer.constant(0));
            onDisk.root().create("scale", Shape.of(5), Initializer.constant(0));
            ParameterFiles.load(onDisk.all(), source);
            assertThat(onDisk.all()).allMatch(Parameter::hasValues);
            assertThat(onDisk.storedElements()).containsExactly(Map.entry(StoredType.F32, 145L));
            assertThat(onDisk.bytes(WeightFormat.STORED)).isEqualTo(145 * 4);
            assertThat(onDisk.bytes(WeightFormat.INT8)).isEqualTo(17 * 4 + 4 * 34);
            assertThat(onDisk.bytes(WeightFormat.INT4)).isEqualTo(17 * 4 + 4 * 20);
            Parameter missing = onDisk.root().create("missing", Shape.of(1), Initializer.constant(0));
            assertThatThrownBy(() -> ParameterFiles.load(List.of(missing), source))
                    .hasMessageContaining("expected a tensor 'missing'");
        }
        try (Parameters frozen = Parameters.frozen()) {
            assertThatThrownBy(() -> frozen.bytes(WeightFormat.STORED)).isInstanceOf(IllegalStateException.class);
        }
    }
}

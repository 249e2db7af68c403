package io.llm2clip.tensor.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Weights that never change are packed once, for all programs; the results are those of any other weight, bit for bit. */
class PackedWeightsTest {
    private static final Shape WEIGHT = Shape.of(70, 96);
    private static final Matmul MATMUL = Matmul.dense(1, 5, 70, 96, false, true);

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16"})
    void packedWeightsGiveTheSameBits(DType format) {
        TensorData weight = weight(format);
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(5, 96), values(5 * 96)));
        float[] expected = run(x.matmulTransposed(Tensor.variable("w", weight)).gelu(), "transposed");
        weight.freeze();
        assertThat(run(x.matmulTransposed(Tensor.variable("w", weight)).gelu(), "packed vector-"))
                .isEqualTo(expected);
        weight.release();
    }

    /** One copy, whoever asks and however many rows there are; freed with the weight. */
    @Test
    void programsShareTheCopy() {
        TensorData weight = weight(DType.BF16).freeze();
        Tensor w = Tensor.variable("w", weight);
        long before = EngineMemory.liveBytes();
        for (int rows : new int[] {1, 7, 50}) {
            run(
                    Tensor.variable("x", TensorData.of(Shape.of(rows, 96), values(rows * 96)))
                            .matmulTransposed(w),
                    "packed");
        }
        assertThat(EngineMemory.liveBytes() - before)
                .as("one copy in the stored width, of whole panels")
                .isBetween(WEIGHT.size() * 2L, WEIGHT.size() * 4L);
        weight.release();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Whoever computes once does without; the second run, of whatever program, has the copy, and the bits are the same. */
    @Test
    void aMappedWeightIsPackedAtItsSecondUse(@TempDir Path folder) throws IOException {
        float[] values = values(WEIGHT.size());
        ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(values);
        Path file = Files.write(folder.resolve("weight"), bytes.array());
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(5, 96), values(5 * 96)));
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(file)) {
            TensorData weight =
                    new TensorData(WEIGHT, DType.F32, channel.map(MapMode.READ_ONLY, 0, 4L * values.length, arena));
            Tensor product = x.matmulTransposed(Tensor.variable("w", weight));
            boolean readsRows = CpuKernels.readsRows(CpuKernels.packing(MATMUL, MatrixPrecision.F32), MATMUL);
            long copy = 4L * 96 * 70;
            try (Program first = Program.compile(List.of(product), Execution.cpu());
                    Program second = Program.compile(List.of(product.gelu()), Execution.cpu())) {
                long after = EngineMemory.liveBytes();
                float[] once = first.run().getFirst().toFloats();
                assertThat(EngineMemory.liveBytes())
                        .as("the second program has packed it")
                        .isEqualTo(after);
                assertThat(first.run().getFirst().toFloats()).isEqualTo(once);
                assertThat(EngineMemory.liveBytes()).isEqualTo(after);
                second.run();
            }
            weight.release();
            TensorData again =
                    new TensorData(WEIGHT, DType.F32, channel.map(MapMode.READ_ONLY, 0, 4L * values.length, arena));
            Tensor alone = x.matmulTransposed(Tensor.variable("w", again));
            try (Program program = Program.compile(List.of(alone), Execution.cpu())) {
                long compiled = EngineMemory.liveBytes();
                float[] once = program.run().getFirst().toFloats();
                assertThat(EngineMemory.liveBytes()).isEqualTo(compiled);
                assertThat(program.run().getFirst().toFloats()).isEqualTo(once);
                long packed = EngineMemory.liveBytes() - compiled;
                assertThat(packed).isBetween(readsRows ? copy : 0, readsRows ? 2 * copy : 0);
                program.run();
                assertThat(EngineMemory.liveBytes() - compiled).isEqualTo(packed);
            }
            again.release();
        }
    }

    /** Whatever layout a product writes its result in. */
    @Test
    void mappedWeightsOfAProductThatWritesPanelsWaitForTheSecondUseToo(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("weights");
        ByteBuffer bytes = ByteBuffer.allocate(2 * 4 * WEIGHT.size()).order(ByteOrder.nativeOrder());
        bytes.asFloatBuffer().put(values(2 * WEIGHT.size()));
        Files.write(file, bytes.array());
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(5, 96), values(5 * 96)));
        try (Arena arena = Arena.ofShared();
                FileChannel channel = FileChannel.open(file)) {
            TensorData up = mapped(channel, arena, 0, WEIGHT);
            TensorData down = mapped(channel, arena, 4L * WEIGHT.size(), Shape.of(96, 70));
            Tensor result = x.matmulTransposed(Tensor.variable("up", up))
                    .gelu()
                    .matmulTransposed(Tensor.variable("down", down));
            boolean readsRows = CpuKernels.readsRows(CpuKernels.packing(MATMUL, MatrixPrecision.F32), MATMUL);
            try (Program program = Program.compile(List.of(result), Execution.cpu())) {
                assertThat(program.explain().contains("result packed tiles-f32"))
                        .isEqualTo(readsRows);
                long compiled = EngineMemory.liveBytes();
                float[] once = program.run().getFirst().toFloats();
                assertThat(EngineMemory.liveBytes()).isEqualTo(compiled);
                assertThat(program.run().getFirst().toFloats()).isEqualTo(once);
                long copies = 2L * 4 * WEIGHT.size();
                assertThat(EngineMemory.liveBytes() - compiled)
                        .isBetween(readsRows ? copies : 0, readsRows ? 2 * copies : 0);
            }
            up.release();
            down.release();
        }
    }

    private static TensorData mapped(FileChannel channel, Arena arena, long from, Shape shape) throws IOException {
        return new TensorData(shape, DType.F32, channel.map(MapMode.READ_ONLY, from, 4L * shape.size(), arena));
    }

    /** What a gradient multiplies by is the weight as it is stored, as is what may change. */
    @Test
    void onlyTransposedFrozenWeightsArePacked() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(3, 96), values(3 * 96)));
        Tensor w = Tensor.variable("w", weight(DType.F32).freeze());
        Tensor gradient = Gradients.of(x.matmulTransposed(w).sum(), List.of(x)).getFirst();
        try (Program program = Program.compile(List.of(gradient), Execution.cpu())) {
            assertThat(program.explain()).doesNotContain("packed");
        }
    }

    private static float[] run(Tensor output, String layout) {
        try (Program program = Program.compile(List.of(output), Execution.cpu())) {
            assertThat(program.explain()).contains(layout);
            return program.run().getFirst().toFloats();
        }
    }

    private static TensorData weight(DType format) {
        TensorData data = TensorData.allocate(WEIGHT, format);
        float[] values = values(WEIGHT.size());
        for (int i = 0; i < values.length; i++) {
            switch (format) {
                case F32 -> data.segment().setAtIndex(ValueLayout.JAVA_FLOAT, i, values[i]);
                case BF16 ->
                    data.segment()
                            .setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToIntBits(values[i]) >>> 16));
                default -> data.segment().setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(values[i]));
            }
        }
        return data;
    }

    private static float[] values(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) Math.sin(i * 1.7);
        }
        return values;
    }
}

package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.tensor.machine.Processor;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Programs on the CPU in other precisions than f32, on machines that have them. */
class CpuPrecisionTest {

    /** A linear layer of frozen weights, which are packed, its gradient, and a product of two values: near f32, and not f32. */
    @ParameterizedTest
    @CsvSource({"BF16, 1e-5, 0.02", "BF16X3, 1e-7, 5e-5", "BF16X6, 0, 1e-6"})
    void programsMultiplyAsTheyAreAsked(Precision precision, double least, double most) {
        String absence = Processor.absence(precision).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        Random random = new Random(1);
        TensorData weights = floats(Shape.of(96, 200), random).freeze();
        Tensor x = Tensor.variable("x", floats(Shape.of(33, 200), random));
        Tensor y = x.matmulTransposed(Tensor.variable("w", weights));
        Tensor gradient = Gradients.of(y.square().sum(), List.of(x)).getFirst();
        Tensor squares = y.matmul(y, true, false);
        List<Tensor> outputs = List.of(y, gradient, squares);
        Execution execution = new Execution(Device.cpu(), new ProgramOptions(precision));
        try (Program narrow = Program.compile(outputs, execution);
                Program exact = Program.compile(outputs, Execution.cpu())) {
            List<TensorData> found = narrow.run();
            List<TensorData> expected = exact.run();
            for (int i = 0; i < outputs.size(); i++) {
                double error =
                        relativeError(found.get(i).toFloats(), expected.get(i).toFloats());
                assertThat(error).as("output %d", i).isBetween(least, most);
            }
            assertThat(narrow.explain()).contains("tiles-" + precision);
        }
    }

    /** Attention is not computed in all precisions; its gradient in f32 only. */
    @ParameterizedTest
    @CsvSource({"F32, f32", "BF16, bf16", "BF16X3, f32", "BF16X6, f32"})
    void explainSaysInWhatAttentionIsComputed(Precision precision, String computedIn) {
        assumeTrue(
                CpuKernels.attentionUnit(MatrixPrecision.BF16).equals("amx-bf16-attention"),
                "Not run natively: no attention in bf16");
        Tensor x = Tensor.variable("x", floats(Shape.of(1, 40, 32), new Random(3)));
        Tensor lengths = Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), 40));
        Tensor y = Tensor.attention(x, x, x, lengths, 2, 2, 0.25f, false);
        Tensor gradient = Gradients.of(y.square().sum(), List.of(x)).getFirst();
        Execution execution = new Execution(Device.cpu(), new ProgramOptions(precision));
        try (Program program = Program.compile(List.of(y, gradient), execution)) {
            assertThat(program.explain())
                    .containsPattern("Attention\\[.*\\] in " + computedIn + "\n")
                    .containsPattern("AttentionGradient\\[.*\\] in f32\n");
        }
    }

    /** A linear layer of quantized weights, and a product of two values, which stays in f32. */
    @ParameterizedTest
    @EnumSource(names = {"Q8", "Q4", "Q4_1"})
    void integersAreForQuantizedWeightsOnly(DType format) {
        String absence = Processor.absence(Precision.INT8).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        Random random = new Random(2);
        TensorData weights = blocks(Shape.of(96, 224), format, random).freeze();
        Tensor x = Tensor.variable("x", floats(Shape.of(33, 224), random));
        Tensor layer = x.matmulTransposed(Tensor.variable("w", weights));
        Tensor squares = x.matmul(x, true, false);
        List<Tensor> outputs = List.of(layer, squares);
        Execution execution = new Execution(Device.cpu(), new ProgramOptions(Precision.INT8));
        try (Program integers = Program.compile(outputs, execution);
                Program exact = Program.compile(outputs, Execution.cpu())) {
            List<TensorData> found = integers.run();
            List<TensorData> expected = exact.run();
            assertThat(relativeError(found.get(0).toFloats(), expected.get(0).toFloats()))
                    .isBetween(1e-4, 0.01);
            assertThat(found.get(1).toFloats()).isEqualTo(expected.get(1).toFloats());
        }
    }

    private static TensorData blocks(Shape shape, DType format, Random random) {
        TensorData data = TensorData.allocate(shape, format);
        byte[] block = new byte[Math.toIntExact(format.bytes(32L))];
        MemorySegment segment = data.segment();
        for (long at = 0; at < segment.byteSize(); at += block.length) {
            random.nextBytes(block);
            // A scale from 1/512 to 1/256, as f16.
            block[1] = 0x18;
            if (format.hasMinimum()) {
                // From -1/64 to -1/128.
                block[3] = (byte) 0xA0;
            }
            MemorySegment.copy(MemorySegment.ofArray(block), 0, segment, at, block.length);
        }
        return data;
    }

    private static double relativeError(float[] found, float[] expected) {
        double squares = 0;
        double all = 0;
        for (int i = 0; i < found.length; i++) {
            squares += Math.pow(found[i] - expected[i], 2);
            all += Math.pow(expected[i], 2);
        }
        return Math.sqrt(squares / all);
    }

    private static TensorData floats(Shape shape, Random random) {
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return TensorData.of(shape, values);
    }
}

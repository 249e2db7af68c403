package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a debugger or a log shows of tensors, their elements and programs. */
class PrintingTest {
    private static final Tensor X = Tensor.input("x", Shape.of(2, 3), DType.F32);
    private static final Tensor W = Tensor.variable("w", TensorData.of(Shape.of(3), 1, 2.5f, -0f));

    static Stream<Arguments> data() {
        return Stream.of(
                Arguments.of(TensorData.of(Shape.of(), 0.1f), "F32 []: 0.1"),
                Arguments.of(TensorData.of(Shape.of(0, 3)), "F32 [0, 3]"),
                Arguments.of(
                        TensorData.of(Shape.of(3), Float.NaN, Float.NEGATIVE_INFINITY, 1e-30f),
                        "F32 [3]: NaN, -Infinity, 1.0E-30"),
                Arguments.of(
                        TensorData.of(Shape.of(2, 4), 0, 1, 2, 3, 4, 5, 6, 7),
                        "F32 [2, 4]: 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0"),
                Arguments.of(
                        TensorData.of(Shape.of(9), 0, 1, 2, 3, 4, 5, 6, 7, 8),
                        "F32 [9]: 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, ..."),
                Arguments.of(
                        TensorData.ofInts(Shape.of(3), 16_777_217, Integer.MIN_VALUE, -1),
                        "I32 [3]: 16777217, -2147483648, -1"),
                Arguments.of(W.greater(Tensor.scalar(1)).evaluate(), "BOOL [3]: false, true, false"),
                Arguments.of(W.cast(DType.BF16).evaluate(), "BF16 [3]: 1.0, 2.5, -0.0"),
                Arguments.of(W.cast(DType.F16).evaluate(), "F16 [3]: 1.0, 2.5, -0.0"),
                Arguments.of(quantized(DType.Q8), "Q8 [32]: 0.5, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ..."),
                Arguments.of(quantized(DType.Q4), "Q4 [32]: -3.5, -3.0, -4.0, -4.0, -4.0, -4.0, -4.0, -4.0, ..."));
    }

    /** A block of scale 1/2 whose first two bytes are 1 and 2. */
    private static TensorData quantized(DType type) {
        TensorData data = TensorData.allocate(Shape.of(32), type);
        byte[] block = {0, 0x38, 1, 2};
        MemorySegment.copy(MemorySegment.ofArray(block), 0, data.segment(), 0, block.length);
        return data;
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("data")
    void elementsShowTypeShapeAndTheFirstValues(TensorData data, String text) {
        assertThat(data).hasToString(text);
    }

    @Test
    void whatCannotBeReadIsSaid() {
        Arena arena = Arena.ofShared();
        TensorData freed = TensorData.allocate(arena, Shape.of(2), DType.F32);
        arena.close();
        assertThat(freed).hasToString("F32 [2], freed");
        TensorData released = TensorData.of(Shape.of(2), 1, 2);
        released.release();
        assertThat(released).hasToString("F32 [2], freed");
        assertThat(new TensorData(Shape.of(2), DType.I32)).hasToString("I32 [2], not computed");
        TensorData lost = TensorData.of(Shape.of(2), 1, 2);
        lost.attach(new RemoteCopy() {
            @Override
            public void bringHome() {
                throw new IllegalStateException("left on the device");
            }

            @Override
            public void hostWrites() {}
        });
        assertThat(lost).hasToString("F32 [2], not readable");
    }

    static Stream<Arguments> tensors() {
        Tensor q = Tensor.input("q", Shape.of(1, 2, 4), DType.F32);
        Tensor lengths = Tensor.input("lengths", Shape.of(1), DType.I32);
        Tensor attention = Tensor.attention(q, q, q, lengths, 1, 1, 1, false);
        return Stream.of(
                Arguments.of(X, "input 'x' F32 [2, 3]"),
                Arguments.of(W, "variable 'w' F32 [3]: 1.0, 2.5, -0.0"),
                Arguments.of(Tensor.scalar(2), "F32 []: 2.0"),
                Arguments.of(X.exp(), "F32 [2, 3] = exp('x' F32 [2, 3])"),
                Arguments.of(X.add(W), "F32 [2, 3] = add('x' F32 [2, 3], F32 [2, 3])"),
                Arguments.of(W.reshape(1, 3), "F32 [1, 3] = reshape('w' F32 [3])"),
                Arguments.of(X.greater(X), "BOOL [2, 3] = greater('x' F32 [2, 3], 'x' F32 [2, 3])"),
                Arguments.of(
                        Tensor.where(X.equalTo(X), X, X),
                        "F32 [2, 3] = where(BOOL [2, 3], 'x' F32 [2, 3], 'x' F32 [2, 3])"),
                Arguments.of(X.max(1), "F32 [2] = max('x' F32 [2, 3])"),
                Arguments.of(X.matmul(W.reshape(3, 1)), "F32 [2, 1] = matmul('x' F32 [2, 3], F32 [3, 1])"),
                Arguments.of(X.softmax(), "F32 [2, 3] = softmax('x' F32 [2, 3])"),
                Arguments.of(
                        Gradients.of(attention, q, List.of(q))
                                .getFirst()
                                .inputs()
                                .getFirst()
                                .inputs()
                                .getFirst(),
                        "F32 [1, 2, 4] = result 0 of attentionGradient('q' F32 [1, 2, 4], 'q' F32 [1, 2, 4],"
                                + " 'q' F32 [1, 2, 4], 'lengths' I32 [1], 'q' F32 [1, 2, 4])"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("tensors")
    void nodesShowTypeShapeAndValuesOrOperation(Tensor tensor, String text) {
        assertThat(tensor).hasToString(text);
    }

    @Test
    void programsShowInputsAndOutputsAsFarAsTheyAreKnown() {
        Tensor y = Tensor.input("y", Shape.of(3), DType.F32);
        Program program = Program.compile(List.of(X.add(y), y.sum()), TestExecution.get());
        String device = TestExecution.get().device().name();
        String size = ": 2 kernels, 9 floating-point operations, ";
        assertThat(program.toString())
                .startsWith("Program on " + device + size)
                .endsWith(" bytes\n  input 'x' F32 [2, 3], not fed\n  input 'y' F32 [3], not fed\n"
                        + "  output 0 F32 [2, 3], not computed\n  output 1 F32 [], not computed");
        program.feed(y, TensorData.of(Shape.of(3), 1, 2, 3));
        assertThat(program.toString())
                .contains("\n  input 'x' F32 [2, 3], not fed\n  input 'y' F32 [3]: 1.0, 2.0, 3.0\n");
        program.feed(X, TensorData.of(Shape.of(2, 3), 0, 1, 0, 1, 0, 1));
        program.run();
        assertThat(program.toString())
                .endsWith("\n  output 0 F32 [2, 3]: 1.0, 3.0, 3.0, 2.0, 2.0, 4.0\n  output 1 F32 []: 6.0");
        program.close();
        assertThat(program).hasToString("Program on " + device + ", closed");
    }
}

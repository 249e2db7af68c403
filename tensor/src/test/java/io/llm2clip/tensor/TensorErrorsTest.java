package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What users read when shapes or types do not fit. */
class TensorErrorsTest {
    private static final Tensor A = tensor(2, 3);
    private static final Tensor INDEX = Tensor.input("index", Shape.of(2), DType.I32);

    static Stream<Arguments> errors() {
        return Stream.of(
                error(
                        () -> A.add(tensor(2, 4)),
                        "add: shapes [2, 3] and [2, 4] do not broadcast, dimension -1 is 3 against 4; expected equal"
                                + " dimensions or 1."),
                error(
                        () -> A.matmul(tensor(4, 5)),
                        "matmul: [2, 3] x [4, 5]: inner dimensions 3 and 4 differ; expected equal ones."),
                error(
                        () -> A.matmulTransposed(tensor(4, 5)),
                        "matmul: [2, 3] x [4, 5]^T: inner dimensions 3 and 5 differ; expected equal ones."),
                error(
                        () -> A.matmul(tensor(3)),
                        "matmul: [2, 3] x [3]; expected two or more dimensions each, reshape first."),
                error(
                        () -> tensor(2, 2, 3).matmul(tensor(4, 3, 2)),
                        "matmul: [2, 2, 3] x [4, 3, 2]: leading dimensions differ; expected equal ones, or a matrix as"
                                + " second operand."),
                error(
                        () -> A.sum(1).mul(INDEX),
                        "multiply: expected elements of type F32, found 'index' I32 [2]; add cast(F32)."),
                error(() -> A.reshape(4, 2), "reshape: [2, 3] has 6 elements, [4, 2] has 8; expected as many."),
                error(() -> A.permute(0, 0), "permute: axes [0, 0] of shape [2, 3]; expected each of 0 to 1 once."),
                error(
                        () -> A.expand(Shape.of(4, 3)),
                        "expand: shapes [2, 3] and [4, 3] do not broadcast, dimension -2 is 2 against 4; expected"
                                + " equal dimensions or 1."),
                error(
                        () -> A.expand(Shape.of(3)),
                        "expand: [2, 3] does not stretch to [3]; expected equal dimensions or 1."),
                error(() -> A.slice(1, 2, 5), "slice: 2 to 5 of axis 1 of [2, 3]; expected 0 <= start <= end <= 3."),
                error(() -> A.sum(2), "Axis 2 does not exist in shape [2, 3]; expected -2 to 1."),
                error(() -> A.clamp(1, 0.5f), "clamp: 1.0 to 0.5; expected bounds in order."),
                error(() -> A.clamp(Float.NaN, 1), "clamp: NaN to 1.0; expected bounds in order."),
                error(() -> A.argmax(2), "Axis 2 does not exist in shape [2, 3]; expected -2 to 1."),
                error(
                        () -> tensor(2, 0).argmin(-1),
                        "argmin: axis -1 of [2, 0]; expected 1 to 16777216 elements along it."),
                error(() -> A.topk(4, 1), "topk: 4 of axis 1 of [2, 3]; expected 1 to 3."),
                error(() -> A.topk(0, -2), "topk: 0 of axis -2 of [2, 3]; expected 1 to 2."),
                error(() -> A.cumsum(-3), "Axis -3 does not exist in shape [2, 3]; expected -2 to 1."),
                error(() -> A.sum(1, -1), "reduce: axes [1, -1] of [2, 3] name one axis twice."),
                error(
                        () -> A.layerNorm(tensor(2), tensor(3), 1e-5f),
                        "layerNorm (weight): expected shape [3], found [2]."),
                error(
                        () -> A.gather(A),
                        "gather (index): expected elements of type I32, found 'a' F32 [2, 3]; add cast(I32)."),
                error(
                        () -> A.gather(A.cast(DType.BF16)),
                        "gather (index): expected elements of type I32, found BF16 [2, 3]; add cast(F32).cast(I32)."),
                error(
                        () -> Tensor.where(A, A, A),
                        "where (condition): expected elements of type BOOL, found 'a' F32 [2, 3]; compare, as in"
                                + " greater(scalar(0))."),
                error(
                        () -> A.cast(DType.BF16).layerNorm(tensor(3), tensor(3), 1e-5f),
                        "layerNorm (x): expected elements of type F32, found BF16 [2, 3]; add cast(F32)."),
                error(() -> A.layerNorm(tensor(3), tensor(3), -1), "layerNorm: epsilon -1.0; expected 0 or more."),
                error(() -> A.rmsNorm(tensor(3), Float.NaN), "rmsNorm: epsilon NaN; expected 0 or more."),
                error(
                        () -> Tensor.attention(A, A, A, INDEX, 4, 3, 1, false),
                        "attention: 4 heads in 3 groups; expected as many heads for each key/value head."),
                error(
                        () -> Tensor.attention(A, A, A, INDEX, 0, 1, 1, false),
                        "attention: 0 heads in 1 groups; expected as many heads for each key/value head."),
                error(
                        () -> Tensor.attention(tensor(2, 3, 4), tensor(2, 5, 4), tensor(2, 5, 4), INDEX, 1, 1, 1, true),
                        "attention: causal with 3 queries and 5 keys; expected as many."),
                error(
                        () -> Tensor.raggedAttention(A, A, A, INDEX, 4, 3, 1, false),
                        "raggedAttention: 4 heads in 3 groups; expected as many heads for each key/value head."),
                error(
                        () -> Tensor.raggedAttention(A, A, A, INDEX, 2, 1, 1, false),
                        "raggedAttention: q [2, 3] with 2 heads; expected [rows, heads * headSize]."),
                error(
                        () -> Tensor.raggedAttention(A, tensor(3, 3), A, INDEX, 1, 1, 1, false),
                        "raggedAttention (k): expected shape [2, 3], found [3, 3]."),
                error(
                        () -> Tensor.raggedAttention(A, A, A, tensor(0), 1, 1, 1, false),
                        "raggedAttention (offsets): expected shape [sequences + 1], found [0]."),
                error(() -> tensor(2, 3, 4).segmentSum(INDEX, 5), "segmentSum: [2, 3, 4]; expected [rows, columns]."),
                error(() -> tensor(7, 4).segmentSum(INDEX, 5), "segmentSum (segments): expected shape [7], found [2]."),
                error(
                        () -> A.crossEntropy(Tensor.input("t", Shape.of(3), DType.I32)),
                        "crossEntropy: logits [2, 3] with targets [3]; expected targets [2]."),
                error(
                        () -> Tensor.concat(0, List.of(A, tensor(2, 4))),
                        "concat along axis 0: [2, 3], [2, 4]; expected equal other dimensions."),
                error(
                        () -> Tensor.concat(0, List.of(INDEX, Tensor.input("t", Shape.of(2), DType.F32))),
                        "concat (in1): expected elements of type I32, found 't' F32 [2]; add cast(I32)."),
                error(
                        () -> Tensor.attention(A, A, A, INDEX, 1, 1, 1, false),
                        "attention: q [2, 3], k [2, 3] with 1 heads; expected [batch, length, heads * headSize]."),
                error(
                        () -> tensor(1, 2, 1, 3).rotary(A, A, true),
                        "rotary: [1, 2, 1, 3]; expected [batch, positions, heads, even headSize]."),
                error(
                        () -> INDEX.cast(DType.BF16),
                        "cast: I32 to BF16 is not a conversion; go through F32, or compare."),
                error(() -> INDEX.cast(DType.F16), "cast: I32 to F16 is not a conversion; go through F32, or compare."),
                error(
                        () -> A.cast(DType.BF16).cast(DType.F16),
                        "cast: BF16 to F16 is not a conversion; go through F32, or compare."),
                error(
                        () -> A.cast(DType.F16).add(A),
                        "add: expected elements of type F32, found F16 [2, 3]; add cast(F32)."),
                error(
                        () -> Gradients.of(A, List.of(A)),
                        "Gradients of 'a' F32 [2, 3]; expected one F32 element, for example a mean()."),
                error(
                        () -> Shape.of(1 << 16, 1 << 16),
                        "Shape [65536, 65536] has more than 2147483583 elements; split the tensor."),
                error(
                        () -> Shape.of(1 << 16, 0, 1 << 16),
                        "Shape [65536, 0, 65536] has more than 2147483583 elements; split the tensor."),
                error(
                        () -> Tensor.concat(0, List.of(tensor(1 << 30), tensor(1 << 30))),
                        "concat has 2147483648 elements, expected at most 2147483583; split the tensor."),
                error(() -> TensorData.of(Shape.of(2), 1, 2, 3), "Shape [2] has 2 elements, found 3 values."),
                error(
                        () -> Interpreter.evaluate(List.of(A), Map.of()),
                        "Input 'a' F32 [2, 3] was not fed; feed every input before running."));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("errors")
    void messagesNameOperationOperandsAndRemedy(Executable call, String message) {
        assertThatThrownBy(call::execute).isInstanceOf(TensorException.class).hasMessage(message);
    }

    /** Queries, keys and values are each an int of elements, their gradients side by side would not be. */
    @Test
    void gradientsOfOneKernelTogetherMayBeMoreThanATensor() {
        Tensor q = tensor(1, 30_000, 32_768);
        Tensor lengths = Tensor.input("lengths", Shape.of(1), DType.I32);
        Tensor attention = Tensor.attention(q, q, q, lengths, 256, 256, 0.1f, true);
        assertThat(Gradients.of(attention, attention, List.of(q)))
                .extracting(Tensor::shape)
                .containsExactly(q.shape());
    }

    @Test
    void feedingChecksTheInput() {
        try (Program program = Program.compile(List.of(A.tanh()), Execution.cpu())) {
            assertThatThrownBy(() -> program.feed(A, TensorData.of(Shape.of(3), 1, 2, 3)))
                    .hasMessage("Copying F32 [3] into F32 [2, 3]: expected the same shape and type.");
            assertThatThrownBy(() -> program.feed(tensor(2, 3), TensorData.allocate(Shape.of(2, 3), DType.F32)))
                    .hasMessageContaining("feed only inputs that its outputs depend on.");
        }
    }

    /** Their memory holds zeros, or what was there before: nothing that was meant. */
    @Test
    void inputsThatWereNeverFedAreRefusedByName() {
        Tensor b = Tensor.input("b", Shape.of(3), DType.F32);
        Tensor unused = Tensor.input("unused", Shape.of(3), DType.F32);
        List<Tensor> outputs = List.of(A.add(b), A.tanh());
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            String both = "Inputs 'a' F32 [2, 3], 'b' F32 [3] were not fed; feed every input before running.";
            assertThatThrownBy(program::run).isInstanceOf(TensorException.class).hasMessage(both);
            assertThatThrownBy(() -> Interpreter.evaluate(outputs, Map.of(unused, TensorData.of(Shape.of(3), 1, 2, 3))))
                    .isInstanceOf(TensorException.class)
                    .hasMessage(both);
            program.feed(A, TensorData.of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6));
            assertThatThrownBy(() -> program.feed(b, TensorData.of(Shape.of(1), 7)))
                    .isInstanceOf(TensorException.class);
            assertThatThrownBy(program::run)
                    .hasMessage("Input 'b' F32 [3] was not fed; feed every input before running.");
            program.feed(b, TensorData.of(Shape.of(3), 7, 8, 9));
            program.run();
            assertThat(program.run().getFirst().toFloats())
                    .as("fed values stay")
                    .containsExactly(8, 10, 12, 11, 13, 15);
        }
    }

    /** Not even one without elements, which nothing could be wrong about: the rule has no exceptions. */
    @Test
    void anEmptyInputIsFedLikeAnyOther() {
        Tensor none = Tensor.input("none", Shape.of(0), DType.F32);
        try (Program program = Program.compile(List.of(none.sum()), TestExecution.get())) {
            assertThatThrownBy(program::run).hasMessageStartingWith("Input 'none' F32 [0] was not fed;");
            program.feed(none, TensorData.of(Shape.of(0)));
            assertThat(program.run().getFirst().item()).isZero();
        }
    }

    @Test
    void aClosedProgramSaysSoAndReturnsItsMemory() {
        long before = EngineMemory.liveBytes();
        Program program = Program.compile(List.of(A.tanh()), Execution.cpu());
        assertThat(EngineMemory.liveBytes()).isEqualTo(before + program.memory().total());
        program.close();
        program.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThatThrownBy(program::run).hasMessage("The program of 1 outputs is closed; compile it again.");
    }

    @Test
    void aProgramNoticesThatAVariableWasFreed() {
        Arena arena = Arena.ofShared();
        TensorData data = TensorData.allocate(arena, Shape.of(2), DType.F32);
        try (Program program =
                Program.compile(List.of(Tensor.variable("v", data).tanh()), Execution.cpu())) {
            program.run();
            arena.close();
            assertThatThrownBy(program::run)
                    .hasMessage(
                            "A variable F32 [2] was freed while a program still reads it; close the program first.");
        }
    }

    private static Arguments error(Executable call, String message) {
        return Arguments.of(call, message);
    }

    private static Tensor tensor(int... dims) {
        return Tensor.input("a", Shape.of(dims), DType.F32);
    }

    /** Without machine code, so that it does not depend on the CPU. */
    @ParameterizedTest
    @EnumSource(names = "F32", mode = EnumSource.Mode.EXCLUDE)
    void aPrecisionThatTheDeviceDoesNotHaveIsRefused(Precision precision) {
        Execution execution = new Execution(Device.cpu(), new ProgramOptions(precision));
        String off = ", machine code is switched off by llm2clip.machine";
        List<String> units = switch (precision) {
            case F32, TF32 -> List.of();
            case BF16, BF16X3 -> List.of("amx", "avx512");
            case BF16X6 -> List.of("amx");
            case INT8 -> List.of("amx", "avx512", "avxvnni", "avx2");
        };
        String reasons = units.stream()
                .map(unit -> "not " + unit + "-" + precision + off)
                .collect(Collectors.joining("; "));
        String why = reasons.isEmpty() ? "" : " (" + reasons + ")";
        System.setProperty("llm2clip.machine", "false");
        try {
            assertThatThrownBy(() -> Program.compile(List.of(A.tanh()), execution))
                    .isInstanceOf(TensorException.class)
                    .hasMessage("Programs in " + precision + " do not run on the CPU, which has f32" + why
                            + "; ask for one of these (--precision), or choose another device.");
        } finally {
            System.clearProperty("llm2clip.machine");
        }
    }

    @Test
    void aDeviceThatIsNotTheEnginesIsRefused() {
        Device other = new Device() {
            @Override
            public String name() {
                return "an abacus";
            }

            @Override
            public Set<DType> matrixFormats() {
                return Set.of();
            }

            @Override
            public void close() {}
        };
        Execution execution = new Execution(other, ProgramOptions.DEFAULT);
        assertThatThrownBy(() -> Program.compile(List.of(A.tanh()), execution))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Programs do not run on an abacus; expected Device.cpu() or a device of Device.open(...).");
    }
}

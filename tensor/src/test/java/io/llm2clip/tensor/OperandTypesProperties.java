package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.PackedRows;
import io.llm2clip.kernels.operations.RandomUniform;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import io.llm2clip.tensor.internal.graph.Graph;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/**
 * Whatever operation gets elements of another type than it works on refuses them when the graph is built, or computes with their values:
 * none takes them for something else.
 */
class OperandTypesProperties {
    private static final Tensor ZEROS = Tensor.variable("zeros", TensorData.of(Shape.of(1, 4), 0, 0, 0, 0));
    private static final Tensor INTS = Tensor.variable("ints", TensorData.ofInts(Shape.of(3), 0, -1, 2));
    private static final AttentionShape ATTENTION = new AttentionShape(2, 3, 3, 2, 1, 4, 0.5f, false);

    /** An operation and the shapes and types that it takes. */
    private record Case(String name, List<Tensor> operands, Function<List<Tensor>, Tensor> operation) {
        @Override
        public String toString() {
            return name + " " + operands;
        }
    }

    @Property(tries = 2000)
    void otherTypesAreRefusedWithTheRemedyOrComputed(
            @ForAll("cases") Case test,
            @ForAll @net.jqwik.api.constraints.IntRange(max = 7) int position,
            @ForAll("denseTypes") DType type,
            @ForAll long seed) {
        Random random = new Random(seed);
        int other = position % test.operands.size();
        DType expected = test.operands.get(other).dtype();
        // Small integers are values of every type, and valid indices, targets and lengths.
        List<Tensor> values = test.operands.stream()
                .map(operand -> variable(operand, operand.dtype(), random))
                .toList();
        List<Tensor> replaced = new ArrayList<>(values);
        replaced.set(
                other, Tensor.variable("x", convert(values.get(other), type).evaluate()));
        Tensor found;
        try {
            found = test.operation.apply(replaced);
        } catch (TensorException e) {
            assertThat(type).isNotEqualTo(expected);
            assertThat(e)
                    .hasMessageMatching(".+: expected .*" + expected + ".*, found ('x' )?" + type
                            + " .+; (add cast\\(.+\\)|compare, .+)\\.");
            return;
        }
        TensorData wanted = Interpreter.evaluate(
                        List.of(test.operation.apply(values).cast(DType.F32)), Map.of())
                .getFirst();
        float[] all = found.cast(DType.F32).evaluate().toFloats();
        assertThat(all).hasSize(wanted.shape().size());
        for (int i = 0; i < all.length; i++) {
            float value = wanted.toFloats()[i];
            // Quotients by 0 are infinite or no number.
            boolean close =
                    Float.compare(all[i], value) == 0 || Math.abs(all[i] - value) <= 1e-3f * (1 + Math.abs(value));
            assertThat(close)
                    .as("%s[%d] is %s, expected %s", test.name, i, all[i], value)
                    .isTrue();
        }
    }

    private static Tensor variable(Tensor like, DType type, Random random) {
        float[] values = new float[like.shape().size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = random.nextInt(2);
        }
        Tensor floats = Tensor.variable("x", TensorData.of(like.shape(), values));
        return Tensor.variable("x", convert(floats, type).evaluate());
    }

    /** What the message says to add is enough. */
    @Property
    void theRemedyIsOne(@ForAll("cases") Case test, @ForAll("denseTypes") DType type) {
        List<Tensor> cast = test.operands.stream()
                .map(operand -> convert(Tensor.input("x", operand.shape(), type), operand.dtype()))
                .toList();
        assertThat(test.operation.apply(cast)).isNotNull();
    }

    private static Tensor convert(Tensor x, DType type) {
        Tensor floats = x.cast(DType.F32);
        return type == DType.BOOL ? floats.greater(Tensor.scalar(0)) : floats.cast(type);
    }

    @Provide
    Arbitrary<DType> denseTypes() {
        return Arbitraries.of(DType.class).filter(type -> !type.isQuantized());
    }

    /** Blocks are read as the second operand of a matmul, transposed, as rows of a gather, and in no other way. */
    @Example
    void quantizedElementsAreTakenWhereAnOperationSaysSo() {
        Tensor weight = tensor(DType.Q8, 3, 32);
        assertThat(floats(2, 32).matmulTransposed(weight).dtype()).isEqualTo(DType.F32);
        assertThat(weight.gather(tensor(DType.I32, 2)).dtype()).isEqualTo(DType.F32);
        assertThatThrownBy(() -> floats(2, 3).matmul(weight))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "matmul (b): 'x' Q8 [3, 32] is quantized along its rows; expected a transposed second operand,"
                                + " as of matmulTransposed.");
        assertThatThrownBy(() -> tensor(DType.Q4, 2, 48))
                .isInstanceOf(TensorException.class)
                .hasMessage("Q4 [2, 48]: expected rows of whole blocks of 32 elements; pad them, or use a dense type.");
        List<Function<Tensor, Tensor>> views = List.of(
                x -> x.reshape(32, 3),
                x -> x.permute(1, 0),
                x -> x.expand(Shape.of(2, 3, 32)),
                x -> x.slice(0, 0, 1),
                x -> x.cast(DType.F32),
                x -> x.matmul(floats(32, 2)),
                x -> x.add(1),
                x -> floats(3, 32).mul(x));
        for (Function<Tensor, Tensor> view : views) {
            assertThatThrownBy(() -> view.apply(weight))
                    .isInstanceOf(TensorException.class)
                    .hasMessageMatching(".+: expected .+, found .*Q8 .+; quantized elements are read by"
                            + " matmulTransposed and gather only, load them in a dense type.");
        }
        assertThatThrownBy(() -> floats(32).cast(DType.Q8))
                .isInstanceOf(TensorException.class)
                .hasMessage("cast: F32 to Q8; expected a dense type, quantized elements come from files only.");
    }

    /** A new operation must be added to the cases. */
    @Example
    void allOperationsAreTried() {
        Set<Object> tried = new HashSet<>();
        allCases().forEach(test -> {
            for (Tensor node : Graph.topological(List.of(test.operation.apply(test.operands)))) {
                if (node.operation() instanceof Operation.Pointwise(Opcode opcode)) {
                    tried.add(opcode);
                } else if (node.operation() instanceof Operation.Kernel(KernelOp op, var _)) {
                    tried.add(op.getClass());
                }
            }
        });
        List<Object> made = new ArrayList<>(Arrays.asList(Opcode.values()));
        made.addAll(kinds(KernelOp.class).toList());
        // Those that no node of a graph is, and those that are not ours.
        made.removeAll(
                List.of(Opcode.CONSTANT, Elementwise.class, AdamWUpdate.class, PackedRows.class, CustomOp.class));
        assertThat(tried).containsAll(made);
    }

    private static Stream<Class<?>> kinds(Class<?> type) {
        return type.isSealed()
                ? Stream.of(type.getPermittedSubclasses()).flatMap(OperandTypesProperties::kinds)
                : Stream.of(type);
    }

    @Provide
    Arbitrary<Case> cases() {
        return Arbitraries.of(allCases().toList());
    }

    private static Stream<Case> allCases() {
        return Stream.of(functions(), binaries(), kernels()).flatMap(Function.identity());
    }

    private static Stream<Case> functions() {
        return Stream.<Case>of(
                one("negate", Tensor::negate),
                one("abs", Tensor::abs),
                one("exp", Tensor::exp),
                one("log", Tensor::log),
                one("sqrt", Tensor::sqrt),
                one("rsqrt", Tensor::rsqrt),
                one("tanh", Tensor::tanh),
                one("erf", Tensor::erf),
                one("sigmoid", Tensor::sigmoid),
                one("sin", Tensor::sin),
                one("cos", Tensor::cos),
                one("square", Tensor::square),
                one("relu", Tensor::relu),
                one("clamp", x -> x.clamp(0.2f, 0.6f)),
                one("pow 3", x -> x.pow(3)),
                one("pow 0.3", x -> x.pow(0.3f)),
                one("gelu", Tensor::gelu),
                one("geluTanh", Tensor::geluTanh),
                one("quickGelu", Tensor::quickGelu),
                one("silu", Tensor::silu),
                one("add a number", x -> x.add(1)),
                one("divide by a number", x -> x.div(2)),
                one("sum", Tensor::sum),
                one("sum of rows", x -> x.sum(1)),
                one("mean", Tensor::mean),
                one("mean of columns", x -> x.mean(0)),
                one("max", x -> x.max(-1)),
                one("max of all", Tensor::max),
                one("min", x -> x.min(0)),
                one("argmax", x -> x.argmax(-1).cast(DType.F32)),
                one("argmin", x -> x.argmin(0).cast(DType.F32)),
                one("topk", x -> x.topk(2, -1).values()),
                one("cumsum", x -> x.cumsum(-1)),
                one("softmax", Tensor::softmax),
                one("logSoftmax", Tensor::logSoftmax),
                one("l2Normalize", Tensor::l2Normalize),
                new Case(
                        "where",
                        List.of(tensor(DType.BOOL, 2, 4), floats(2, 4), floats(2, 4)),
                        in -> Tensor.where(in.get(0), in.get(1), in.get(2))),
                new Case(
                        "layerNorm",
                        List.of(floats(2, 4), floats(4), floats(4)),
                        in -> in.get(0).layerNorm(in.get(1), in.get(2), 1e-5f)),
                new Case(
                        "rmsNorm",
                        List.of(floats(2, 4), floats(4)),
                        in -> in.get(0).rmsNorm(in.get(1), 1e-5f)),
                new Case(
                        "attention",
                        List.of(floats(2, 3, 8), floats(2, 3, 4), floats(2, 3, 4), tensor(DType.I32, 2)),
                        in -> Tensor.attention(in.get(0), in.get(1), in.get(2), in.get(3), 2, 1, 0.5f, false)),
                new Case(
                        "raggedAttention",
                        List.of(floats(3, 8), floats(3, 4), floats(3, 4), tensor(DType.I32, 1)),
                        in -> Tensor.raggedAttention(in.get(0), in.get(1), in.get(2), in.get(3), 2, 1, 0.5f, false)),
                new Case(
                        "segmentSum",
                        List.of(floats(3, 4), tensor(DType.I32, 3)),
                        in -> in.get(0).segmentSum(in.get(1), 2)),
                new Case(
                        "rotary",
                        List.of(floats(2, 3, 2, 4), floats(3, 2), floats(3, 2)),
                        in -> in.get(0).rotary(in.get(1), in.get(2), true)),
                new Case(
                        "gather",
                        List.of(floats(5, 4), tensor(DType.I32, 2, 3)),
                        in -> in.get(0).gather(in.get(1))),
                new Case(
                        "crossEntropy",
                        List.of(floats(2, 4), tensor(DType.I32, 2)),
                        in -> in.get(0).crossEntropy(in.get(1))),
                new Case("concat", List.of(floats(2, 4)), in -> Tensor.concat(0, List.of(ZEROS, in.getFirst()))),
                new Case(
                        "concat of ints",
                        List.of(tensor(DType.I32, 2)),
                        in -> Tensor.concat(0, List.of(INTS, in.getFirst()))));
    }

    private static Stream<Case> binaries() {
        return Stream.of(
                two("add", Tensor::add),
                two("sub", Tensor::sub),
                two("mul", Tensor::mul),
                two("div", Tensor::div),
                two("maximum", Tensor::maximum),
                two("minimum", Tensor::minimum),
                two("pow", (a, b) -> a.add(1).pow(b)),
                two("less", Tensor::less),
                two("greater", Tensor::greater),
                two("equalTo", Tensor::equalTo),
                two("matmul", (a, b) -> a.matmul(b, false, true)));
    }

    /** Gradients are nodes, too. */
    private static Stream<Case> kernels() {
        return Stream.of(
                        new SoftmaxOp.SoftmaxGradient(2, 4),
                        new NormOp.LayerNormGradient(2, 4, 1e-5f),
                        new NormOp.RmsNormGradient(2, 4, 1e-5f),
                        new AttentionOp.AttentionGradient(ATTENTION),
                        new CrossEntropyOp.CrossEntropyGradient(2, 4),
                        new IndexOp.ScatterAdd(6, 5, 4),
                        new SquareSums(List.of(3, 4)),
                        new RandomUniform(8, 1, 2))
                .map(OperandTypesProperties::kernel);
    }

    private static Case kernel(KernelOp op) {
        List<Tensor> inputs = op.inputs().stream()
                .map(operand -> tensor(operand.dtype(), (int) operand.elements()))
                .toList();
        List<Shape> shapes = op.results().stream()
                .map(result -> Shape.of((int) result.elements()))
                .toList();
        return new Case(
                op.toString(),
                inputs,
                in -> Tensor.kernel(op, shapes, in.toArray(Tensor[]::new)).getLast());
    }

    private static Case one(String name, Function<Tensor, Tensor> operation) {
        return new Case(name, List.of(floats(2, 4)), in -> operation.apply(in.getFirst()));
    }

    private static Case two(String name, java.util.function.BinaryOperator<Tensor> operation) {
        return new Case(name, List.of(floats(2, 4), floats(2, 4)), in -> operation.apply(in.getFirst(), in.getLast()));
    }

    private static Tensor floats(int... dims) {
        return tensor(DType.F32, dims);
    }

    private static Tensor tensor(DType type, int... dims) {
        return Tensor.input("x", Shape.of(dims), type);
    }
}

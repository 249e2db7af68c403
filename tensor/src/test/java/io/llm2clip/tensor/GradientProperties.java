package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.SquareSums;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.IntStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.Tuple;
import net.jqwik.api.constraints.IntRange;

/** Every operation's gradient against central differences, and the compiled gradient against the interpreted one. */
public class GradientProperties {

    /** An operation on tensors of given shapes; {@code positive} inputs stay away from 0, {@code frozen} ones get no gradient. */
    record Case(String name, List<Shape> shapes, boolean positive, Function<List<Tensor>, Tensor> operation) {
        @Override
        public String toString() {
            return name + " " + shapes;
        }
    }

    @Property(tries = 300)
    void gradientsAgreeWithCentralDifferences(@ForAll("cases") Case test, @ForAll @IntRange(max = 10_000) int seed) {
        check(test, seed);
    }

    @Property(tries = 240)
    void secondOrderGradientsAgreeWithCentralDifferences(
            @ForAll("gradientKernels") Case test, @ForAll @IntRange(max = 10_000) int seed) {
        checkSecondOrder(test, seed);
    }

    static void check(Case test, int seed) {
        check(test, seed, GradientCheck.of(test.operation));
    }

    static void checkSecondOrder(Case test, int seed) {
        check(test, seed, GradientCheck.of(test.operation).withSeed(seed).ofGradient());
    }

    private static void check(Case test, int seed, GradientCheck check) {
        SplittableRandom random = new SplittableRandom(seed);
        check.on(TestExecution.get())
                .withSeed(seed)
                .within(0.02, 2e-4)
                .at(test.shapes.stream()
                        .map(shape -> TensorData.of(shape, random(random, shape.size(), test.positive)))
                        .toArray(TensorData[]::new));
    }

    /** From 0.3 to 1.5 in magnitude, and apart from each other: where two change places as the largest there is no slope. */
    private static float[] random(SplittableRandom random, int size, boolean positive) {
        int[] order = IntStream.range(0, size).toArray();
        for (int i = size - 1; i > 0; i--) {
            int other = random.nextInt(i + 1);
            int moved = order[i];
            order[i] = order[other];
            order[other] = moved;
        }
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            double magnitude = 0.3 + 1.2 * (order[i] + random.nextDouble(0.5)) / size;
            values[i] = (float) (positive || random.nextBoolean() ? magnitude : -magnitude);
        }
        return values;
    }

    public static void assertClose(String what, float[] found, float[] expected, float tolerance) {
        assertThat(found).as(what).hasSameSizeAs(expected);
        for (int i = 0; i < found.length; i++) {
            assertThat(found[i])
                    .as("%s at %d", what, i)
                    .isCloseTo(expected[i], within(tolerance * (1 + Math.abs(expected[i]))));
        }
    }

    @Provide
    Arbitrary<Case> cases() {
        return Arbitraries.oneOf(unary(), binary(), views(), reductions(), matmuls(), gradientKernels(), indexed());
    }

    private static Arbitrary<Shape> shapes(int minimumRank) {
        return Arbitraries.frequency(Tuple.of(1, 0), Tuple.of(4, 1), Tuple.of(6, 2), Tuple.of(6, 3), Tuple.of(3, 5))
                .list()
                .ofMinSize(minimumRank)
                .ofMaxSize(3)
                .map(Shape::of);
    }

    private static Arbitrary<Case> unary() {
        return shapes(0)
                .flatMap(shape -> Arbitraries.of(
                        one("negate", shape, Tensor::negate),
                        one("abs", shape, Tensor::abs),
                        one("exp", shape, Tensor::exp),
                        positive("log", shape, Tensor::log),
                        positive("sqrt", shape, Tensor::sqrt),
                        positive("rsqrt", shape, Tensor::rsqrt),
                        one("tanh", shape, Tensor::tanh),
                        one("erf", shape, Tensor::erf),
                        one("sigmoid", shape, Tensor::sigmoid),
                        one("sin", shape, Tensor::sin),
                        one("cos", shape, Tensor::cos),
                        one("gelu", shape, Tensor::gelu),
                        one("geluTanh", shape, Tensor::geluTanh),
                        one("quickGelu", shape, Tensor::quickGelu),
                        one("silu", shape, Tensor::silu),
                        one("square", shape, Tensor::square),
                        one("relu", shape, Tensor::relu),
                        // No input is near a bound, where a difference would be that of two slopes.
                        one("clamp from below", shape, x -> x.clamp(-0.1f, 2)),
                        one("clamp from above", shape, x -> x.clamp(-2, 0.1f)),
                        one("cube", shape, x -> x.pow(3)),
                        positive("pow -2", shape, x -> x.pow(-2)),
                        positive("pow 0.3", shape, x -> x.pow(0.3f)),
                        positive("pow -1.7", shape, x -> x.pow(-1.7f))));
    }

    private static Arbitrary<Case> binary() {
        Arbitrary<List<Shape>> pairs = shapes(0)
                .flatMap(shape -> Arbitraries.integers()
                        .between(0, shape.rank())
                        .flatMap(keep -> Arbitraries.integers().between(0, 7).map(ones -> {
                            int[] dims = shape.without(0, shape.rank() - keep).dims();
                            for (int i = 0; i < dims.length; i++) {
                                dims[i] = (ones >> i & 1) == 1 ? 1 : dims[i];
                            }
                            return List.of(shape, Shape.of(dims));
                        })));
        return pairs.flatMap(pair -> Arbitraries.of(
                two("add", pair, Tensor::add),
                two("sub", pair, Tensor::sub),
                two("mul", pair, Tensor::mul),
                two("div", pair, Tensor::div),
                two("reversed div", pair, (a, b) -> b.div(a)),
                two("maximum", pair, (a, b) -> a.mul(6).maximum(b)),
                two("minimum", pair, (a, b) -> a.minimum(b.mul(6))),
                two("pow", pair, (a, b) -> a.square().add(0.5f).pow(b)),
                two("less", pair, (a, b) -> Tensor.where(a.less(b.mul(6)), a.square(), b.square())),
                two("where", pair, (a, b) -> Tensor.where(a.greater(Tensor.scalar(0)), a.mul(b), b.sub(a)))));
    }

    private static Arbitrary<Case> views() {
        Arbitrary<Case> free = shapes(1)
                .flatMap(s -> Arbitraries.of(
                        one("reshape", s, x -> x.mul(2).reshape(-1).mul(x.reshape(-1))),
                        one("transpose", s, x -> x.transpose(0, -1).mul(3)),
                        one(
                                "transpose then reshape",
                                s,
                                x -> x.transpose(0, -1)
                                        .reshape(x.shape().size())
                                        .square()),
                        one(
                                "expand",
                                s,
                                x -> x.reshape(x.shape().append(1))
                                        .expand(x.shape().append(3))
                                        .square()),
                        one("concat", s, x -> Tensor.concat(0, List.of(x, x.square(), x)))));
        Arbitrary<Case> slices = Arbitraries.integers()
                .between(1, 5)
                .flatMap(n -> Arbitraries.integers()
                        .between(0, n - 1)
                        .map(start -> one(
                                "slice",
                                Shape.of(2, n, 3),
                                x -> x.slice(1, start, n).square().transpose(0, 1))));
        return Arbitraries.oneOf(free, slices);
    }

    private static Arbitrary<Case> reductions() {
        return shapes(1)
                .flatMap(s -> Arbitraries.of(
                        one("sum", s, x -> x.square().sum()),
                        one("sum first", s, x -> x.square().sum(0)),
                        one("sum last", s, x -> x.sum(-1).square()),
                        one(
                                "sum outer axes",
                                s,
                                x -> s.rank() < 3 ? x.sum() : x.sum(0, 2).square()),
                        one(
                                "max last",
                                s.dim(-1) == 0 ? Shape.of(2, 3) : s,
                                x -> x.max(-1).square()),
                        one(
                                "min first",
                                s.dim(0) == 0 ? Shape.of(2, 3) : s,
                                x -> x.min(0).square()),
                        one(
                                "max of all",
                                s.size() == 0 ? Shape.of(2, 3) : s,
                                x -> x.max().add(x.min().square())),
                        one("cumsum first", s, x -> x.cumsum(0).square()),
                        one("cumsum last", s, x -> x.square().cumsum(-1)),
                        one("topk", s.size() == 0 ? Shape.of(2, 3) : s, GradientProperties::half),
                        one("l2Normalize", s, Tensor::l2Normalize),
                        one("logSoftmax", s.dim(-1) == 0 ? Shape.of(2, 3) : s, Tensor::logSoftmax)));
    }

    /** The greater half of each column, squared. */
    private static Tensor half(Tensor x) {
        return x.topk((x.shape().dim(0) + 1) / 2, 0).values().square();
    }

    private static Arbitrary<Case> matmuls() {
        Arbitrary<Integer> dim = Arbitraries.of(0, 1, 2, 3, 5);
        return dim.tuple4().flatMap(t -> {
            int batch = t.get1();
            int m = t.get2();
            int k = t.get3();
            int n = t.get4();
            return Arbitraries.of(
                    two("matmul", List.of(Shape.of(m, k), Shape.of(k, n)), Tensor::matmul),
                    two(
                            "linear with bias",
                            List.of(Shape.of(batch, m, k), Shape.of(n, k)),
                            (x, w) -> x.matmulTransposed(w).add(w.sum(-1)).gelu()),
                    two("shared", List.of(Shape.of(batch, m, k), Shape.of(k, n)), Tensor::matmul),
                    two("batched", List.of(Shape.of(batch, m, k), Shape.of(batch, k, n)), Tensor::matmul),
                    two(
                            "batched A^T",
                            List.of(Shape.of(batch, k, m), Shape.of(batch, k, n)),
                            (a, b) -> a.matmul(b, true, false)),
                    two(
                            "batched B^T",
                            List.of(Shape.of(batch, m, k), Shape.of(batch, n, k)),
                            (a, b) -> a.matmul(b, false, true)),
                    two("both transposed", List.of(Shape.of(k, m), Shape.of(n, k)), (a, b) -> a.matmul(b, true, true)),
                    two(
                            "residual epilogue",
                            List.of(Shape.of(m, k), Shape.of(k, k)),
                            (x, w) -> x.matmul(w).mul(0.5f).add(x)));
        });
    }

    private static Case squareSums(Shape a, Shape b) {
        KernelOp op = new SquareSums(List.of(a.size(), b.size()));
        Shape sums = Shape.of(SquareSums.blocks(a.size()) + SquareSums.blocks(b.size()));
        return new Case(
                "squareSums",
                List.of(a, b),
                false,
                in -> Tensor.kernel(op, sums, DType.F32, in.toArray(Tensor[]::new)));
    }

    @Example
    void gradientsOfSquaresReachAllBlocks() {
        int size = SquareSums.BLOCK + 2;
        float[] values = new float[size];
        float[] expected = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = i % 100 - 50;
            expected[i] = 2 * values[i] * (i < SquareSums.BLOCK ? 3 : 5);
        }
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(size), values));
        Tensor sums = Tensor.kernel(new SquareSums(List.of(size)), Shape.of(2), DType.F32, x);
        Tensor seed = Tensor.variable("seed", TensorData.of(Shape.of(2), 3, 5));
        assertThat(Gradients.of(sums, seed, List.of(x))
                        .getFirst()
                        .evaluate(TestExecution.get())
                        .toFloats())
                .containsExactly(expected);
    }

    /** Operations whose gradient is a kernel of its own. */
    @Provide
    static Arbitrary<Case> gradientKernels() {
        Arbitrary<Integer> dim = Arbitraries.of(1, 2, 3, 5);
        Arbitrary<Case> rows = dim.tuple2().flatMap(t -> {
            Shape x = Shape.of(t.get1(), t.get2() + 1);
            Shape w = Shape.of(t.get2() + 1);
            return Arbitraries.of(
                    one("softmax", x, Tensor::softmax),
                    new Case(
                            "layerNorm",
                            List.of(x, w, w),
                            false,
                            in -> in.get(0).layerNorm(in.get(1), in.get(2), 0.1f)),
                    new Case("rmsNorm", List.of(x, w), false, in -> in.get(0).rmsNorm(in.get(1), 0.1f)),
                    squareSums(x, w),
                    one("crossEntropy", x, logits -> logits.crossEntropy(targets(x.dim(0), x.dim(1)))));
        });
        Arbitrary<Case> attention = Arbitraries.of(1, 2, 4)
                .flatMap(length -> Arbitraries.of(1, 2)
                        .flatMap(group -> Arbitraries.of(true, false).map(causal -> {
                            Shape q = Shape.of(2, length, 2 * group * 3);
                            Shape k = Shape.of(2, length, 2 * 3);
                            Tensor lengths = Tensor.variable(
                                    "lengths", TensorData.ofInts(Shape.of(2), length, Math.max(1, length - 1)));
                            return new Case(
                                    "attention group " + group + (causal ? " causal" : ""),
                                    List.of(q, k, k),
                                    false,
                                    in -> Tensor.attention(
                                            in.get(0), in.get(1), in.get(2), lengths, 2 * group, 2, 0.6f, causal));
                        })));
        return Arbitraries.oneOf(rows, attention);
    }

    private static Arbitrary<Case> indexed() {
        Tensor index = Tensor.variable("index", TensorData.ofInts(Shape.of(2, 3), 0, 3, 3, 1, 0, 3));
        Tensor cos = Tensor.variable("cos", TensorData.of(Shape.of(3, 2), 1, 0.5f, 0.2f, -0.3f, 0.9f, 0.1f));
        Tensor sin = Tensor.variable("sin", TensorData.of(Shape.of(3, 2), 0, 0.8f, 0.9f, 0.7f, 0.2f, -0.4f));
        return Arbitraries.of(
                one("gather", Shape.of(4, 3), table -> table.gather(index).square()),
                one(
                        "rotary halves",
                        Shape.of(2, 3, 2, 4),
                        x -> x.rotary(cos, sin, false).square()),
                one(
                        "rotary pairs",
                        Shape.of(2, 3, 2, 4),
                        x -> x.rotary(cos, sin, true).square()));
    }

    private static Tensor targets(int rows, int classes) {
        int[] targets = new int[rows];
        for (int i = 0; i < rows; i++) {
            targets[i] = i % 3 == 2 ? -1 : (i * 7) % classes;
        }
        return Tensor.variable("targets", TensorData.ofInts(Shape.of(rows), targets));
    }

    private static Case one(String name, Shape shape, Function<Tensor, Tensor> operation) {
        return new Case(name, List.of(shape), false, in -> operation.apply(in.getFirst()));
    }

    private static Case positive(String name, Shape shape, Function<Tensor, Tensor> operation) {
        return new Case(name, List.of(shape), true, in -> operation.apply(in.getFirst()));
    }

    private static Case two(String name, List<Shape> shapes, java.util.function.BinaryOperator<Tensor> operation) {
        return new Case(name, shapes, false, in -> operation.apply(in.get(0), in.get(1)));
    }

    /** The gradient is of f32, whatever the value is of, so nothing is lost on its way. */
    @Example
    void gradientsFlowThroughCasts() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(3), 3, -2, 0.1f));
        float[] weights = {1 + 0x1p-12f, -2, 3 + 0x1p-8f};
        Tensor weight = Tensor.variable("weight", TensorData.of(Shape.of(3), weights));
        assertThat(gradientThroughCast(DType.F16, x, weight)).containsExactly(weights);
        assertThat(gradientThroughCast(DType.BF16, x, weight)).containsExactly(weights);
        assertThat(gradientThroughCast(DType.I32, x, weight)).containsExactly(0, 0, 0);
    }

    private static float[] gradientThroughCast(DType type, Tensor x, Tensor weight) {
        Tensor loss = x.cast(type).cast(DType.F32).mul(weight).sum();
        return Gradients.of(loss, List.of(x))
                .getFirst()
                .evaluate(TestExecution.get())
                .toFloats();
    }

    @Example
    void noGradientFlowsThroughStopGradient() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2), 3, -2));
        Tensor gradient =
                Gradients.of(x.mul(x.stopGradient()).sum(), List.of(x)).getFirst();
        assertThat(gradient.evaluate(TestExecution.get()).toFloats()).containsExactly(3, -2);
    }

    @Example
    void nothingFlowsThroughComparisonsOrToUnrelatedNodes() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2), 1, -2));
        Tensor other = Tensor.variable("other", TensorData.of(Shape.of(3), 1, 2, 3));
        Tensor loss = x.greater(Tensor.scalar(0)).cast(DType.F32).sum();
        assertThat(Gradients.of(loss, List.of(x, other)).stream()
                        .map(g -> g.evaluate(TestExecution.get()).toFloats())
                        .toList())
                .containsExactly(new float[] {0, 0}, new float[] {0, 0, 0});
    }
}

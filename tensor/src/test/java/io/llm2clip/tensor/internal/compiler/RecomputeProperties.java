package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.GradientProperties;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.TestExecution;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.UnaryOperator;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** What is computed again is the same, and is not there meanwhile. */
class RecomputeProperties {
    private static final Shape SHAPE = Shape.of(4, 4);

    private static Tensor variable(SplittableRandom random, int... dims) {
        Shape shape = Shape.of(dims);
        return Tensor.variable("x", TensorData.of(shape, CompilerProperties.floats(random, shape.size())));
    }

    /** Some operations on what is given, on variables and on what was computed before, whose result has the shape of the first. */
    private static Tensor body(long seed, List<Tensor> given) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Tensor> nodes = new ArrayList<>(given);
        for (int i = 0; i < 12; i++) {
            nodes.add(CompilerProperties.grow(random, nodes));
        }
        Tensor all = given.getFirst();
        for (Tensor node : nodes) {
            all = all.add(node.mean().tanh());
        }
        return all;
    }

    /** Three layers, the second of which holds a scope of its own. */
    private static Tensor network(long seed, Tensor x, List<Tensor> weights, boolean scopes) {
        Tensor y = x;
        for (int layer = 0; layer < 3; layer++) {
            long number = seed + layer;
            Tensor weight = weights.get(layer);
            boolean nested = layer == 1;
            UnaryOperator<Tensor> inner = in -> body(number, List.of(in, weight, x));
            y = scope(
                    y,
                    in -> nested
                            ? scope(inner.apply(in), z -> body(~number, List.of(z, weight)), scopes)
                            : inner.apply(in),
                    scopes);
        }
        return y;
    }

    private static Tensor scope(Tensor x, UnaryOperator<Tensor> body, boolean scopes) {
        return scopes ? Tensor.recompute(List.of(x), in -> body.apply(in.getFirst())) : body.apply(x);
    }

    @Property(tries = 30)
    void valuesAndGradientsHaveTheSameBits(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Tensor x = variable(random, 4, 4);
        List<Tensor> weights = List.of(variable(random, 4, 4), variable(random, 4), variable(random, 4, 4));
        List<Tensor> trained = new ArrayList<>(weights);
        trained.add(x);
        List<List<TensorData>> found = new ArrayList<>();
        for (boolean scopes : new boolean[] {false, true}) {
            Tensor loss = network(seed, x, weights, scopes).square().mean();
            List<Tensor> roots = new ArrayList<>(List.of(loss));
            roots.addAll(Gradients.of(loss, trained));
            found.add(roots.stream()
                    .map(root -> TensorData.allocate(root.shape(), root.dtype()))
                    .toList());
            try (Program program = Program.compile(roots, TestExecution.get())) {
                List<TensorData> results = program.run();
                for (int i = 0; i < roots.size(); i++) {
                    found.getLast().get(i).copyFrom(results.get(i));
                }
            }
            if (scopes) {
                float expected =
                        Interpreter.evaluate(List.of(loss), Map.of()).getFirst().item();
                assertThat(found.getLast().getFirst().item())
                        .isCloseTo(expected, within(1e-3f * (1 + Math.abs(expected))));
            }
        }
        for (int i = 0; i < found.getFirst().size(); i++) {
            assertThat(found.getLast().get(i).toFloats())
                    .as("value " + i)
                    .containsExactly(found.getFirst().get(i).toFloats());
        }
    }

    @Example
    void nothingOfAScopeIsKept() {
        SplittableRandom random = new SplittableRandom(5);
        int layers = 12;
        long[] workspace = new long[2];
        for (int scopes = 0; scopes < 2; scopes++) {
            Tensor y = variable(random, 256, 64);
            List<Tensor> weights = new ArrayList<>();
            for (int i = 0; i < layers; i++) {
                Tensor up = variable(random, 64, 256);
                Tensor down = variable(random, 256, 64);
                weights.addAll(List.of(up, down));
                UnaryOperator<Tensor> block =
                        x -> x.add(x.matmul(up).softmax().matmul(down).mul(0.1f));
                y = scope(y, block, scopes == 1);
            }
            Tensor loss = y.square().mean();
            // Not run, and too large for devices of tests.
            try (Program program = Program.compile(Gradients.of(loss, weights), Execution.cpu())) {
                workspace[scopes] = program.memory().workspace();
            }
        }
        // The inputs of all layers, and what one of them needs, of four times their size.
        assertThat(workspace[1]).isLessThanOrEqualTo((layers + 3 * 4) * 256L * 64 * Float.BYTES);
        assertThat(workspace[0]).isGreaterThan(layers * 5 * 256L * 64 * Float.BYTES);
    }

    /** That the gradient of the scope's result is a constant makes no difference. */
    @Example
    void aScopeIsComputedTwiceAlsoAtTheEnd() {
        SplittableRandom random = new SplittableRandom(6);
        Tensor x = variable(random, 8, 8);
        Tensor loss = Tensor.recompute(
                List.of(x), in -> in.getFirst().softmax().matmul(x).softmax().sum());
        Tensor gradient = Gradients.of(loss, List.of(x)).getFirst();
        try (Program program = Program.compile(List.of(loss, gradient), TestExecution.get())) {
            assertThat(program.explain().split("Softmax\\[", -1))
                    .as("three kernels: the last result is not needed again")
                    .hasSizeGreaterThanOrEqualTo(4);
        }
    }

    @Example
    void whatReadsNothingIsNoScope() {
        Tensor x = variable(new SplittableRandom(7), 2, 2);
        Tensor before = x.exp();
        assertThat(Tensor.recompute(List.of(x), in -> before)).isSameAs(before);
        assertThat(Tensor.recompute(List.of(x), List::getFirst)).isSameAs(x);
        assertThat(Tensor.recompute(List.of(), in -> Tensor.full(2, SHAPE).add(1))
                        .evaluate(TestExecution.get())
                        .toFloats())
                .containsOnly(3);
    }

    @Example
    void integersPassThroughScopes() {
        Tensor table = variable(new SplittableRandom(8), 5, 3);
        Tensor index = Tensor.variable("index", TensorData.ofInts(Shape.of(4), 3, 1, 3, 0));
        Tensor plain = table.gather(index).tanh();
        Tensor scoped = Tensor.recompute(
                List.of(index), in -> table.gather(in.getFirst()).tanh());
        for (Tensor result : List.of(plain, scoped)) {
            assertThat(result.dtype()).isEqualTo(DType.F32);
        }
        assertThat(Gradients.of(scoped.square().sum(), List.of(table))
                        .getFirst()
                        .evaluate(TestExecution.get())
                        .toFloats())
                .containsExactly(Gradients.of(plain.square().sum(), List.of(table))
                        .getFirst()
                        .evaluate(TestExecution.get())
                        .toFloats());
    }

    @Example
    void gradientsWithinAScopeAreRefused() {
        Tensor x = variable(new SplittableRandom(9), 2, 2);
        List<Tensor> leaked = new ArrayList<>();
        Tensor loss = Tensor.recompute(List.of(x), in -> {
                    leaked.add(in.getFirst().exp());
                    return leaked.getFirst().tanh();
                })
                .sum();
        assertThatThrownBy(() -> Gradients.of(loss, leaked))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "Gradients with respect to F32 [2, 2] of a recompute scope; expected what the scope reads or"
                                + " returns, values in it are not kept.");
    }

    /** Gradients are graph, of which there are gradients. */
    @Example
    void scopesAreDifferentiatedTwice() {
        Tensor x = variable(new SplittableRandom(10), 3, 3);
        List<float[]> found = new ArrayList<>();
        for (boolean scopes : new boolean[] {false, true}) {
            Tensor y = scope(x, in -> in.mul(in.tanh()).softmax().matmul(x), scopes);
            Tensor first = Gradients.of(y.square().sum(), List.of(x)).getFirst();
            Tensor second = Gradients.of(first.square().sum(), List.of(x)).getFirst();
            found.add(second.evaluate(TestExecution.get()).toFloats());
        }
        GradientProperties.assertClose("gradient of gradient", found.get(1), found.get(0), 1e-5f);
    }
}

package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import io.llm2clip.tensor.internal.graph.Node;
import io.llm2clip.tensor.internal.graph.View;
import io.llm2clip.tensor.internal.graph.Views;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is computed again has the values that it had, and is not kept meanwhile. */
class RematerializationTest {
    private static final int ROWS = 64;
    private static final int WIDTH = 8;
    private static final int LAYERS = 6;
    private static final Target TARGET = new Target("a device of tests", Set.of(Precision.F32), 64, true);

    private final List<Tensor> weights = new ArrayList<>();

    /** The schedules before and after the pass, and what the program hands out. */
    private record Passed(Schedule before, Schedule after, List<View> outputs) {
        static Passed of(List<Tensor> outputs, List<Update> updates) {
            Simplifier.Simplified graph = Simplifier.simplify(outputs, updates);
            Map<Node, Precision> precisions = PrecisionPass.assign(graph.order(), TARGET, ProgramOptions.DEFAULT);
            Views views = new Views();
            Layouts.Laid laid = Layouts.assign(
                    Fusion.fuse(graph.order(), TARGET, precisions, views), graph, views, TARGET.packings());
            Schedule schedule = Schedule.of(UpdatePass.place(laid), laid.outputs());
            return new Passed(schedule, Rematerialization.of(schedule, laid.outputs(), 0), laid.outputs());
        }

        long workspace(Schedule schedule) {
            return Plan.sum(MemoryPlan.of(schedule, List.of(), outputs, TARGET).workspaceBytes());
        }
    }

    private Tensor weight(int... shape) {
        Tensor weight = Tensor.variable("w" + weights.size(), TensorData.allocate(Shape.of(shape), DType.F32));
        weights.add(weight);
        return weight;
    }

    /** Blocks of a normalization, a wide layer with an activation, and a sum. */
    private Tensor network() {
        Tensor x = Tensor.input("x", Shape.of(ROWS, WIDTH), DType.F32);
        for (int i = 0; i < LAYERS; i++) {
            Tensor normal = x.layerNorm(weight(WIDTH), weight(WIDTH), 1e-5f);
            Tensor wide = normal.matmulTransposed(weight(4 * WIDTH, WIDTH)).add(weight(4 * WIDTH));
            x = x.add(wide.gelu().matmulTransposed(weight(WIDTH, 4 * WIDTH)));
        }
        return x.square().mean();
    }

    private static long count(Schedule schedule, Class<?> type) {
        return schedule.calls().stream()
                .filter(call -> type.isInstance(call.op()))
                .count();
    }

    /**
     * What every output and variable is at the end, in symbols: the kernel and what its operands are. Equal numbers stand for equal
     * computations.
     */
    private static final class Symbols {
        private final Map<List<Object>, Integer> numbers;
        private final Map<Node, Integer> memory = new HashMap<>();
        private final Map<Node, Node> homes;

        Symbols(Schedule schedule, Map<List<Object>, Integer> numbers) {
            this.numbers = numbers;
            homes = schedule.homes();
            for (KernelCall call : schedule.calls()) {
                List<Object> key = new ArrayList<>(List.of(call.op()));
                for (View operand : call.operands()) {
                    key.add(of(operand.base()));
                    key.add(List.of(operand.offset(), operand.shape(), operand.strides()));
                }
                for (int i = 0; i < call.results().size(); i++) {
                    List<Object> result = new ArrayList<>(key);
                    result.add(i);
                    memory.put(place(call.results().get(i)), number(result));
                }
            }
        }

        private Node place(Node node) {
            return homes.getOrDefault(node, node);
        }

        private int number(List<Object> key) {
            return numbers.computeIfAbsent(key, _ -> numbers.size());
        }

        int of(Node node) {
            return memory.getOrDefault(place(node), number(List.of("before", place(node))));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void theSameIsComputedInLessMemory(boolean updates) {
        Tensor loss = network();
        List<Tensor> gradients = Gradients.of(loss, weights);
        List<Update> steps = new ArrayList<>();
        for (int i = 0; i < weights.size() && updates; i++) {
            steps.add(Update.assign(
                    weights.get(i), weights.get(i).sub(gradients.get(i).mul(0.1f))));
        }
        List<Tensor> outputs = new ArrayList<>(List.of(loss));
        if (!updates) {
            outputs.addAll(gradients);
        }
        Passed passed = Passed.of(outputs, steps);

        assertThat(count(passed.after, NormOp.LayerNorm.class))
                .isGreaterThan(count(passed.before, NormOp.LayerNorm.class));
        assertThat(count(passed.after, Elementwise.class)).isGreaterThan(count(passed.before, Elementwise.class));
        assertThat(passed.after.calls().size() - passed.before.calls().size())
                .as("at most a norm and an activation of each block")
                .isLessThanOrEqualTo(2 * LAYERS);
        long saved = 4L * ROWS * 5 * WIDTH * (LAYERS - 2);
        assertThat(passed.workspace(passed.after)).isLessThanOrEqualTo(passed.workspace(passed.before) - saved);

        Map<List<Object>, Integer> numbers = new HashMap<>();
        Symbols before = new Symbols(passed.before, numbers);
        Symbols after = new Symbols(passed.after, numbers);
        for (View output : passed.outputs) {
            assertThat(after.of(output.base())).isEqualTo(before.of(output.base()));
        }
        passed.before
                .homes()
                .values()
                .forEach(variable -> assertThat(after.of(variable)).isEqualTo(before.of(variable)));
    }

    /** Weights that have been updated by then cannot be read again. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatHasChangedIsNotComputedFrom(boolean updated) {
        Tensor x = Tensor.input("x", Shape.of(ROWS, WIDTH), DType.F32);
        Tensor scale = weight(WIDTH);
        Tensor kept = x.mul(scale);
        Tensor y = kept.matmulTransposed(weight(WIDTH, WIDTH));
        for (int i = 0; i < 30; i++) {
            y = y.matmulTransposed(weight(4 * WIDTH, WIDTH)).matmulTransposed(weight(WIDTH, 4 * WIDTH));
        }
        Tensor end = kept.matmul(y, true, false).sum();
        List<Update> updates = updated ? List.of(Update.assign(scale, Tensor.full(3, scale.shape()))) : List.of();
        Passed passed = Passed.of(List.of(end), updates);
        assertThat(passed.after.calls()).hasSize(passed.before.calls().size() + (updated ? 0 : 1));
    }

    /** Nothing is far away in a forward pass. */
    @Test
    void encodersAreAsTheyWere() {
        Passed passed = Passed.of(List.of(network()), List.of());
        assertThat(passed.after.calls()).isEqualTo(passed.before.calls());
    }
}

package io.llm2clip.tensor.custom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.tensor.GradientCheck;
import io.llm2clip.tensor.GradientProperties;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.tensor.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.example.operations.Center;
import org.example.operations.FlipHalves;
import org.example.operations.Follow;
import org.example.operations.PickRows;

/** Operations of a foreign project do what others do: wherever they run, in whatever graph they are. */
class CustomProperties {

    @Property(tries = 30)
    void graphsAgreeWithTheInterpreter(
            @ForAll @IntRange(max = 5) int rows, @ForAll @IntRange(min = 1, max = 40) int columns, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Tensor x = Tensor.input("x", Shape.of(rows, columns), DType.F32);
        Tensor index = Tensor.input("index", Shape.of(4), DType.I32);
        Tensor weight = variable("weight", random, 7, columns);
        Tensor before = x.mul(2).add(0.5f);
        Tensor swished = CustomTensors.swish(before, 1.5f);
        Tensor plain = CustomTensors.plainSwish(before.transpose(0, 1), 0.7f).transpose(0, 1);
        Tensor centered = CustomTensors.center(swished.add(plain)).gelu();
        Tensor table = Tensor.concat(0, List.of(centered, x, Tensor.full(0.25f, Shape.of(1, columns))));
        List<Tensor> picked = CustomTensors.pickRows(table, index);
        List<Tensor> outputs = List.of(
                swished.mul(plain),
                picked.get(0).matmulTransposed(weight).add(picked.get(1).reshape(4, 1)),
                picked.get(1),
                CustomTensors.swish(Tensor.scalar(0.5f), 1),
                CustomTensors.center(x.slice(0, 0, rows / 2)));
        Map<Tensor, TensorData> feeds = Map.of(
                x,
                data(random, rows, columns),
                index,
                TensorData.ofInts(Shape.of(4), random.ints(4, 0, 2 * rows + 1).toArray()));
        requireEqual(outputs, feeds, 1e-4f);
    }

    private static void requireEqual(List<Tensor> outputs, Map<Tensor, TensorData> feeds, float tolerance) {
        List<TensorData> expected = Interpreter.evaluate(outputs, feeds);
        try (Program program = Program.compile(outputs, TestExecution.get())) {
            feeds.forEach(program::feed);
            for (int run = 0; run < 2; run++) {
                List<TensorData> found = program.run();
                for (int i = 0; i < outputs.size(); i++) {
                    GradientProperties.assertClose(
                            "output " + i + " of run " + run,
                            found.get(i).toFloats(),
                            expected.get(i).toFloats(),
                            tolerance);
                }
            }
        }
    }

    @Property(tries = 8)
    void gradientsAgreeWithCentralDifferences(
            @ForAll @IntRange(min = 1, max = 5) int rows, @ForAll @IntRange(max = 9999) int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        TensorData index =
                TensorData.ofInts(Shape.of(3), random.ints(3, 0, rows).toArray());
        check(GradientCheck.of(in -> CustomTensors.swish(in.getFirst(), 1.3f)), seed, data(random, rows, 2));
        check(GradientCheck.of(in -> CustomTensors.plainSwish(in.getFirst(), -0.4f)), seed, data(random, rows, 2));
        check(GradientCheck.of(in -> CustomTensors.center(in.getFirst()).square()), seed, data(random, rows, 2));
        GradientCheck picked = GradientCheck.ofResults(in -> CustomTensors.pickRows(in.get(0), in.get(1)));
        check(picked, seed, data(random, rows, 3), index);
        // One of two results, the other one has no gradient.
        GradientCheck squares = GradientCheck.of(
                in -> CustomTensors.pickRows(in.get(0), in.get(1)).get(1));
        check(squares, seed, data(random, rows, 3), index);
        GradientCheck all = GradientCheck.of(in -> {
            Tensor x = CustomTensors.swish(in.get(0).mul(2), 1).add(in.get(0));
            List<Tensor> both = CustomTensors.pickRows(CustomTensors.center(x), in.get(1));
            // Of what saturates, 1 - tanh^2 is rounding only.
            return both.get(0).mul(both.get(1).reshape(3, 1)).mul(0.1f).tanh();
        });
        check(all, seed, data(random, rows, 3), index);
    }

    private static void check(GradientCheck check, int seed, TensorData... inputs) {
        GradientCheck here = check.on(TestExecution.get()).withSeed(seed);
        here.at(inputs);
        here.ofGradient().within(0.02, 1e-3).at(inputs);
    }

    @Property(tries = 8)
    void scopesThatAreComputedAgainHaveTheSameGradients(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Tensor x = variable("x", random, 4, 6);
        Tensor w = variable("w", random, 6, 6);
        Tensor index = Tensor.variable("index", TensorData.ofInts(Shape.of(5), 0, 3, 3, 1, 2));
        Tensor plain = block(x, w, index);
        Tensor scope = Tensor.recompute(List.of(x), in -> block(in.getFirst(), w, index));
        List<Tensor> gradients = new ArrayList<>(Gradients.of(plain.square().sum(), List.of(x, w)));
        gradients.addAll(Gradients.of(scope.square().sum(), List.of(x, w)));
        try (Program program = Program.compile(gradients, TestExecution.get())) {
            List<TensorData> found = program.run();
            assertThat(found.get(2).toFloats()).containsExactly(found.get(0).toFloats());
            assertThat(found.get(3).toFloats()).containsExactly(found.get(1).toFloats());
        }
        requireEqual(gradients, Map.of(), 1e-3f);
    }

    private static Tensor block(Tensor x, Tensor w, Tensor index) {
        List<Tensor> picked = CustomTensors.pickRows(CustomTensors.swish(x.matmul(w), 1), index);
        return CustomTensors.center(picked.get(0))
                .mul(picked.get(1).reshape(5, 1).add(1).log());
    }

    /** What reads the variable reads it as it was, whatever else the program does with it. */
    @Property(tries = 30)
    void variablesAreUpdatedInPlace(@ForAll @IntRange(min = 1, max = 70) int elements, @ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        Tensor value = variable("value", random, elements);
        TensorData stored = data(value);
        Tensor other = variable("other", random, elements);
        Tensor target = CustomTensors.swish(other, 1).add(value.mul(0.5f));
        Update update = new Update.Kernel(new Follow(elements), List.of(target, Tensor.scalar(0.25f)), List.of(value));
        List<Tensor> outputs = List.of(value.mul(3), CustomTensors.center(value));
        Tensor expectedValue = value.add(target.sub(value).mul(0.25f));
        try (Program program = Program.compile(outputs, List.of(update), TestExecution.get())) {
            for (int run = 0; run < 3; run++) {
                List<TensorData> expected = Interpreter.evaluate(outputs, Map.of());
                float[] after = Interpreter.evaluate(List.of(expectedValue), Map.of())
                        .getFirst()
                        .toFloats();
                List<TensorData> found = program.run();
                for (int i = 0; i < outputs.size(); i++) {
                    GradientProperties.assertClose(
                            "output " + i,
                            found.get(i).toFloats(),
                            expected.get(i).toFloats(),
                            1e-5f);
                }
                GradientProperties.assertClose("value", stored.toFloats(), after, 1e-5f);
            }
        }
    }

    /** A value of an operation of one's own may be computed where a variable lies that it does not read, and not where it does. */
    @Example
    void resultsMayBeAssigned() {
        SplittableRandom random = new SplittableRandom(3);
        Tensor a = variable("a", random, 9);
        Tensor b = variable("b", random, 9);
        Tensor centered = CustomTensors.center(a);
        float[] expected =
                Interpreter.evaluate(List.of(centered), Map.of()).getFirst().toFloats();
        for (Tensor variable : List.of(b, a)) {
            try (Program program =
                    Program.compile(List.of(), List.of(Update.assign(variable, centered)), TestExecution.get())) {
                program.run();
                GradientProperties.assertClose("assigned", data(variable).toFloats(), expected, 1e-6f);
            }
        }
    }

    @Example
    void halvesAreTakenAsTheyAre() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(5), 1, -2, 0.5f, 0, -7))
                .cast(DType.BF16);
        Tensor flipped = Tensor.kernel(new FlipHalves(5), Shape.of(5), DType.BF16, x);
        assertThat(flipped.cast(DType.F32).evaluate(TestExecution.get()).toFloats())
                .containsExactly(-1, 2, -0.5f, -0f, 7);
    }

    @Example
    void indicesOutOfBoundsAreRefusedByTheNameOfTheTensor() {
        Tensor table = Tensor.variable("table", TensorData.allocate(Shape.of(3, 2), DType.F32));
        Tensor index = Tensor.input("ids", Shape.of(2), DType.I32);
        List<Tensor> picked = CustomTensors.pickRows(table, index);
        try (Program program = Program.compile(picked, TestExecution.get())) {
            program.feed(index, TensorData.ofInts(Shape.of(2), 0, 3));
            assertThatThrownBy(program::run)
                    .isInstanceOf(IndexException.class)
                    .hasMessage("DifferentiablePickRows: index[1] is 3, expected 0 to 2; table is 'table' F32 [3, 2],"
                            + " index is 'ids' I32 [2].");
            program.feed(index, TensorData.ofInts(Shape.of(2), 0, 2));
            assertThat(program.run()).hasSize(2);
        }
    }

    /** Results of one kernel under several shapes, in one program. */
    @Example
    void resultsMayHaveSeveralShapes() {
        SplittableRandom random = new SplittableRandom(1);
        Tensor table = variable("table", random, 3, 4);
        Tensor index = Tensor.variable("index", TensorData.ofInts(Shape.of(2), 2, 0));
        List<Tensor> flat = Tensor.kernel(new PickRows(2, 3, 4), List.of(Shape.of(2, 4), Shape.of(2)), table, index);
        List<Tensor> column =
                Tensor.kernel(new PickRows(2, 3, 4), List.of(Shape.of(2, 4), Shape.of(2, 1)), table, index);
        requireEqual(List.of(flat.get(1).add(1), column.get(1).mul(column.get(0)), column.get(1)), Map.of(), 1e-5f);
    }

    @Example
    void largeOnesRunAsWell() {
        SplittableRandom random = new SplittableRandom(1);
        int elements = 5000;
        Tensor x = variable("x", random, elements);
        requireEqual(
                List.of(
                        CustomTensors.swish(x, 2),
                        Tensor.kernel(new Center(elements), Shape.of(elements), DType.F32, x)),
                Map.of(),
                1e-4f);
    }

    private static Tensor variable(String name, SplittableRandom random, int... dims) {
        return Tensor.variable(name, data(random, dims));
    }

    private static TensorData data(Tensor variable) {
        return ((Operation.Variable) variable.operation()).data();
    }

    private static TensorData data(SplittableRandom random, int... dims) {
        Shape shape = Shape.of(dims);
        float[] values = new float[shape.size()];
        IntStream.range(0, values.length).forEach(i -> values[i] = (float) random.nextDouble(-1, 1));
        return TensorData.of(shape, values);
    }
}

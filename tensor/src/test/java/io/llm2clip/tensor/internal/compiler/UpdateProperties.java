package io.llm2clip.tensor.internal.compiler;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.reference.Reference;
import io.llm2clip.tensor.GradientProperties;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.tensor.Update;
import io.llm2clip.tensor.internal.engine.CompiledProgram;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/** Whatever is computed where a variable lies, everything is computed from the variables as they were, as the interpreter does. */
class UpdateProperties {
    private static final Shape SQUARE = Shape.of(4, 4);

    @Property(tries = 400)
    void updatesAreFunctionsOfWhatWasStored(@ForAll long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        List<Tensor> variables = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            variables.add(variable("v" + i, random, SQUARE));
        }
        variables.add(variable("row", random, Shape.of(4)));
        List<Tensor> nodes = new ArrayList<>(variables);
        for (int i = 0; i < 25; i++) {
            nodes.add(CompilerProperties.grow(random, nodes));
        }
        List<Tensor> outputs = new ArrayList<>();
        for (int i = random.nextInt(3); i > 0; i--) {
            outputs.add(nodes.get(random.nextInt(nodes.size())));
        }
        List<Update> updates = new ArrayList<>();
        if (random.nextBoolean()) {
            updates.add(adamW(variables, nodes, random));
            variables = variables.subList(3, variables.size());
        }
        for (Tensor variable : variables) {
            if (random.nextInt(4) > 0) {
                updates.add(update(variable, nodes, random));
            }
        }
        Collections.shuffle(updates, new Random(seed));
        check(outputs, updates);
    }

    private static Update adamW(List<Tensor> variables, List<Tensor> nodes, SplittableRandom random) {
        // A variance, which is never negative.
        data(variables.get(2)).fill(new float[SQUARE.size()]);
        Tensor rates = Tensor.variable("rates", TensorData.of(Shape.of(AdamWUpdate.RATES), 0.1f, 0.5f, 0.5f));
        Tensor scale = random.nextInt(4) == 0
                ? Tensor.scalar(Float.POSITIVE_INFINITY)
                : variables.getLast().sum();
        return new Update.Kernel(
                new AdamWUpdate(SQUARE.size(), new AdamWUpdate.Hyper(1, 0.5f, 0.75f, 1e-2f, 0.1f)),
                List.of(fitting(SQUARE, nodes, random), rates, scale),
                variables.subList(0, 3));
    }

    private static Tensor fitting(Shape shape, List<Tensor> nodes, SplittableRandom random) {
        List<Tensor> fitting = nodes.stream()
                .filter(node -> node.shape().equals(shape) && node.dtype() == DType.F32)
                .toList();
        return fitting.get(random.nextInt(fitting.size()));
    }

    private static Update update(Tensor variable, List<Tensor> nodes, SplittableRandom random) {
        Tensor value = fitting(variable.shape(), nodes, random);
        return switch (random.nextInt(6)) {
            case 0 -> Update.accumulate(variable, value);
            case 1 -> Update.ema(variable, value, 0.75f);
            case 2 -> Update.clamp(variable, -0.5f, 0.5f);
            case 3 -> Update.assign(variable, Tensor.full(0.25f, variable.shape()));
            default -> Update.assign(variable, value);
        };
    }

    /** Runs three times, each from what the one before has left. */
    private static void check(List<Tensor> outputs, List<Update> updates) {
        try (Program program = Program.compile(outputs, updates, TestExecution.get())) {
            for (int run = 0; run < 3; run++) {
                List<float[]> expected = new ArrayList<>();
                Interpreter.evaluate(outputs, Map.of()).forEach(output -> expected.add(output.toFloats()));
                updates.forEach(update -> expected.addAll(updated(update)));
                List<TensorData> found = new ArrayList<>(program.run());
                updates.forEach(update -> update.variables().forEach(variable -> found.add(data(variable))));
                for (int i = 0; i < expected.size(); i++) {
                    GradientProperties.assertClose(
                            "value " + i + " of run " + run, found.get(i).toFloats(), expected.get(i), 1e-4f);
                }
            }
        }
    }

    /** What variables will be, by the definition. */
    private static List<float[]> updated(Update update) {
        List<TensorData> values = Interpreter.evaluate(update.values(), Map.of());
        return switch (update) {
            case Update.Assign _ -> List.of(values.getFirst().toFloats());
            case Update.Kernel kernel -> {
                List<TensorData> variables = kernel.variables().stream()
                        .map(variable ->
                                TensorData.of(variable.shape(), data(variable).toFloats()))
                        .toList();
                Reference.run(
                        kernel.op(),
                        Stream.concat(
                                        values.stream().map(TensorData::readOnly),
                                        variables.stream().map(TensorData::segment))
                                .toArray(MemorySegment[]::new));
                yield variables.stream().map(TensorData::toFloats).toList();
            }
        };
    }

    private static TensorData data(Tensor variable) {
        return ((Operation.Variable) variable.operation()).data();
    }

    private static Tensor variable(String name, SplittableRandom random, Shape shape) {
        return Tensor.variable(name, TensorData.of(shape, CompilerProperties.floats(random, shape.size())));
    }

    private static Tensor variable(String name, float... values) {
        return Tensor.variable(name, TensorData.of(Shape.of(values.length), values));
    }

    private static Plan plan(Program program) {
        return ((CompiledProgram) program).plan();
    }

    @Example
    void variablesChangePlaces() {
        Tensor a = variable("a", 1, 2, 3);
        Tensor b = variable("b", 4, 5, 6);
        Tensor c = variable("c", 7, 8, 9);
        List<Update> updates = List.of(Update.assign(a, b), Update.assign(b, c), Update.assign(c, a));
        try (Program program = Program.compile(List.of(a), updates, TestExecution.get())) {
            assertThat(program.run().getFirst().toFloats()).containsExactly(1, 2, 3);
            assertThat(data(a).toFloats()).containsExactly(4, 5, 6);
            assertThat(data(b).toFloats()).containsExactly(7, 8, 9);
            assertThat(data(c).toFloats()).containsExactly(1, 2, 3);
            assertThat(program.run().getFirst().toFloats()).containsExactly(4, 5, 6);
            assertThat(data(a).toFloats()).containsExactly(7, 8, 9);
        }
    }

    @Example
    void aVariableBecomesItsTranspose() {
        Tensor a = Tensor.variable("a", TensorData.of(Shape.of(2, 2), 1, 2, 3, 4));
        check(List.of(), List.of(Update.assign(a, a.transpose(0, 1))));
        check(List.of(), List.of(Update.assign(a, a.transpose(0, 1).add(a))));
    }

    @Example
    void whatIsNotChangedIsNotWritten() {
        Tensor a = variable("a", 1, 2, 3);
        try (Program program = Program.compile(
                List.of(), List.of(Update.assign(a, a.reshape(3, 1).reshape(3))), TestExecution.get())) {
            program.run();
            assertThat(plan(program).steps()).isEmpty();
            assertThat(data(a).toFloats()).containsExactly(1, 2, 3);
        }
    }

    /** Gradients are what another update clears, or the parameter itself. */
    @Example
    void kernelsReadWhatOtherUpdatesWrite() {
        Tensor gradient = variable("gradient", 1, 2, 3);
        Tensor parameter = variable("parameter", 4, 5, 6);
        Tensor mean = variable("mean", 0, 0, 0);
        Tensor variance = variable("variance", 0, 0, 0);
        Tensor rates = Tensor.variable("rates", TensorData.of(Shape.of(AdamWUpdate.RATES), 0.5f, 1, 1));
        for (Tensor read : List.of(
                gradient, parameter, mean.add(gradient), gradient.reshape(3, 1).reshape(3))) {
            Update step = new Update.Kernel(
                    new AdamWUpdate(3, new AdamWUpdate.Hyper(1, 0, 0, 1e-3f, 0)),
                    List.of(read, rates, Tensor.scalar(1)),
                    List.of(parameter, mean, variance));
            check(List.of(gradient), List.of(step, Update.assign(gradient, Tensor.full(0, Shape.of(3)))));
            check(List.of(parameter), List.of(Update.assign(gradient, parameter), step));
        }
    }

    /** Sizes that several threads share, and that no vector divides. */
    @Example
    void elementwiseUpdatesTakeNoMemory() {
        int size = 200_003;
        Tensor a = variable("a", new SplittableRandom(1), Shape.of(size));
        Tensor b = variable("b", new SplittableRandom(2), Shape.of(size));
        List<Update> updates =
                List.of(Update.accumulate(a, b.tanh()), Update.ema(b, Tensor.full(1, Shape.of(size)), 0.5f));
        check(List.of(), updates);
        try (Program program = Program.compile(List.of(), updates, TestExecution.get())) {
            assertThat(program.memory()).isEqualTo(new ProgramMemory(0, 0));
            assertThat(plan(program).steps()).hasSize(2);
            assertThat(program.explain())
                    .contains("2 variables, 1,600,024 bytes; 2 of them updated")
                    .contains("writes  out  a ");
        }
    }

    /** A product is an input of the sum that is stored, which is no longer elementwise then. */
    @Example
    void gradientsAreAddedAsSoonAsTheyAreComputed() {
        int layers = 8;
        SplittableRandom random = new SplittableRandom(3);
        Tensor x = variable("x", random, Shape.of(4, 64));
        List<Tensor> weights = new ArrayList<>();
        Tensor y = x;
        for (int i = 0; i < layers; i++) {
            weights.add(variable("w" + i, random, Shape.of(64, 64)));
            y = y.matmul(weights.get(i)).mul(0.1f);
        }
        List<Tensor> gradients = Gradients.of(y.square().mean(), weights);
        List<Update> updates = new ArrayList<>();
        for (Tensor gradient : gradients) {
            updates.add(Update.accumulate(
                    Tensor.variable("sum", TensorData.allocate(gradient.shape(), DType.F32)), gradient));
        }
        check(List.of(), updates);
        try (Program program = Program.compile(List.of(), updates, TestExecution.get())) {
            assertThat(program.memory().workspace()).isLessThan(3 * 64 * 64 * Float.BYTES);
        }
    }

    @Example
    void aValueIsHandedOutAndStoredTwice() {
        Tensor a = variable("a", 1, 2, 3);
        Tensor b = variable("b", 4, 5, 6);
        Tensor sum = a.add(b);
        check(List.of(sum, a), List.of(Update.assign(a, sum), Update.assign(b, sum)));
        check(List.of(), List.of(Update.assign(a, sum.tanh()), Update.assign(b, sum.tanh())));
    }

    @Example
    void otherTypesAreStoredToo() {
        Tensor ints = Tensor.variable("ints", TensorData.ofInts(Shape.of(3), 2, 0, 1));
        Tensor table = variable("table", 1, 2, 3);
        Tensor fed = Tensor.input("fed", Shape.of(3), DType.I32);
        Tensor looked = table.reshape(3, 1).gather(ints).reshape(3);
        try (Program program = Program.compile(
                List.of(looked),
                List.of(Update.assign(ints, fed), Update.assign(table, looked)),
                TestExecution.get())) {
            program.feed(fed, TensorData.ofInts(Shape.of(3), 1, 1, 0));
            assertThat(program.run().getFirst().toFloats()).containsExactly(3, 1, 2);
            assertThat(data(ints).toInts()).containsExactly(1, 1, 0);
            assertThat(program.run().getFirst().toFloats()).containsExactly(1, 1, 3);
            assertThat(data(table).toFloats()).containsExactly(1, 1, 3);
        }
    }

    /** Read and written as 16 bits, computed in f32. */
    @Example
    void halvesAreUpdatedInPlace() {
        TensorData half = TensorData.allocate(Shape.of(5), DType.BF16);
        Tensor a = Tensor.variable("a", half);
        Update step = Update.assign(a, a.cast(DType.F32).add(0.5f).cast(DType.BF16));
        try (Program program = Program.compile(List.of(a.cast(DType.F32)), List.of(step), TestExecution.get())) {
            program.run();
            assertThat(program.run().getFirst().toFloats()).containsOnly(0.5f);
            assertThat(program.run().getFirst().toFloats()).containsOnly(1);
        }
    }

    @Example
    void nothingIsStillSomethingToStore() {
        Tensor none = Tensor.variable("none", TensorData.allocate(Shape.of(0, 3), DType.F32));
        check(List.of(), List.of(Update.accumulate(none, none.exp())));
        check(
                List.of(none.sum()),
                List.of(Update.assign(none, none.mul(2).reshape(3, 0).transpose(0, 1))));
    }
}

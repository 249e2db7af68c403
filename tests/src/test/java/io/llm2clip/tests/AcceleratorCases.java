package io.llm2clip.tests;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.TestExecution;
import io.llm2clip.tensor.Update;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Which side has the current elements, and what a device refuses; run by {@link DeviceTest}, not by itself. */
class AcceleratorCases {
    /** 4096 rows of which fill an arena. */
    private static final int COLUMNS = (int) (TestExecution.arenaElements() / 4096);

    private final TensorData weight = TensorData.of(Shape.of(3), 1, 2, 3);
    private final Tensor doubled = Tensor.variable("weight", weight).mul(2);
    private long memoryBefore;

    @BeforeEach
    void measure() {
        memoryBefore = EngineMemory.liveBytes();
    }

    @AfterEach
    void memoryIsReturned() {
        assertThat(EngineMemory.liveBytes()).isEqualTo(memoryBefore);
    }

    @Test
    void whatTheHostWritesIsSeenByTheNextRun() {
        try (Program program = Program.compile(List.of(doubled), TestExecution.get())) {
            assertThat(program.run().getFirst().toFloats()).containsExactly(2, 4, 6);
            weight.fill(4, 5, 6);
            assertThat(program.run().getFirst().toFloats()).containsExactly(8, 10, 12);
        }
    }

    /** Guards of roots rely on comparisons with infinity, which compilers of devices may take liberties with. */
    @Test
    void rowsOfZerosGetNoGradientThroughTheirNorm() {
        Tensor x = Tensor.variable("x", TensorData.of(Shape.of(2, 3), 0, 0, 0, 1, 2, 4));
        Tensor norm = x.square().sum(1).sqrt();
        Tensor inverse = x.square().sum(1).rsqrt().minimum(Tensor.scalar(1e6f)).reshape(2, 1);
        for (Tensor value : List.of(x.l2Normalize().exp(), norm, x.mul(inverse).square())) {
            Tensor gradient = Gradients.of(value.sum(), List.of(x)).getFirst();
            try (Program program = Program.compile(List.of(gradient), TestExecution.get())) {
                float[] values = program.run().getFirst().toFloats();
                assertThat(values).startsWith(0, 0, 0);
                assertThat(values[3]).isFinite();
            }
        }
    }

    /** A program that makes every weight smaller by a half. */
    static Program halfStep(TensorData weight, Execution execution) {
        Tensor gradient = Tensor.full(1, Shape.of(3));
        Tensor rates = Tensor.variable("rates", TensorData.of(Shape.of(AdamWUpdate.RATES), 0.5f, 1, 1));
        Tensor mean = Tensor.variable("mean", TensorData.of(Shape.of(3), 0, 0, 0));
        Tensor variance = Tensor.variable("variance", TensorData.of(Shape.of(3), 0, 0, 0));
        Update update = new Update.Kernel(
                new AdamWUpdate(3, new AdamWUpdate.Hyper(1, 0, 0, 0, 0)),
                List.of(gradient, rates, Tensor.scalar(1)),
                List.of(Tensor.variable("weight", weight), mean, variance));
        return Program.compile(List.of(), List.of(update), execution);
    }

    @Test
    void whatTheDeviceWritesIsSeenByTheHostAndByOtherPrograms() {
        try (Program program = Program.compile(List.of(doubled), TestExecution.get());
                Program update = halfStep(weight, TestExecution.get())) {
            update.run();
            assertThat(program.run().getFirst().toFloats()).containsExactly(1, 3, 5);
            assertThat(weight.toFloats()).containsExactly(0.5f, 1.5f, 2.5f);
            // Both sides are current after reading, so nothing is lost by reading twice or stepping on.
            update.run();
        }
        assertThat(weight.toFloats()).containsExactly(0, 1, 2);
        try (Program onHost = Program.compile(List.of(doubled), Execution.cpu())) {
            assertThat(onHost.run().getFirst().toFloats()).containsExactly(0, 2, 4);
        }
    }

    /** Indices that a device has written are checked before it uses them. */
    @Test
    void indicesThatAProgramStoresAreChecked() {
        TensorData stored = TensorData.ofInts(Shape.of(2), 1, 0);
        Tensor index = Tensor.variable("index", stored);
        Tensor table = Tensor.variable("table", TensorData.of(Shape.of(3, 1), 7, 8, 9));
        Tensor next = Tensor.input("next", Shape.of(2), DType.I32);
        try (Program program = Program.compile(
                List.of(table.gather(index)), List.of(Update.assign(index, next)), TestExecution.get())) {
            program.feed(next, TensorData.ofInts(Shape.of(2), 2, 3));
            assertThat(program.run().getFirst().toFloats()).containsExactly(8, 7);
            assertThatThrownBy(program::run)
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessageStartingWith("Gather: index[1] is 3, expected 0 to 2");
        }
        assertThat(stored.toInts()).containsExactly(2, 3);
    }

    /** A mean of {@code [rows, COLUMNS]} elements: much in between, little in and out. */
    private static Tensor mean(Tensor rows) {
        float[] values = new float[COLUMNS];
        for (int i = 0; i < values.length; i++) {
            values[i] = i / (float) COLUMNS;
        }
        Tensor ramp = Tensor.variable("ramp", TensorData.of(Shape.of(1, values.length), values));
        return rows.mul(ramp).softmax().mul(ramp).sum().div(rows.shape().dim(0));
    }

    /** A sum of five matrices, each of which nearly fills an arena; there are four. */
    private static Tensor tooMany() {
        Tensor x = Tensor.input("x", Shape.of(4000, 1), DType.F32);
        Tensor ramp = Tensor.variable("ramp", TensorData.allocate(Shape.of(1, COLUMNS), DType.F32));
        Tensor sum = Tensor.scalar(0);
        for (int i = 1; i <= 5; i++) {
            sum = sum.add(x.mul(i).mul(ramp).softmax());
        }
        return sum.sum();
    }

    private static float run(Program program, Tensor rows) {
        float[] values = new float[rows.shape().dim(0)];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7;
        }
        program.feed(rows, TensorData.of(rows.shape(), values));
        return program.run().getFirst().item();
    }

    /** All together would not fit, not even one after the other if each kept its own. */
    @Test
    void programsOfManyShapesShareOneWorkspace() {
        List<Tensor> inputs = IntStream.rangeClosed(1, 20)
                .mapToObj(i -> Tensor.input("rows", Shape.of(64 * i, 1), DType.F32))
                .toList();
        List<Float> expected = new ArrayList<>();
        for (Tensor input : inputs) {
            try (Program onHost = Program.compile(List.of(mean(input)), Execution.cpu())) {
                expected.add(run(onHost, input));
            }
        }
        EngineMemory.resetPeak();
        List<Program> programs = new ArrayList<>();
        try {
            for (Tensor input : inputs) {
                programs.add(Program.compile(List.of(mean(input)), TestExecution.get()));
                assertThat(run(programs.getLast(), input)).isCloseTo(expected.get(programs.size() - 1), within(1e-5f));
            }
            long workspace = programs.getLast().memory().workspace();
            assertThat(workspace).isGreaterThanOrEqualTo(20L * 64 * COLUMNS * Float.BYTES);
            assertThat(programs.stream()
                            .mapToLong(program -> program.memory().workspace())
                            .sum())
                    .isGreaterThan(4 * Float.BYTES * TestExecution.arenaElements());
            assertThat(EngineMemory.peakBytes() - memoryBefore).isLessThan(workspace + workspace / 4);
            assertThatThrownBy(() -> Program.compile(List.of(tooMany()), TestExecution.get()))
                    .isInstanceOf(TensorException.class)
                    .hasMessageContaining("has no room for");
            for (int i = programs.size() - 1; i >= 0; i--) {
                assertThat(run(programs.get(i), inputs.get(i))).isCloseTo(expected.get(i), within(1e-5f));
                if (i % 2 == 1) {
                    programs.get(i).close();
                }
            }
            assertThat(run(programs.getFirst(), inputs.getFirst())).isCloseTo(expected.getFirst(), within(1e-5f));
            assertThat(EngineMemory.liveBytes() - memoryBefore).isLessThan(workspace);
        } finally {
            programs.forEach(Program::close);
        }
    }

    @Test
    void anIndexOutOfRangeIsFoundBeforeItIsSent() {
        Tensor index = Tensor.input("index", Shape.of(2), DType.I32);
        Tensor table = Tensor.variable("table", TensorData.of(Shape.of(3, 1), 7, 8, 9));
        try (Program program = Program.compile(List.of(table.gather(index)), TestExecution.get())) {
            program.feed(index, TensorData.ofInts(Shape.of(2), 2, 0));
            assertThat(program.run().getFirst().toFloats()).containsExactly(9, 7);
            program.feed(index, TensorData.ofInts(Shape.of(2), 0, 3));
            assertThatThrownBy(program::run)
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("Gather: index[1] is 3, expected 0 to 2; table is 'table' F32 [3, 1], index is 'index'"
                            + " I32 [2].");
        }
    }

    /** A variable that a run has changed before it failed is what the device has, whoever reads it. */
    @Test
    void aRunThatFailsLeavesWhatItHasWritten() {
        Execution execution = TestExecution.get();
        TensorData stored = TensorData.of(Shape.of(2), 1, 2);
        Tensor counter = Tensor.variable("counter", stored);
        Tensor x = Tensor.input("x", Shape.of(2), DType.F32);
        Update count = Update.assign(counter, counter.add(1));
        Execution checked =
                new Execution(execution.device(), execution.options().withNanCheck());
        try (Program program = Program.compile(List.of(x.log()), List.of(count), checked)) {
            program.feed(x, TensorData.of(Shape.of(2), 1, 1));
            assertThat(program.run().getFirst().toFloats()).containsExactly(0, 0);
            assertThat(stored.toFloats()).containsExactly(2, 3);
            program.feed(x, TensorData.of(Shape.of(2), 1, -1));
            assertThatThrownBy(program::run)
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageContaining("which is log(-1.0)");
            assertThat(stored.toFloats())
                    .as("the update was made before the logarithm")
                    .containsExactly(3, 4);
            program.feed(x, TensorData.of(Shape.of(2), 1, 1));
            assertThat(program.run().getFirst().toFloats()).containsExactly(0, 0);
            assertThat(stored.toFloats()).containsExactly(4, 5);
        }
    }

    /** Of a column of indices, and of the rows behind it joined: what lies between may be no index. */
    @Test
    void copiesOfIndicesAreCheckedWhereTheyComeFrom() {
        Tensor index = Tensor.input("index", Shape.of(2, 2), DType.I32);
        Tensor table = Tensor.variable("table", TensorData.of(Shape.of(3, 1), 7, 8, 9));
        Tensor column = index.slice(1, 0, 1);
        Tensor twice = Tensor.concat(0, List.of(column, column)).reshape(4);
        try (Program program = Program.compile(List.of(table.gather(twice)), TestExecution.get())) {
            program.feed(index, TensorData.ofInts(Shape.of(2, 2), 2, -5, 0, 99));
            assertThat(program.run().getFirst().toFloats()).containsExactly(9, 7, 9, 7);
            program.feed(index, TensorData.ofInts(Shape.of(2, 2), 2, 0, 3, 0));
            assertThatThrownBy(program::run)
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("Gather: index[1] is 3, expected 0 to 2; table is 'table' F32 [3, 1], index is %1"
                            + " I32 [4, 1] of kernel 1 (Concat of %0 I32 [2, 1] of kernel 0 (Elementwise of 'index'"
                            + " I32 [2, 2])).");
        }
        Tensor computed = Tensor.input("x", Shape.of(2), DType.F32).cast(DType.I32);
        assertThatThrownBy(() -> Program.compile(List.of(table.gather(computed)), TestExecution.get()))
                .isInstanceOf(TensorException.class)
                .hasMessage(
                        "Gather: index, %0 I32 [2] of kernel 0 (Elementwise), is computed on the device, where indices"
                                + " are not checked; compute it on the CPU and feed it.");
    }

    /** Vectors of rows of different lengths, and the gradient of a token that is in one of them only. */
    @Test
    void outputsOfAClosedProgramAreNotInvented() {
        Program program = Program.compile(List.of(doubled), TestExecution.get());
        TensorData output = program.run().getFirst();
        program.close();
        assertThatThrownBy(output::toFloats)
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("Elements F32 [3] were left on the device by a program that is closed;"
                        + " read or copy outputs before.");
    }

    @Test
    void aProgramThatDoesNotFitIsRefusedAndLeavesNothingBehind() {
        Tensor large = Tensor.input("large", Shape.of((int) (16 * TestExecution.arenaElements())), DType.F32);
        assertThatThrownBy(() -> Program.compile(List.of(large.exp()), TestExecution.get()))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("A value F32 %s takes %d bytes on "
                        .formatted(large.shape(), large.shape().size() * 4L))
                .hasMessageEndingWith(" expected at most " + 4 * TestExecution.arenaElements()
                        + ", as it must be in one arena of the device's memory; use"
                        + " smaller batches, or allow more of its memory (--device-memory).");
        Tensor sum = Tensor.scalar(0);
        for (int i = 0; i < 6; i++) {
            sum = sum.add(Tensor.input("x" + i, Shape.of((int) (TestExecution.arenaElements() / 5 * 4)), DType.F32));
        }
        List<Tensor> many = List.of(sum);
        assertThatThrownBy(() -> Program.compile(many, TestExecution.get()))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("The device memory for F32 on ")
                .hasMessageEndingWith("use smaller batches, or allow more of its memory (--device-memory).");
    }

    private static TensorData ramp(Shape shape) {
        float[] values = new float[shape.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (i % 17 - 8) / 32f;
        }
        return TensorData.of(shape, values);
    }

    /** The loss of two steps of training, and the weight after them. */
    private static List<float[]> train(Device device, Shape square) {
        long before = EngineMemory.liveBytes();
        try (Parameters parameters = new Parameters(3)) {
            Parameter weight = parameters.root().create("weight", square, Initializer.normal(0.1f));
            AdamW.Options options = AdamW.Options.DEFAULT.withClipNorm(0.5f);
            try (AdamW optimizer = new AdamW(ParameterGroups.of(parameters.all(), 0.05f), options, device);
                    TrainStep step = TrainStep.compile(
                            in -> in.getFirst()
                                    .matmul(weight.tensor())
                                    .softmax()
                                    .matmul(weight.tensor())
                                    .square()
                                    .mean(),
                            List.of(new TrainStep.Input("x", square, DType.F32)),
                            optimizer,
                            ProgramOptions.DEFAULT)) {
                step.run(List.of(ramp(square)), 0.02f);
                float loss = step.run(List.of(ramp(square)), 0.02f);
                assertThat(EngineMemory.liveBytes() - before).isGreaterThan(6L * square.size() * Float.BYTES);
                return List.of(new float[] {loss}, weight.data().toFloats());
            }
        }
    }

    /** Of weight, moments, gradient, input and activations, each of which fills an arena. */
    @Test
    void weightsStateAndActivationsMayAllBeInArenasOfTheirOwn() {
        Shape square = Shape.of(64, 64);
        List<float[]> expected = train(Device.cpu(), square);
        long arena = (long) square.size() * Float.BYTES;
        try (Device device = TestExecution.open(16 * arena, square.size())) {
            List<float[]> found = train(device, square);
            for (int i = 0; i < expected.size(); i++) {
                assertThat(found.get(i)).containsExactly(expected.get(i), within(1e-4f));
            }
            Tensor wide = Tensor.input("wide", Shape.of(64, 65), DType.F32);
            assertThatThrownBy(
                            () -> Program.compile(List.of(wide.exp()), new Execution(device, ProgramOptions.DEFAULT)))
                    .isInstanceOf(TensorException.class)
                    .hasMessageContaining("takes 16640 bytes on " + device.name() + ", expected at most 16384");
        }
    }

    /** Three inputs and an output, of which no two are in one arena. */
    @Test
    void aProgramMayTakeMoreThanAnArena() {
        int elements = (int) (TestExecution.arenaElements() / 8 * 5);
        List<Tensor> inputs = new ArrayList<>();
        List<TensorData> fed = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            inputs.add(Tensor.input("x" + i, Shape.of(elements), DType.F32));
            float[] values = new float[elements];
            Arrays.fill(values, i + 1);
            values[elements - 1] = 10 * i;
            fed.add(TensorData.of(Shape.of(elements), values));
        }
        Tensor total = inputs.get(0).add(inputs.get(1).mul(inputs.get(2)));
        try (Program program = Program.compile(List.of(total), TestExecution.get())) {
            for (int i = 0; i < 3; i++) {
                program.feed(inputs.get(i), fed.get(i));
            }
            float[] found = program.run().getFirst().toFloats();
            assertThat(found[0]).isEqualTo(7);
            assertThat(found[elements - 2]).isEqualTo(7);
            assertThat(found[elements - 1]).isEqualTo(200);
        }
    }
}

package io.llm2clip.tensor.custom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperationException;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.DifferentiableOp;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Interpreter;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.Update;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.example.operations.Follow;
import org.example.operations.PickRows;
import org.example.operations.Swish;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What is wrong with an operation of one's own, or with how it is used, is said where it is used and by its name. */
class CustomErrorsTest {
    private static final Tensor X = Tensor.variable("x", TensorData.of(Shape.of(3), 1, 2, 3));
    private static final Tensor INDEX = Tensor.variable("index", TensorData.ofInts(Shape.of(2), 0, 2));
    private static final long DEVICE_BYTES = 1 << 16;

    private static void refused(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(TensorException.class).hasMessage(message);
    }

    /** Doubles its first operand. */
    record Twice(List<Operand> operands) implements CustomOp {
        Twice() {
            this(List.of(Operand.in("x", 3), Operand.out(3)));
        }

        @Override
        public void reference(MemorySegment... memory) {
            for (int i = 0; i < 3; i++) {
                memory[1].setAtIndex(ValueLayout.JAVA_FLOAT, i, 2 * memory[0].getAtIndex(ValueLayout.JAVA_FLOAT, i));
            }
        }
    }

    private static Tensor twice() {
        return Tensor.kernel(new Twice(), X.shape(), DType.F32, X);
    }

    @Test
    void declarationsAreCheckedWhenTheNodeIsMade() {
        Operand in = Operand.in("x", 3);
        refused(
                () -> Tensor.kernel(new Twice(List.of(in)), X.shape(), DType.F32, X),
                "Operation Twice has 0 results and updates 0 operands, expected results or updates, and not both; declare"
                        + " what it writes by Operand.out or Operand.update.");
        refused(
                () -> Tensor.kernel(new Twice(List.of(in, Operand.out("x", 3))), List.of(X.shape()), X),
                "Operation Twice: operand 'x' is there twice, expected a name of its own for each.");
        refused(
                () -> new Update.Kernel(
                        new Twice(List.of(Operand.out(1), Operand.update("x", 3))), List.of(), List.of(X)),
                "Operation Twice has 1 results and updates 1 operands, expected results or updates, and not both; make two"
                        + " operations of it.");
    }

    @Test
    void operandsThatDoNotFitAreRefused() {
        Twice op = new Twice();
        refused(
                () -> Tensor.kernel(op, X.shape(), DType.F32, X, X),
                "Twice: expected 1 operands [x], found 2; pass those in this order.");
        refused(
                () -> Tensor.kernel(op, X.shape(), DType.F32, INDEX),
                "Twice (x): expected elements of type F32, found 'index' I32 [2]; add cast(F32).");
        refused(
                () -> Tensor.kernel(op, X.shape(), DType.F32, X.slice(0, 1, 3)),
                "Twice (x): expected 3 elements, found shape [2]; make the operation for the shapes that it gets.");
        refused(
                () -> Tensor.kernel(op, Shape.of(4), DType.F32, X),
                "Twice (out): expected 3 elements, found shape [4]; make the operation for the shapes that it gets.");
        refused(
                () -> Tensor.kernel(op, X.shape(), DType.BF16, X),
                "Twice (out): expected a result of F32, found BF16 asked for; cast it afterwards.");
        refused(
                () -> Tensor.kernel(op, List.of(X.shape(), X.shape()), X),
                "Twice: expected 1 shape, that of its result, found 2; pass a list of 1.");
        refused(
                () -> Tensor.kernel(new PickRows(2, 3, 1), Shape.of(2), DType.F32, X, INDEX),
                "PickRows: expected 2 shapes, those of its results, found 1; pass a list of 2.");
        refused(
                () -> Tensor.kernel(new PickRows(2, 3, 1), List.of(Shape.of(2), Shape.of(1)), X, INDEX),
                "PickRows (squares): expected 2 elements, found shape [1]; make the operation for the shapes that it"
                        + " gets.");
        refused(
                () -> Tensor.kernel(new Follow(3), X.shape(), DType.F32, X, X),
                "Follow changes operands in place, so no node of a graph computes it; use it as an Update.");
        refused(
                () -> new Update.Kernel(op, List.of(X), List.of(X)),
                "Update by Twice, which yields results and updates nothing; expected a kernel that changes operands in"
                        + " place, use it as a node and assign what it yields.");
        refused(
                () -> new Update.Kernel(new Follow(3), List.of(X), List.of(X)),
                "Follow: expected 2 operands [target, rate], found 1; pass those in this order.");
    }

    @Test
    void gradientsThatDoNotExistAreRefused() {
        Tensor loss = twice().sum();
        refused(
                () -> Gradients.of(loss, List.of(X)),
                "Gradient of Twice with respect to 'x' F32 [3]: the operation has none; have it implement"
                        + " DifferentiableOp, or cut the path by stopGradient().");
        // Unless no path wants one.
        assertThat(gradient(loss.add(X.sum()), Tensor.scalar(1))).containsExactly(0);
        Tensor cut = Tensor.kernel(new Twice(), X.shape(), DType.F32, X.stopGradient());
        assertThat(gradient(cut.mul(X).sum(), X)).containsExactly(2, 4, 6);
        Tensor rounded = Tensor.kernel(
                new Twice(), X.shape(), DType.F32, X.cast(DType.I32).cast(DType.F32));
        assertThat(gradient(rounded.mul(X).sum(), X)).containsExactly(2, 4, 6);
    }

    private static float[] gradient(Tensor loss, Tensor x) {
        return Gradients.of(loss, List.of(x)).getFirst().evaluate().toFloats();
    }

    /** What an operation's gradients are. */
    interface Rule {
        List<@Nullable Tensor> gradients(List<Tensor> results, List<Tensor> gradients);
    }

    /** Copies the rows that an index says. Compared by identity. */
    private static final class Copies implements DifferentiableOp {
        private final Rule rule;

        Copies(Rule rule) {
            this.rule = rule;
        }

        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("x", 3),
                    Operand.indices("index", 2, 0, 2),
                    Operand.out("first", 2),
                    Operand.out("places", DType.I32, 2),
                    Operand.out("second", 2));
        }

        @Override
        public void reference(MemorySegment... memory) {
            for (int i = 0; i < 2; i++) {
                int place = memory[1].getAtIndex(ValueLayout.JAVA_INT, i);
                float value = memory[0].getAtIndex(ValueLayout.JAVA_FLOAT, place);
                memory[2].setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                memory[3].setAtIndex(ValueLayout.JAVA_INT, i, place);
                memory[4].setAtIndex(ValueLayout.JAVA_FLOAT, i, -value);
            }
        }

        @Override
        public List<@Nullable Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
            return rule.gradients(results, gradients);
        }
    }

    private static List<Tensor> copies(Rule rule) {
        return Tensor.kernel(new Copies(rule), List.of(Shape.of(2), Shape.of(2), Shape.of(2, 1)), X, INDEX);
    }

    @Test
    void gradientsAreAskedOnceForAllResults() {
        List<List<Tensor>> asked = new ArrayList<>();
        List<Tensor> results = copies((all, gradients) -> {
            asked.add(gradients);
            assertThat(all).hasSize(3);
            Tensor flow = gradients.get(0).sub(gradients.get(2).reshape(2));
            return Arrays.asList(flow.reshape(2, 1).segmentSum(INDEX, 3).reshape(3), null);
        });
        Tensor loss =
                results.get(0).mul(3).add(results.get(2).reshape(2).mul(5)).sum();
        assertThat(gradient(loss, X)).containsExactly(-2, 0, -2);
        assertThat(asked).hasSize(1);
        assertThat(asked.getFirst().stream().map(Tensor::shape))
                .containsExactly(Shape.of(2), Shape.of(2), Shape.of(2, 1));
        assertThat(gradient(results.get(2).mul(7).sum(), X)).containsExactly(-7, 0, -7);
        assertThat(asked).hasSize(2);
        assertThat(asked.getLast().getFirst().evaluate().toFloats()).containsExactly(0, 0);
        // Nothing flows back from places, nor to indices.
        assertThat(gradient(results.get(1).cast(DType.F32).sum(), X)).containsExactly(0, 0, 0);
        assertThat(asked).hasSize(2);
        // The places are good for more, on the CPU.
        Tensor again = X.reshape(3, 1).gather(results.get(1));
        assertThat(again.evaluate().toFloats()).containsExactly(1, 3);
    }

    @Test
    void gradientsThatDoNotFitAreRefused() {
        refused(
                () -> gradient(copies((_, _) -> List.of(X)).getFirst().sum(), X),
                "Gradients of Copies: expected 2, one for each input, found 1; return null for inputs that none flows to.");
        refused(
                () -> gradient(
                        copies((_, gradients) -> Arrays.asList(gradients.getFirst(), null))
                                .getFirst()
                                .sum(),
                        X),
                "Gradients of Copies: expected F32 [3] for input 0 (x), which is 'x' F32 [3], found F32 [2]; reshape, sum"
                        + " or cast it.");
        refused(
                () -> gradient(
                        copies((_, _) -> Arrays.asList(X.cast(DType.BF16), null))
                                .getFirst()
                                .sum(),
                        X),
                "Gradients of Copies: expected F32 [3] for input 0 (x), which is 'x' F32 [3], found BF16 [3]; reshape, sum"
                        + " or cast it.");
        refused(
                () -> gradient(copies((_, _) -> List.of(X, INDEX)).getFirst().sum(), X),
                "Gradients of Copies: expected null for input 1 (index), which is 'index' I32 [2], found 'index' I32 [2];"
                        + " only real numbers that can be trained have gradients.");
        assertThatThrownBy(() -> gradient(
                        copies((_, _) -> List.of(X.add(INDEX))).getFirst().sum(), X))
                .isInstanceOf(TensorException.class)
                .hasMessageStartingWith("Operation Copies: gradients() failed with io.llm2clip.tensor.TensorException:")
                .hasCauseInstanceOf(TensorException.class);
        assertThatThrownBy(() -> gradient(copies((_, _) -> null).getFirst().sum(), X))
                .isInstanceOf(TensorException.class)
                .hasMessageContaining("gradients() is null");
    }

    @Test
    void devicesWithoutKernelsAreRefused() {
        try (Device device = Device.emulated(DEVICE_BYTES)) {
            Execution execution = new Execution(device, ProgramOptions.DEFAULT);
            String message =
                    "Operation Twice does not run on emulator: it has no kernels for devices; have it implement"
                            + " DeviceOp, or run the program on the CPU.";
            refused(() -> Program.compile(List.of(twice()), execution), message);
            CustomOp update = new Twice(List.of(Operand.in("y", 3), Operand.update("x", 3)));
            Update.Kernel kernel = new Update.Kernel(update, List.of(twice().stopGradient()), List.of(X));
            refused(() -> Program.compile(List.of(), List.of(kernel), execution), message);
            refused(
                    () -> Program.compile(
                            List.of(),
                            List.of(new Update.Kernel(update, List.of(Tensor.full(0, X.shape())), List.of(X))),
                            execution),
                    message);
        }
    }

    @Test
    void whatAnOperationThrowsNamesIt() {
        record Broken() implements CpuOp {
            @Override
            public List<Operand> operands() {
                return new Twice().operands();
            }

            @Override
            public void reference(MemorySegment... memory) {
                throw new IllegalStateException("not yet");
            }

            @Override
            public Launch bind(MemorySegment[] memory, Workers workers) {
                return () -> {
                    throw new UnsupportedOperationException("nor here");
                };
            }
        }
        Tensor broken = Tensor.kernel(new Broken(), X.shape(), DType.F32, X);
        assertThatThrownBy(() -> Interpreter.evaluate(List.of(broken), Map.of()))
                .isInstanceOf(OperationException.class)
                .hasMessage("Operation Broken: its reference failed with java.lang.IllegalStateException: not yet");
        try (Program program = Program.compile(List.of(broken, X.add(1)), Execution.cpu())) {
            assertThatThrownBy(program::run)
                    .isInstanceOf(OperationException.class)
                    .hasMessage("Operation Broken: its CPU kernel failed with"
                            + " java.lang.UnsupportedOperationException: nor here");
        }
        // The device goes on.
        assertThat(X.add(1).evaluate().toFloats()).containsExactly(2, 3, 4);
    }

    @Test
    void equalOperationsAreComputedOnce() {
        Tensor records = twice().add(twice().mul(3));
        Rule rule = (_, _) -> List.of();
        Tensor classes = copies(rule).getFirst().add(copies(rule).getFirst().mul(3));
        assertThat(count(records, "Twice")).isEqualTo(1);
        assertThat(count(classes, "Copies,")).isEqualTo(2);
        assertThat(count(CustomTensors.swish(X, 1).add(CustomTensors.swish(X, 2)), "DifferentiableSwish["))
                .isEqualTo(2);
    }

    private static long count(Tensor tensor, String operation) {
        try (Program program = Program.compile(List.of(tensor), Execution.cpu())) {
            return program.explain()
                    .lines()
                    .filter(line -> line.contains("  " + operation))
                    .count();
        }
    }

    /** Its result is a constant, of which no gradient is asked. */
    @Test
    void operationsMayHaveNoInputs() {
        record Ramp() implements CustomOp {
            @Override
            public List<Operand> operands() {
                return List.of(Operand.out(3));
            }

            @Override
            public void reference(MemorySegment... memory) {
                memory[0].copyFrom(MemorySegment.ofArray(new float[] {0, 1, 2}));
            }
        }
        Tensor ramp = Tensor.kernel(new Ramp(), X.shape(), DType.F32);
        assertThat(ramp.add(1).evaluate().toFloats()).containsExactly(1, 2, 3);
        assertThat(gradient(ramp.mul(X).sum(), X)).containsExactly(0, 1, 2);
    }

    @Test
    void explanationsSayWhatRunsThem() {
        Tensor sum = twice().add(CustomTensors.swish(X, 0.5f));
        try (Program program = Program.compile(List.of(sum), Execution.cpu())) {
            assertThat(program.explain())
                    .contains("  DifferentiableSwish[op=Swish[elements=3, beta=0.5]], by its CPU kernel\n")
                    .containsPattern("  Twice\\[.*], by its reference\n");
        }
        try (Device device = Device.emulated(DEVICE_BYTES);
                Program program = Program.compile(
                        List.of(CustomTensors.swish(X, 0.5f)), new Execution(device, ProgramOptions.DEFAULT))) {
            assertThat(program.explain()).contains("]], by its device kernels\n");
        }
        assertThat(sum.inputs().getFirst()).hasToString("F32 [3] = Twice('x' F32 [3])");
    }

    @Test
    void nanIsFoundInThem() {
        Tensor nan = Tensor.variable("nan", TensorData.of(Shape.of(3), 1, Float.NaN, 2));
        Tensor swish = Tensor.kernel(new Swish(3, 1), X.shape(), DType.F32, nan);
        Execution checked = new Execution(Device.cpu(), ProgramOptions.DEFAULT.withNanCheck());
        try (Program program = Program.compile(List.of(swish), checked)) {
            assertThatThrownBy(program::run)
                    .isInstanceOf(ArithmeticException.class)
                    .hasMessageContaining(
                            "Kernel 0 of 1, Swish[elements=3, beta=1.0], is the first to yield NaN: in 1 of 3")
                    .hasMessageContaining("it reads 'nan' F32 [3], where 1 are NaN already");
        }
    }

    /** On a device indices are checked before they are sent, so they must be there. */
    @Test
    void indicesThatADeviceComputesAreRefused() {
        List<Tensor> picked = CustomTensors.pickRows(X.reshape(3, 1), X.cast(DType.I32));
        try (Device device = Device.emulated(DEVICE_BYTES)) {
            refused(
                    () -> Program.compile(picked, new Execution(device, ProgramOptions.DEFAULT)),
                    "DifferentiablePickRows: index, %0 I32 [3] of kernel 0 (Elementwise), is computed on the device, where"
                            + " indices are not checked; compute it on the CPU and feed it.");
        }
    }
}

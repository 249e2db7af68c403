package io.llm2clip.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.emulator.KernelFault;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.tensor.Shape;
import io.llm2clip.testkit.Doubling.Mistake;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Correct operations pass, planted mistakes are found and named. */
class OperationCheckTest {
    private static final long SEED = 5;
    private static final String AGAIN = " It happens again with seed 5.";

    @Test
    void correctOperationsPass() {
        for (long seed = 0; seed < 5; seed++) {
            OperationCheck.of(new Reversal(3, "k_correct")).check(seed);
            OperationCheck.of(new Doubling(6, Mistake.NONE, Mistake.NONE)).check(seed);
            OperationCheck.of(new Doubling(0, Mistake.NONE, Mistake.NONE)).check(seed);
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            k_missingBarrier | work-item (1,0,0) of group (0,0,0) races on local array 0[0]: it reads what work-item (0,0,0) of group (0,0,0) writes without a barrier between them; put context.localBarrier() there.
            k_race | work-item (1,0,0) of group (0,0,0) races on y[0]: it writes what work-item (0,0,0) of group (0,0,0) writes in the same launch; let one work-item own the element, or split the launch.
            k_outOfBounds | work-item (3,0,0) of group (1,0,0) reads x[8], out of bounds of its 8 elements; guard the access or correct the index.
            k_unwritten | y[3] of 8 elements was never written; cover every element of an output.
            k_throwing | work-item (0,0,0) of group (0,0,0) throws java.lang.ArithmeticException: / by zero; devices have no exceptions, so guard the operation.
            """)
    void mistakesOfDeviceKernelsAreFound(String kernel, String message) {
        Reversal op = new Reversal(2, kernel);
        assertThatThrownBy(() -> OperationCheck.of(op).check(SEED))
                .isInstanceOf(AssertionError.class)
                .hasMessage("Reversal by " + kernel + " on the emulator in order: " + kernel + ": " + message + AGAIN)
                .hasCauseInstanceOf(KernelFault.class);
        for (long seed = 0; seed < 5; seed++) {
            OperationCheck check = OperationCheck.of(op);
            long other = seed;
            assertThatThrownBy(() -> check.checkDevice(other)).isInstanceOf(AssertionError.class);
        }
        OperationCheck.of(op).checkCpu(SEED);
    }

    @Test
    void wrongResultsOfDeviceKernelsAreFound() {
        assertThatThrownBy(() -> OperationCheck.of(new Reversal(2, "k_wrong")).check(SEED))
                .isInstanceOf(AssertionError.class)
                .hasMessageMatching(
                        "Reversal by k_wrong on the emulator in order: y\\[0] is -?\\d\\.\\d+, expected -?\\d\\.\\d+"
                                + " \\(tolerance 1.0E-5\\); 8 of 8 elements differ\\." + AGAIN);
    }

    @Test
    void classFilesAreLinted() {
        assertThatThrownBy(() -> OperationCheck.of(new Reversal(2, ForbiddenKernels.class, "k_reversal"))
                        .check(SEED))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith("Reversal by k_reversal in the class file of its kernels: ")
                .hasMessageContaining("ForbiddenKernels.k_unsignedShift:")
                .hasMessageContaining("uses >>>, which becomes an arithmetic shift");
    }

    @Test
    void missingKernelsAreNamed() {
        assertThatThrownBy(() -> OperationCheck.of(new Reversal(2, "k_absent")).check(SEED))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("Reversal by k_absent planned for a device: Operation Reversal: plan() failed")
                .hasMessageContaining("k_absent");
        assertThatThrownBy(() -> OperationCheck.of(new Doubling(2, Mistake.NONE, Mistake.NONE))
                        .checkDevice(SEED))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("Operation Doubling has no kernels for devices; have it implement DeviceOp");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            VALUE | with 1 thread: y[4] is 77.0, expected
            UNWRITTEN | with 1 thread: never writes y[2], one of 2 of 6 elements; write every element of a result.
            READS_RESULT | with 1 thread: y[0] is NaN, expected
            COUNTS_RUNS | with 1 thread, run again: y[0] is
            COUNTS_THREADS | with 3 threads, compared with 1 thread: y[0] is
            OUT_OF_BOUNDS | with 1 thread: Operation Doubling: its CPU kernel failed with java.lang.IndexOutOfBoundsException
            BESIDE_OPERAND | with 1 thread: writes out of bounds of 'y', to byte 24 of its 24; guard the access or correct the index.
            WRITES_INPUT | with 1 thread: writes to x[1], an input; write to results only.
            THROWS | with 1 thread: Operation Doubling: its CPU kernel failed with java.lang.UnsupportedOperationException: not today.
            """)
    void mistakesOfCpuKernelsAreFound(Mistake mistake, String message) {
        Doubling op = new Doubling(6, Mistake.NONE, mistake);
        assertThatThrownBy(() -> OperationCheck.of(op).check(SEED))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith(op + " on the CPU " + message)
                .hasMessageEndingWith("." + AGAIN);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            UNWRITTEN | : never writes y[2], one of 2 of 6 elements; write every element of a result.
            READS_RESULT | , run again: y[0] is
            OUT_OF_BOUNDS | : Operation Doubling: its reference failed with java.lang.IndexOutOfBoundsException
            THROWS | : Operation Doubling: its reference failed with java.lang.UnsupportedOperationException: not today.
            """)
    void mistakesOfReferencesAreFound(Mistake mistake, String message) {
        Doubling op = new Doubling(6, mistake, Mistake.NONE);
        assertThatThrownBy(() -> OperationCheck.of(op).check(SEED))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith(op + " in its reference" + message)
                .hasMessageEndingWith("." + AGAIN);
    }

    @ParameterizedTest
    @EnumSource(Mistake.class)
    void aFailureIsTheSameForASeed(Mistake mistake) {
        Doubling op = new Doubling(6, Mistake.NONE, mistake);
        Throwable first = catchThrowable(() -> OperationCheck.of(op).check(SEED));
        Throwable second = catchThrowable(() -> OperationCheck.of(op).check(SEED));
        assertThat(first == null).isEqualTo(mistake == Mistake.NONE);
        if (first != null && mistake != Mistake.OUT_OF_BOUNDS) { // That message has addresses.
            assertThat(second).hasMessage(first.getMessage());
        }
    }

    /** Stores what its inputs hold. */
    private record Recording(List<List<Float>> seen, List<Integer> indices, List<Integer> offsets) implements CustomOp {
        @Override
        public List<Operand> operands() {
            return List.of(
                    Operand.in("x", 50),
                    new Operand("half", DType.F16, 50, Operand.Access.READ),
                    new Operand("mask", DType.BOOL, 50, Operand.Access.READ),
                    Operand.indices("index", 50, -1, 3),
                    Operand.ascending("offsets", 5, 0, 9),
                    new Operand("weights", DType.Q4, 64, Operand.Access.READ),
                    Operand.update("state", 50));
        }

        @Override
        public void reference(MemorySegment... operands) {
            seen.add(floats(operands[0]));
            seen.add(floats(operands[2]));
            seen.add(floats(operands[6]));
            for (int i = 0; i < 50; i++) {
                indices.add(operands[3].getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i));
            }
            for (int i = 0; i < 5; i++) {
                offsets.add(operands[4].getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i));
            }
        }

        private static List<Float> floats(MemorySegment segment) {
            List<Float> values = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                values.add(segment.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i));
            }
            return values;
        }

        @Override
        public boolean equals(Object other) {
            return this == other;
        }

        @Override
        public int hashCode() {
            return System.identityHashCode(this);
        }
    }

    @Test
    void operandsHoldWhatIsPromised() {
        Recording op = new Recording(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        OperationCheck.of(op)
                .withValues("state", random -> random.nextDouble(5, 6))
                .check(SEED);
        assertThat(op.seen.get(0)).allMatch(value -> Math.abs(value) <= 2 && value * 64 == Math.rint(value * 64));
        assertThat(op.seen.get(1)).contains(0f, 1f).containsOnly(0f, 1f);
        assertThat(op.seen.get(2)).allMatch(value -> value >= 5 && value <= 6);
        assertThat(op.indices).contains(-1, 0, 1, 2, 3).containsOnly(-1, 0, 1, 2, 3);
        assertThat(op.offsets.subList(0, 5)).isSorted().allMatch(offset -> offset >= 0 && offset <= 9);
        List<Float> before = op.seen.get(0);
        op.seen.clear();
        OperationCheck.of(op).check(SEED);
        assertThat(op.seen.get(0)).as("the same seed").isEqualTo(before);
        op.seen.clear();
        OperationCheck.of(op).check(SEED + 1);
        assertThat(op.seen.get(0)).as("another seed").isNotEqualTo(before);
    }

    @Test
    void variablesAreComparedToo() {
        CustomOp wrong = new Decay(true);
        OperationCheck.of(new Decay(false)).check(SEED);
        assertThatThrownBy(() -> OperationCheck.of(wrong).check(SEED))
                .hasMessageContaining("on the CPU with 1 thread: state[0] is ");
    }

    private static final List<Shape> CUBE_INPUTS = List.of(Shape.of(6), Shape.of(6), Shape.of(2));
    private static final List<Shape> CUBE_RESULTS = List.of(Shape.of(6));

    @Test
    void gradientsAreChecked() {
        for (long seed = 0; seed < 3; seed++) {
            OperationCheck.of(new Cube(6, 3)).check(seed);
            OperationCheck.of(new Cube(6, 3)).checkGradient(seed, CUBE_INPUTS, CUBE_RESULTS);
        }
        assertThatThrownBy(() -> OperationCheck.of(new Cube(6, 2)).checkGradient(SEED, CUBE_INPUTS, CUBE_RESULTS))
                .isInstanceOf(AssertionError.class)
                .hasMessageStartingWith(
                        "Cube[elements=6, slope=2.0] in its gradient (input0 is x, input1 is index, input2"
                                + " is factor): Gradient with respect to ")
                .hasMessageContaining("input0")
                .hasMessageEndingWith(" by the interpreter." + AGAIN);
    }

    /** The emulated device runs what the CPU does not. */
    @Test
    void gradientsAreCheckedOnDevicesToo() {
        assertThatThrownBy(() -> OperationCheck.of(new Reversal(1, "k_unwritten"))
                        .checkGradient(SEED, List.of(Shape.of(4)), List.of(Shape.of(4))))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("in its gradient (input0 is x) on an emulated device: k_unwritten: ");
    }

    @Test
    void missingGradientsAreNamed() {
        List<Shape> six = List.of(Shape.of(6));
        assertThatThrownBy(() -> OperationCheck.of(new Doubling(6, Mistake.NONE, Mistake.NONE))
                        .checkGradient(SEED, six, six))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining(" in its gradient (input0 is x): it throws io.llm2clip.tensor.TensorException: ")
                .hasMessageContaining("Doubling")
                .hasMessageContaining("DifferentiableOp");
    }

    @Test
    void shapesAreAsManyAsOperands() {
        OperationCheck check = OperationCheck.of(new Cube(6, 3));
        assertThatThrownBy(() -> check.checkGradient(SEED, List.of(Shape.of(6)), CUBE_RESULTS))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "Cube[elements=6, slope=3.0] has operands [x, index, factor], found shapes [[6]]; give a shape"
                                + " for each.");
        assertThatThrownBy(() -> check.checkGradient(SEED, CUBE_INPUTS, List.of(Shape.of(5))))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("TensorException");
    }

    @Test
    void nonsenseIsRefused() {
        OperationCheck check = OperationCheck.of(new Doubling(2, Mistake.NONE, Mistake.NONE));
        assertThatThrownBy(() -> check.withTolerance(-1)).hasMessage("Tolerance -1.0, expected 0 or more.");
        assertThatThrownBy(() -> check.withTolerance(Double.NaN)).hasMessage("Tolerance NaN, expected 0 or more.");
        assertThatThrownBy(() -> check.withValues("y", random -> 1))
                .hasMessageEndingWith(" has no operand 'y' that values are drawn for, expected one of [x].");
        Matmul matmul = Matmul.dense(1, 8, 64, 64, false, true);
        Matmul packed = matmul.withB(matmul.b().packed(new Packing("some unit", DType.F32, 64, 64, 64, 64 * 64 * 4)));
        assertThatThrownBy(() -> OperationCheck.of(packed))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageEndingWith(
                        "is packed, expected elements in their own order; check the operation without packing.");
    }

    @Test
    void toleranceDecides() {
        Doubling op = new Doubling(6, Mistake.NONE, Mistake.COUNTS_THREADS);
        assertThatThrownBy(() -> OperationCheck.of(op).withTolerance(1e-9).checkCpu(SEED))
                .hasMessageContaining("on the CPU with 1 thread: y[0] is ")
                .hasMessageContaining("(tolerance 1.0E-9); 1 of 6 elements differ.");
    }
}

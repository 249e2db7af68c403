package io.llm2clip.kernels.gpu.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.emulator.Emulator;
import io.llm2clip.kernels.gpu.emulator.Schedule;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.operations.SquareSums;
import io.llm2clip.kernels.reference.Reference;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every device kernel agrees with the scalar reference, whatever the order of its work-items. */
class DeviceKernelsTest {
    private static final double TOLERANCE = 1e-4;

    @Provide
    Arbitrary<KernelOp> operations() {
        return KernelOpArbitraries.forDevices().filter(op -> op.flops() < 1_000_000);
    }

    @Property(tries = 300, shrinking = ShrinkingMode.BOUNDED)
    void agreesWithReferenceInOrder(@ForAll("operations") KernelOp op, @ForAll long seed) {
        check(op, seed, Schedule.IN_ORDER);
    }

    @Property(tries = 150, shrinking = ShrinkingMode.BOUNDED)
    void agreesWithReferenceShuffled(@ForAll("operations") KernelOp op, @ForAll long seed) {
        check(op, seed, Schedule.shuffled(seed));
    }

    @Property(tries = 60, shrinking = ShrinkingMode.BOUNDED)
    void resultDoesNotDependOnSchedule(@ForAll("operations") KernelOp op, @ForAll long seed) {
        try (OperandBuffers ordered = OperandBuffers.random(op, seed);
                OperandBuffers shuffled = ordered.copy()) {
            new Emulator(Schedule.IN_ORDER).run(op, ordered.segments());
            new Emulator(Schedule.shuffled(seed)).run(op, shuffled.segments());
            // Values, not bits: the JVM leaves the sign of a NaN to its compilers.
            shuffled.assertCloseTo(ordered, 0);
        }
    }

    /** The kernels for expressions beyond those that kernels are generated for. */
    @Property(tries = 200, shrinking = ShrinkingMode.BOUNDED)
    void interpretedExpressionsAgreeWithReference(@ForAll("ofExpressions") KernelOp op, @ForAll long seed) {
        DevicePlan plan = new DevicePlan(op.operands(), interpreted(op), 0);
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            new Emulator(Schedule.IN_ORDER).run(plan, found.segments());
            found.assertCloseTo(expected, TOLERANCE);
        }
    }

    private static List<DeviceLaunch> interpreted(KernelOp op) {
        return switch (op) {
            case Elementwise elementwise -> ElementwisePlan.interpreted(elementwise);
            case Matmul matmul -> MatmulPlan.interpreted(matmul);
            default -> throw new IllegalArgumentException(op.toString());
        };
    }

    @Provide
    Arbitrary<KernelOp> ofExpressions() {
        return Arbitraries.oneOf(KernelOpArbitraries.elementwise(), KernelOpArbitraries.matmul())
                .filter(op -> op.flops() < 1_000_000);
    }

    @Test
    void expressionsOfOneShapeShareAKernel() {
        DeviceKernel two = scaling(2f, List.of(3, 4), List.of(4, 1));
        assertThat(scaling(7f, List.of(5), List.of(1)))
                .as("another literal, another size")
                .isEqualTo(two);
        assertThat(scaling(2f, List.of(3, 4), List.of(1, 3)))
                .as("another layout")
                .isNotEqualTo(two);
    }

    private static DeviceKernel scaling(float factor, List<Integer> shape, List<Integer> strides) {
        Expression expression =
                new Expression(1, List.of(Instruction.constant(factor), Instruction.binary(Opcode.MULTIPLY, 0, 1)));
        return DeviceKernels.plan(new Elementwise(expression, shape, List.of(strides)))
                .launches()
                .getFirst()
                .kernel();
    }

    @ParameterizedTest
    @MethodSource("io.llm2clip.kernels.gpu.launch.EdgeCases#operations")
    void agreesWithReferenceInEdgeCases(KernelOp op) {
        check(op, 1, Schedule.IN_ORDER);
    }

    /** By shape alone: neither more terms in a row than chunks nor more work-items than a device has. */
    @Test
    void longSumsAreSplit() {
        for (int terms : new int[] {64, 6304, 100_000, 1_000_000}) {
            Chunks chunks = Chunks.of(terms, 768);
            assertThat(chunks.count()).as("chunks of %d", terms).isBetween(2, 171);
            assertThat(terms)
                    .as("terms of %s", chunks)
                    .isGreaterThan((chunks.count() - 1) * chunks.length())
                    .isLessThanOrEqualTo(chunks.count() * chunks.length());
        }
        assertThat(Chunks.of(6304, 768)).isEqualTo(new Chunks(80, 79));
        assertThat(Chunks.of(6304, 100_000)).as("enough work-items").isEqualTo(new Chunks(1, 6304));
        assertThat(Chunks.of(0, 768)).isEqualTo(new Chunks(1, 0));
        assertThat(Chunks.of(Integer.MAX_VALUE, 1).count()).isEqualTo(46341);
        List<DeviceLaunch> launches =
                DeviceKernels.plan(new Reduce(Reduction.SUM, 1, 6304, 768)).launches();
        assertThat(launches).extracting(launch -> launch.grid().x()).containsExactly(80 * 768, 768);
        launches = DeviceKernels.plan(new NormOp.LayerNormGradient(6304, 768, 1e-5f))
                .launches();
        assertThat(launches).extracting(launch -> launch.grid().x()).containsExactly(6304 * 32, 80 * 768, 768, 768);
        launches = DeviceKernels.plan(new IndexOp.ScatterAdd(2464, 1000, 512)).launches();
        assertThat(launches)
                .extracting(launch -> launch.grid().x())
                .containsExactly(1000 * 512, 2464 * 32, 50 * 512, 50 * 512);
    }

    /** A gradient norm is a few launches, however many parameters a model has; a vocabulary keeps a wide work-group per row busy. */
    @Test
    void manySmallSumsShareALaunchAndLongRowsAWorkGroup() {
        List<Integer> elements = new ArrayList<>(Collections.nCopies(150, 768));
        elements.add(0);
        elements.add(3 * SquareSums.BLOCK + 1);
        assertThat(DeviceKernels.plan(new SquareSums(elements)).launches())
                .extracting(launch -> launch.grid().x() / 256)
                .containsExactly(16, 16, 16, 16, 16, 16, 16, 16, 16, 6 + 4);
        assertThat(DeviceKernels.plan(new CrossEntropyOp.CrossEntropy(8, 49_152))
                        .launches())
                .extracting(launch -> launch.grid().x())
                .containsExactly(8 * 256);
        assertThat(DeviceKernels.plan(new CrossEntropyOp.CrossEntropy(8, 100)).launches())
                .extracting(launch -> launch.grid().x())
                .containsExactly(8 * 32);
    }

    /** Compilers of devices do not inline epilogues of any size: larger ones are computed by a launch of their own. */
    @Test
    void largeEpiloguesAreLaunchesOfTheirOwn() {
        assertThat(launches(adding(6, Opcode.ADD, 8))).containsExactly("k_matmul");
        assertThat(launches(adding(1, Opcode.ERF, 4))).containsExactly("k_matmul");
        assertThat(launches(adding(7, Opcode.ADD, 8))).containsExactly("k_matmul", "k_elementwise");
        assertThat(launches(adding(1, Opcode.ERF, 9))).containsExactly("k_matmul", "k_elementwise");
        assertThat(launches(adding(1, Opcode.MAXIMUM, 14))).containsExactly("k_matmul", "k_elementwise");
        assertThat(MatmulPlan.interpreted(adding(3, Opcode.ADD, 3))).hasSize(1);
        assertThat(MatmulPlan.interpreted(adding(4, Opcode.ADD, 3)))
                .as("the interpreter is large itself")
                .hasSize(2);
    }

    private static List<String> launches(Matmul op) {
        return DeviceKernels.plan(op).launches().stream()
                .map(launch -> launch.kernel().name())
                .toList();
    }

    /** Sums and then some of an opcode. */
    private static Matmul adding(int extras, Opcode opcode, int count) {
        List<Instruction> instructions = new ArrayList<>(List.of(Instruction.binary(Opcode.ADD, 0, 1)));
        for (int i = 0; i < count; i++) {
            instructions.add(new Instruction(opcode, extras + 1 + i, 1 + i % extras, 0, 0));
        }
        return Matmul.dense(1, 5, 6, 7, false, false)
                .withEpilogue(new Epilogue(
                        new Expression(1 + extras, instructions), Collections.nCopies(extras, Broadcast.ROW)));
    }

    @Test
    void whatDoesNotFitADeviceIsRefused() {
        assertThatThrownBy(() -> DeviceKernels.plan(
                        new Elementwise(Expression.IDENTITY, List.of(1 << 16, 1 << 15), List.of(List.of(0, 0)))))
                .hasMessage(
                        "Work-items number 2147483648, expected at most 2147483647 on a device; split the operation.");
        assertThatThrownBy(() -> DeviceKernels.plan(new IndexOp.ScatterAdd((1 << 24) + 1, 5, 2)))
                .hasMessage(
                        "Scatter-add of 16777217 rows, expected at most 16777216 on a device; split the operation.");
        Elementwise.Source halves = new Elementwise.Source(DType.BF16, List.of(1));
        Expression negated = new Expression(1, List.of(Instruction.unary(Opcode.NEGATE, 0)));
        assertThatThrownBy(() -> DeviceKernels.plan(new Elementwise(negated, List.of(4), List.of(halves), DType.F32)))
                .hasMessage(
                        "Elementwise of [BF16] elements into F32 ones runs on the CPU only, a device computes with F32"
                                + " and converts contiguous elements from and to it; convert before and after.");
        assertThatThrownBy(() -> DeviceKernels.plan(new SoftmaxOp.Softmax(2, 3, DType.BF16)))
                .hasMessage("Softmax with 'out' of BF16 runs on the CPU only, a device takes F32; convert it.");
        AttentionShape wide = new AttentionShape(1, 1, 1, 1, 1, 129, 1, false);
        assertThatThrownBy(() -> DeviceKernels.plan(new AttentionOp.Attention(wide)))
                .hasMessageContaining("Attention with 129 channels per head, expected at most 128 on a device");
        Matmul matmul = Matmul.dense(1, 1, 1, 32, false, true, DType.Q8);
        Packing packing = new Packing("a unit", DType.Q8, 1, 32, 1, 34);
        assertThatThrownBy(() -> DeviceKernels.plan(matmul.withB(matmul.b().packed(packing))))
                .hasMessageStartingWith("Matmul with a packed B runs on the CPU only, found ");
    }

    private static void check(KernelOp op, long seed, Schedule schedule) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            new Emulator(schedule).run(op, found.segments());
            found.assertCloseTo(expected, TOLERANCE);
        }
    }
}

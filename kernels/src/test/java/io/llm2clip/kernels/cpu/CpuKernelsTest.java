package io.llm2clip.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AllConversions;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every vector kernel computes what the reference computes, with the same bits on one thread and on three. */
class CpuKernelsTest {
    private static final Workers ONE = new Workers(1);
    private static final Workers THREE = new Workers(3);

    @Property(tries = 1000)
    void elementwise(@ForAll("elementwiseOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> elementwiseOps() {
        return KernelOpArbitraries.elementwise();
    }

    @Property(tries = 1000)
    void elementwiseOfAnyTypes(@ForAll("typedElementwiseOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> typedElementwiseOps() {
        return KernelOpArbitraries.typedElementwise();
    }

    /** Whatever they are: a NaN of any payload, an int that no f32 is. */
    @Property(tries = 300)
    void copiesKeepEveryBit(@ForAll("strided") KernelOp op, @ForAll long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            CpuKernels.bind(op, found.addresses(), THREE).run();
            found.assertSameBits(expected);
        }
    }

    @Provide
    Arbitrary<KernelOp> strided() {
        return KernelOpArbitraries.copy();
    }

    @Property(tries = 300)
    void reduce(@ForAll("reduceOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> reduceOps() {
        return KernelOpArbitraries.reduce();
    }

    @Property(tries = 100)
    void matmul(@ForAll("matmulOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> matmulOps() {
        return KernelOpArbitraries.matmul();
    }

    @Property(tries = 300)
    void softmax(@ForAll("softmaxOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> softmaxOps() {
        return KernelOpArbitraries.softmax();
    }

    @Property(tries = 500)
    void norm(@ForAll("normOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> normOps() {
        return KernelOpArbitraries.norm();
    }

    @Property(tries = 100)
    void attention(@ForAll("attentionOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> attentionOps() {
        return KernelOpArbitraries.attention();
    }

    @Property(tries = 300)
    void rotary(@ForAll("rotaryOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> rotaryOps() {
        return KernelOpArbitraries.rotary();
    }

    @Property(tries = 300)
    void index(@ForAll("indexOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> indexOps() {
        return KernelOpArbitraries.index();
    }

    @Property(tries = 300)
    void crossEntropy(@ForAll("crossEntropyOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> crossEntropyOps() {
        return KernelOpArbitraries.crossEntropy();
    }

    @Property(tries = 300)
    void copies(@ForAll("copyOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> copyOps() {
        return net.jqwik.api.Arbitraries.oneOf(
                KernelOpArbitraries.copy(), KernelOpArbitraries.concat(), KernelOpArbitraries.convert());
    }

    /** Not only by chance. */
    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void conversionsOfAllHalves(DType type) {
        AllConversions.check(type, (op, operands) -> {
            long[] addresses = {operands[0].address(), operands[1].address()};
            CpuKernels.bind(op, addresses, THREE).run();
        });
    }

    @Property(tries = 100)
    void adamW(@ForAll("adamWOps") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> adamWOps() {
        return KernelOpArbitraries.adamW();
    }

    /** Large enough for several tasks, chunks and blocks. */
    @Test
    void largeOperations() {
        for (KernelOp op : LargeOps.ALL) {
            check(op, 7);
        }
    }

    @Test
    void indicesAreCheckedBeforeMemoryIsTouched() {
        KernelOp op = new IndexOp.Gather(2, 3, 4);
        try (OperandBuffers buffers = OperandBuffers.random(op, 1)) {
            buffers.segments()[1].set(ValueLayout.JAVA_INT_UNALIGNED, 4, 3);
            assertThatThrownBy(
                            () -> CpuKernels.bind(op, buffers.addresses(), ONE).run())
                    .isInstanceOf(IndexOutOfBoundsException.class)
                    .hasMessage("Gather: index[1] is 3, expected 0 to 2.");
        }
    }

    @Test
    void addressesAreChecked() {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocate(64).address();
            assertThatThrownBy(() -> CpuKernels.bind(new SoftmaxOp.Softmax(1, 2), new long[] {address}, ONE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("takes 2 operands, found 1");
            assertThatThrownBy(() -> CpuKernels.bind(new SoftmaxOp.Softmax(1, 2), new long[] {address, 0}, ONE))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no memory for operand 'out'");
        }
    }

    private static void check(KernelOp op, long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers one = expected.copy();
                OperandBuffers three = expected.copy()) {
            Reference.run(op, expected.segments());
            CpuKernels.bind(op, one.addresses(), ONE).run();
            one.assertCloseTo(expected, 5e-5);
            CpuKernels.bind(op, three.addresses(), THREE).run();
            three.assertSameBits(one);
        }
    }
}

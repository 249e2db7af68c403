package io.llm2clip.kernels.cpu.matrix;

import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.reference.Reference;
import java.util.List;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** Attention and its gradients equal the reference and have the same bits on any number of threads. */
class AttentionTest {
    private static final List<Workers> WORKERS = List.of(new Workers(1), new Workers(2), new Workers(3));

    @Property(tries = 300)
    void anyAttention(@ForAll("attentions") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Provide
    Arbitrary<KernelOp> attentions() {
        return KernelOpArbitraries.attention();
    }

    /** Several query blocks and key strips, head sizes with and without whole strips, shared key heads. */
    @Test
    void shapesOfModels() {
        check(new AttentionShape(2, 17, 17, 6, 6, 32, 0.17f, false));
        check(new AttentionShape(2, 77, 77, 4, 4, 32, 0.17f, true));
        check(new AttentionShape(3, 136, 136, 6, 2, 32, 0.17f, false));
        check(new AttentionShape(2, 50, 129, 2, 1, 64, 0.125f, false));
        check(new AttentionShape(1, 200, 200, 1, 1, 80, 0.1f, true));
    }

    private static void check(AttentionShape shape) {
        check(new AttentionOp.Attention(shape), 5);
        check(new AttentionOp.AttentionGradient(shape), 6);
    }

    private static void check(KernelOp op, long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers first = expected.copy()) {
            Reference.run(op, expected.segments());
            for (Workers workers : WORKERS) {
                try (OperandBuffers found = first.copy()) {
                    CpuKernels.bind(op, found.addresses(), workers).run();
                    found.assertCloseTo(expected, 5e-5);
                    if (workers == WORKERS.getFirst()) {
                        CpuKernels.bind(op, first.addresses(), workers).run();
                    }
                    found.assertSameBits(first);
                }
            }
        }
    }
}

package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.CrossEntropyOp;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.IndexOp;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Reduce;
import io.llm2clip.kernels.operations.Reduction;
import io.llm2clip.kernels.operations.Rotary;
import io.llm2clip.kernels.operations.SoftmaxOp;
import java.util.List;

/** Operations beyond the size up to which kernels run on the calling thread. */
final class LargeOps {
    private static final Expression SUM = new Expression(2, List.of(Instruction.binary(Opcode.ADD, 0, 1)));

    static final List<KernelOp> ALL = List.of(
            new Elementwise(Expression.IDENTITY, List.of(400, 601), List.of(List.of(1, 400))),
            new Elementwise(SUM, List.of(401, 603), List.of(List.of(603, 1), List.of(0, 1))),
            new Elementwise(SUM, List.of(250_001), List.of(List.of(1), List.of(0))),
            new Elementwise(
                    SUM,
                    List.of(401, 603),
                    List.of(
                            new Elementwise.Source(DType.BF16, List.of(1, 401)),
                            new Elementwise.Source(DType.F16, List.of(603, 1))),
                    DType.BF16),
            Elementwise.copy(DType.BF16, List.of(401, 603), List.of(1, 401)),
            new Elementwise(Expression.IDENTITY, List.of(3, 5, 70, 200), List.of(List.of(70 * 1000, 200, 1000, 1))),
            new Elementwise(SUM, List.of(60_001, 5), List.of(List.of(5, 1), List.of(1, 0))),
            new Reduce(Reduction.SUM, 1, 2001, 130),
            new Reduce(Reduction.SUM, 3, 70_000, 1),
            new Reduce(Reduction.MAX, 1, 250_000, 1),
            new SoftmaxOp.Softmax(301, 577),
            new SoftmaxOp.SoftmaxGradient(301, 577),
            new NormOp.LayerNorm(1001, 193, 1e-3f),
            new NormOp.LayerNormGradient(1001, 193, 1e-3f),
            new NormOp.RmsNormGradient(1001, 193, 1e-3f),
            new NormOp.RmsNormGradient(1001, 193, 1e-3f, false),
            new Rotary(2, 101, 9, 66, true, false),
            new IndexOp.ScatterAdd(900, 40, 300),
            new IndexOp.Gather(900, 40, 300),
            new CrossEntropyOp.CrossEntropy(200, 1001),
            new CrossEntropyOp.CrossEntropyGradient(200, 1001),
            new Concat(DType.F32, 500, List.of(100, 0, 301)),
            Elementwise.convert(200_003, DType.F32, DType.BF16),
            Elementwise.convert(200_003, DType.F16, DType.F32),
            new AdamWUpdate(150_001, new AdamWUpdate.Hyper(0.5f, 0.9f, 0.99f, 1e-3f, 0.1f)));

    private LargeOps() {}
}

package io.llm2clip.kernels.vector;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Expression;
import io.llm2clip.kernels.Expression.Instruction;
import io.llm2clip.kernels.KernelOp;
import io.llm2clip.kernels.KernelOp.Reduction;
import io.llm2clip.kernels.Opcode;
import java.util.List;

/** Operations beyond the size up to which kernels run on the calling thread. */
final class LargeOps {
    private static final Expression SUM = new Expression(2, List.of(Instruction.binary(Opcode.ADD, 0, 1)));

    static final List<KernelOp> ALL = List.of(
            new KernelOp.Elementwise(Expression.IDENTITY, List.of(400, 601), List.of(List.of(1, 400))),
            new KernelOp.Elementwise(SUM, List.of(401, 603), List.of(List.of(603, 1), List.of(0, 1))),
            new KernelOp.Elementwise(SUM, List.of(250_001), List.of(List.of(1), List.of(0))),
            new KernelOp.Elementwise(
                    Expression.IDENTITY, List.of(3, 5, 70, 200), List.of(List.of(70 * 1000, 200, 1000, 1))),
            new KernelOp.Elementwise(SUM, List.of(60_001, 5), List.of(List.of(5, 1), List.of(1, 0))),
            new KernelOp.Reduce(Reduction.SUM, 1, 2001, 130),
            new KernelOp.Reduce(Reduction.SUM, 3, 70_000, 1),
            new KernelOp.Reduce(Reduction.MAX, 1, 250_000, 1),
            new KernelOp.Softmax(301, 577),
            new KernelOp.SoftmaxGradient(301, 577),
            new KernelOp.LayerNorm(1001, 193, 1e-3f),
            new KernelOp.LayerNormGradient(1001, 193, 1e-3f),
            new KernelOp.RmsNormGradient(1001, 193, 1e-3f),
            new KernelOp.Rotary(2, 101, 9, 66, true, false),
            new KernelOp.ScatterAdd(900, 40, 300),
            new KernelOp.Gather(900, 40, 300),
            new KernelOp.CrossEntropy(200, 1001),
            new KernelOp.CrossEntropyGradient(200, 1001),
            new KernelOp.Concat(DType.F32, 500, List.of(100, 0, 301)),
            new KernelOp.Convert(200_003, DType.F32, DType.BF16),
            new KernelOp.Convert(200_003, DType.F16, DType.F32),
            new KernelOp.AdamW(150_001));

    private LargeOps() {}
}

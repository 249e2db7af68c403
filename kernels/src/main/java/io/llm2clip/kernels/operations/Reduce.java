package io.llm2clip.kernels.operations;

import java.util.List;

/** {@code [outer, extent, inner] -> [outer, inner]}. */
public record Reduce(Reduction reduction, int outer, int extent, int inner) implements KernelOp {
    @Override
    public List<Operand> operands() {
        return List.of(Operand.in("in", (long) outer * extent * inner), Operand.out((long) outer * inner));
    }

    @Override
    public long flops() {
        return (long) outer * extent * inner;
    }
}

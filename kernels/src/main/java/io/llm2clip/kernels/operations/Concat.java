package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.List;

/** Joins {@code [outer, inner[i]]} blocks, of elements of one type, side by side into {@code [outer, sum(inner)]}. */
public record Concat(DType dtype, int outer, List<Integer> inner) implements KernelOp {
    public Concat {
        Checks.require(!dtype.isQuantized(), "Concat: elements of a dense type", dtype);
        inner = List.copyOf(inner);
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>();
        for (int i = 0; i < inner.size(); i++) {
            operands.add(new Operand("in" + i, dtype, (long) outer * inner.get(i), Operand.Access.READ));
        }
        long size = (long) outer * inner.stream().mapToLong(Integer::longValue).sum();
        operands.add(new Operand("out", dtype, size, Operand.Access.WRITE));
        return operands;
    }
}

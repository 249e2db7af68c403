package io.llm2clip.kernels.operations;

import java.util.ArrayList;
import java.util.List;

/**
 * Sums of squares of each input's blocks of {@link #BLOCK} elements, the last of an input shorter; out holds those of the first
 * input, then those of the second, and so on. What is summed up further is few, so it can be done in double precision.
 *
 * @param elements of each input
 */
public record SquareSums(List<Integer> elements) implements KernelOp {
    /** Elements of a block. */
    public static final int BLOCK = 8192;

    public SquareSums {
        elements = List.copyOf(elements);
    }

    /** Number of blocks of an input of so many elements. */
    public static int blocks(int elements) {
        return Math.ceilDiv(elements, BLOCK);
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>();
        for (int i = 0; i < elements.size(); i++) {
            operands.add(Operand.in("in" + i, elements.get(i)));
        }
        operands.add(Operand.out(elements.stream().mapToLong(SquareSums::blocks).sum()));
        return operands;
    }

    @Override
    public long flops() {
        return 2 * elements.stream().mapToLong(Integer::longValue).sum();
    }
}

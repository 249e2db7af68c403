package io.llm2clip.kernels.operations;

import io.llm2clip.kernels.DType;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code out[i] = expression(inputs at i)} for every index of {@code shape}; the output is contiguous.
 *
 * <p>With {@link Expression#IDENTITY} this is the strided copy that materialises a transposed, expanded or sliced view.
 *
 * @param dtype of inputs and output; f32, or i32 for copies
 * @param expression what to compute for each element
 * @param shape output dimensions
 * @param strides per input, per dimension, in elements; 0 broadcasts
 */
public record Elementwise(DType dtype, Expression expression, List<Integer> shape, List<List<Integer>> strides)
        implements KernelOp {
    public Elementwise {
        Checks.requireWord("Elementwise", dtype);
        Checks.require(
                dtype == DType.F32 || expression.equals(Expression.IDENTITY),
                "Elementwise: f32, or the identity of i32",
                expression);
        shape = List.copyOf(shape);
        strides = strides.stream().map(List::copyOf).toList();
        Checks.require(strides.size() == expression.inputs(), "Elementwise: one list of strides an input", strides);
        for (List<Integer> s : strides) {
            Checks.require(s.size() == shape.size(), "Elementwise: one stride a dimension of " + shape, s);
        }
    }

    /** Of f32 elements. */
    public Elementwise(Expression expression, List<Integer> shape, List<List<Integer>> strides) {
        this(DType.F32, expression, shape, strides);
    }

    @Override
    public List<Operand> operands() {
        List<Operand> operands = new ArrayList<>();
        for (int i = 0; i < strides.size(); i++) {
            operands.add(new Operand("in" + i, dtype, extent(shape, strides.get(i)), Operand.Access.READ));
        }
        operands.add(new Operand("out", dtype, Checks.product(shape), Operand.Access.WRITE));
        return operands;
    }

    @Override
    public long flops() {
        return Checks.product(shape)
                * expression.instructions().stream()
                        .filter(i -> i.opcode() != Opcode.CONSTANT)
                        .count();
    }

    private static long extent(List<Integer> shape, List<Integer> strides) {
        long last = 0;
        for (int d = 0; d < shape.size(); d++) {
            if (shape.get(d) == 0) {
                return 0;
            }
            last += (shape.get(d) - 1L) * strides.get(d);
        }
        return last + 1;
    }
}

package com.example;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.DifferentiableOp;
import io.llm2clip.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * Sums along rows in which what came before counts less and less: {@code y[r][t] = x[r][t] + discount * y[r][t-1]}. As a composition of
 * tensor functions it would take many passes over memory; here it takes one.
 *
 * @param backward whether sums run from the last column to the first
 */
public record DiscountedSum(int rows, int columns, float discount, boolean backward)
        implements DeviceOp, DifferentiableOp {

    /** How it is used: of an f32 matrix {@code [rows, columns]} the sums along its rows. */
    public static Tensor of(Tensor x, float discount) {
        DiscountedSum op = new DiscountedSum(x.shape().dim(0), x.shape().dim(1), discount, false);
        return Tensor.kernel(op, x.shape(), DType.F32, x);
    }

    /** Inputs, then results: the buffers of all that follows. */
    @Override
    public List<Operand> operands() {
        long elements = (long) rows * columns;
        return List.of(Operand.in("x", elements), Operand.out("y", elements));
    }

    /** The definition, which all else is checked against. The CPU runs it, too, unless the operation is also a {@code CpuOp}. */
    @Override
    public void reference(MemorySegment... operands) {
        for (int row = 0; row < rows; row++) {
            float sum = 0;
            for (int i = 0; i < columns; i++) {
                int element = row * columns + (backward ? columns - 1 - i : i);
                sum = operands[0].getAtIndex(JAVA_FLOAT, element) + discount * sum;
                operands[1].setAtIndex(JAVA_FLOAT, element, sum);
            }
        }
    }

    /** Optional: on devices, a work-item per row. */
    @Override
    public DevicePlan plan() {
        List<Integer> dimensions = List.of(columns, backward ? 1 : 0);
        return DevicePlan.perElement(
                this, DiscountedSumKernels.class, "k_discountedSum", rows, dimensions, List.of(discount));
    }

    /** Optional: gradients are graph; here the same sums, from the other end. */
    @Override
    public List<Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
        Tensor dy = gradients.getFirst();
        return List.of(Tensor.kernel(new DiscountedSum(rows, columns, discount, !backward), dy.shape(), DType.F32, dy));
    }
}

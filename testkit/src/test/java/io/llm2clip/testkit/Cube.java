package io.llm2clip.testkit;

import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.DifferentiableOp;
import io.llm2clip.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/** {@code y[i] = factor[index[i]] x[i]^3} with a gradient that is {@code slope x^2}, of which 3 is right. */
record Cube(int elements, float slope) implements DeviceOp, DifferentiableOp {
    @Override
    public List<Operand> operands() {
        return List.of(
                Operand.in("x", elements),
                Operand.indices("index", elements, 0, 1),
                Operand.in("factor", 2),
                Operand.out("y", elements));
    }

    @Override
    public void reference(MemorySegment... operands) {
        for (int i = 0; i < elements; i++) {
            float x = operands[0].getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            int index = operands[1].getAtIndex(ValueLayout.JAVA_INT_UNALIGNED, i);
            float factor = operands[2].getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index);
            operands[3].setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, factor * x * x * x);
        }
    }

    @Override
    public DevicePlan plan() {
        return DevicePlan.perElement(this, CubeKernels.class, "k_cube", elements, List.of(), List.of());
    }

    @Override
    public List<Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
        Tensor x = inputs.get(0);
        Tensor index = inputs.get(1);
        Tensor factors = inputs.get(2).reshape(2, 1).gather(index).reshape(elements);
        Tensor dy = gradients.getFirst();
        Tensor byFactor = dy.mul(x.square().mul(x)).reshape(elements, 1);
        return Arrays.asList(
                dy.mul(factors).mul(x.square()).mul(slope),
                null,
                byFactor.segmentSum(index, 2).reshape(2));
    }
}

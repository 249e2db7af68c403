package io.llm2clip.testkit;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.tensor.DifferentiableOp;
import io.llm2clip.tensor.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Reverses rows of four; on devices by a kernel that may be wrong. */
record Reversal(int rows, Class<?> kernels, String kernel) implements DeviceOp, DifferentiableOp {

    /** By a kernel of {@link PlantedKernels}. */
    Reversal(int rows, String kernel) {
        this(rows, PlantedKernels.class, kernel);
    }

    @Override
    public List<Operand> operands() {
        return List.of(Operand.in("x", 4L * rows), Operand.out("y", 4L * rows));
    }

    @Override
    public void reference(MemorySegment... operands) {
        for (int i = 0; i < 4 * rows; i++) {
            float mirrored = operands[0].getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i - i % 4 + 3 - i % 4);
            operands[1].setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i, mirrored);
        }
    }

    @Override
    public DevicePlan plan() {
        return DevicePlan.perRow(this, kernels, kernel, rows, 4, List.of(), List.of());
    }

    @Override
    public List<Tensor> gradients(List<Tensor> inputs, List<Tensor> results, List<Tensor> gradients) {
        return List.of(Tensor.kernel(this, gradients.getFirst().shape(), DType.F32, gradients.getFirst()));
    }

    @Override
    public String toString() {
        return "Reversal by " + kernel;
    }
}

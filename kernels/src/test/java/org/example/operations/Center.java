package org.example.operations;

import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.gpu.launch.Grid;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** {@code x - mean(x)}: on a device two launches, of which the first leaves the mean in scratch memory; on the CPU by the reference. */
public record Center(int elements) implements DeviceOp {
    private static final int IN = 0;
    private static final int OUT = 1;
    private static final int MEAN = 2;

    private static final DeviceKernel MEANS =
            DeviceKernel.of(ForeignKernels.class, "k_mean", Role.FLOATS, Role.FLOATS, Role.PARAMS);
    private static final DeviceKernel CENTERS =
            DeviceKernel.of(ForeignKernels.class, "k_center", Role.FLOATS, Role.FLOATS, Role.FLOATS, Role.PARAMS);

    @Override
    public List<Operand> operands() {
        return List.of(Operand.in("x", elements), Operand.out(elements));
    }

    @Override
    public void reference(MemorySegment... operands) {
        double sum = 0;
        for (long at = 0; at < operands[IN].byteSize(); at += Float.BYTES) {
            sum += operands[IN].get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
        }
        for (long at = 0; at < operands[IN].byteSize(); at += Float.BYTES) {
            double x = operands[IN].get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
            operands[OUT].set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, (float) (x - sum / elements));
        }
    }

    @Override
    public DevicePlan plan() {
        if (elements == 0) {
            return new DevicePlan(operands(), List.of(), 0);
        }
        List<Integer> params = List.of(elements);
        return new DevicePlan(
                operands(),
                List.of(
                        new DeviceLaunch(
                                MEANS, Grid.rows(1, ForeignKernels.GROUP), params, List.of(), Binding.all(IN, MEAN)),
                        new DeviceLaunch(
                                CENTERS, Grid.elements(elements), params, List.of(), Binding.all(IN, MEAN, OUT))),
                1);
    }
}

package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What one program holds on an accelerator, and the steps over it. */
final class DeviceRanges implements AutoCloseable {
    private final AcceleratorMemory memory;
    private final List<ArenaRange> ranges = new ArrayList<>();
    private final Map<TensorData, DeviceCopy> variables = new LinkedHashMap<>();
    private final List<DeviceStep> steps = new ArrayList<>();
    private final Map<TensorData, DeviceAddress> factors = new LinkedHashMap<>();
    private final Map<DType, ArenaRange> scratch = new EnumMap<>(DType.class);

    DeviceRanges(AcceleratorMemory memory) {
        this.memory = memory;
    }

    /** A variable's copy on the device, which stays at least until {@link #close}. */
    DeviceCopy variable(TensorData data) {
        return variables.computeIfAbsent(data, memory::retain);
    }

    /** Where a variable is stored as an operand of matmuls, at least until {@link #close}. */
    DeviceAddress factor(TensorData data) {
        return factors.computeIfAbsent(data, memory.factors()::retain);
    }

    /** Appends an operation's steps; where so said, an operand is stored as the precision's type already. */
    void add(KernelOp op, MatmulPrecision precision, List<DeviceAddress> operands, boolean... rounded) {
        steps.addAll(memory.device().steps(op, precision, operands, rounded, this::scratch));
    }

    /** Operations run one after the other, so they share their scratch memory. */
    private DeviceAddress scratch(DType dtype, long elements) {
        ArenaRange range = scratch.get(dtype);
        if (range == null || range.elements() < elements) {
            range = memory.take(MemoryUse.PROGRAM, dtype, elements);
            ranges.add(range);
            scratch.put(dtype, range);
        }
        return range.start();
    }

    List<DeviceStep> steps() {
        return steps;
    }

    /** Makes the variables on the device current. */
    void send() {
        variables.values().forEach(DeviceCopy::send);
        factors.keySet().forEach(memory.factors()::send);
    }

    @Override
    public void close() {
        List<Runnable> releases = new ArrayList<>();
        ranges.forEach(range -> releases.add(() -> memory.give(range)));
        factors.keySet().forEach(data -> releases.add(() -> memory.factors().release(data)));
        variables.keySet().forEach(data -> releases.add(() -> memory.release(data)));
        ranges.clear();
        factors.clear();
        variables.clear();
        Resources.closeAll(releases);
    }
}

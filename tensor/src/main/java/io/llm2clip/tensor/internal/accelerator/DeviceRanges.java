package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.Resources;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The variables of one program on an accelerator. */
final class DeviceRanges implements AutoCloseable {
    private final AcceleratorMemory memory;
    private final Map<TensorData, DeviceCopy> variables = new LinkedHashMap<>();
    private final Map<TensorData, DeviceAddress> factors = new LinkedHashMap<>();

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

    /** Makes the variables on the device current. */
    void send() {
        variables.values().forEach(DeviceCopy::send);
        factors.keySet().forEach(memory.factors()::send);
    }

    @Override
    public void close() {
        List<Runnable> releases = new ArrayList<>();
        factors.keySet().forEach(data -> releases.add(() -> memory.factors().release(data)));
        variables.keySet().forEach(data -> releases.add(() -> memory.release(data)));
        factors.clear();
        variables.clear();
        Resources.closeAll(releases);
    }
}

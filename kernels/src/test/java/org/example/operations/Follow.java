package org.example.operations;

import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** {@code value += rate * (target - value)}, in place. */
public record Follow(int elements) implements CpuOp, DeviceOp {
    @Override
    public List<Operand> operands() {
        return List.of(Operand.in("target", elements), Operand.in("rate", 1), Operand.update("value", elements));
    }

    @Override
    public void reference(MemorySegment... operands) {
        float rate = operands[1].get(ValueLayout.JAVA_FLOAT_UNALIGNED, 0);
        for (long at = 0; at < operands[2].byteSize(); at += Float.BYTES) {
            float before = operands[2].get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
            float target = operands[0].get(ValueLayout.JAVA_FLOAT_UNALIGNED, at);
            operands[2].set(ValueLayout.JAVA_FLOAT_UNALIGNED, at, before + rate * (target - before));
        }
    }

    @Override
    public Launch bind(MemorySegment[] operands, Workers workers) {
        return () -> reference(operands);
    }

    @Override
    public DevicePlan plan() {
        return DevicePlan.perElement(this, ForeignKernels.class, "k_follow", elements, List.of(), List.of());
    }
}

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

/** {@code x / (1 + exp(-beta x))} by elements. */
public record Swish(int elements, float beta) implements CpuOp, DeviceOp {
    private static final int TASK = 64;

    @Override
    public List<Operand> operands() {
        return List.of(Operand.in("x", elements), Operand.out(elements));
    }

    @Override
    public void reference(MemorySegment... operands) {
        for (int i = 0; i < elements; i++) {
            double x = operands[0].get(ValueLayout.JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES);
            operands[1].set(
                    ValueLayout.JAVA_FLOAT_UNALIGNED, (long) i * Float.BYTES, (float) (x / (1 + Math.exp(-beta * x))));
        }
    }

    @Override
    public Launch bind(MemorySegment[] operands, Workers workers) {
        MemorySegment in = operands[0];
        MemorySegment out = operands[1];
        return () -> workers.parallel(Math.ceilDiv(elements, TASK), (task, worker) -> {
            for (int i = task * TASK; i < Math.min(elements, (task + 1) * TASK); i++) {
                float x = in.getAtIndex(ValueLayout.JAVA_FLOAT, i);
                out.setAtIndex(ValueLayout.JAVA_FLOAT, i, x / (1 + (float) Math.exp(-beta * x)));
            }
        });
    }

    @Override
    public DevicePlan plan() {
        return DevicePlan.perElement(this, ForeignKernels.class, "k_swish", elements, List.of(), List.of(beta));
    }
}

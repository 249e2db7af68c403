package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.KernelOp;
import java.lang.foreign.MemorySegment;

/** Executes device plans on the JVM with every access checked; for tests, not for speed. */
public final class Emulator {
    private final Schedule schedule;

    public Emulator(Schedule schedule) {
        this.schedule = schedule;
    }

    /**
     * Runs an operation once.
     *
     * @param op the operation
     * @param operands buffers in the order of {@link KernelOp#operands()}, each of at least the operand's bytes; those that begin at
     *     the same byte share their elements
     * @throws KernelFault if a kernel does what is undefined on a device
     */
    public void run(KernelOp op, MemorySegment... operands) {
        run(DeviceKernels.plan(op), operands);
    }

    /**
     * Runs a plan once.
     *
     * @param plan launches and what they work on
     * @param operands buffers in the order of {@link DevicePlan#operands()}
     * @throws KernelFault if a kernel does what is undefined on a device
     */
    public void run(DevicePlan plan, MemorySegment... operands) {
        DeviceMemory memory = new DeviceMemory(plan, operands);
        for (DeviceLaunch launch : plan.launches()) {
            new LaunchRun(launch, memory.beginLaunch(launch), schedule).run();
        }
        memory.finish(operands);
    }
}

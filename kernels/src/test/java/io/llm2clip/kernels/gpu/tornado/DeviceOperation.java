package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.cublas.MatmulPrecision;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** An operation placed in the arenas of a device. */
final class DeviceOperation {
    /** Elements between operands that belong to none. */
    private static final int GAP = 7;

    private final TornadoDevice device;
    private final KernelOp op;
    private final DevicePlan plan;
    private final int[] offsets;
    private final Map<DType, Integer> ends = new EnumMap<>(DType.class);

    DeviceOperation(TornadoDevice device, KernelOp op) {
        this.device = device;
        this.op = op;
        plan = DeviceKernels.plan(op);
        List<Operand> operands = plan.operands();
        offsets = new int[operands.size() + (plan.scratch() > 0 ? 1 : 0)];
        for (int i = 0; i < operands.size(); i++) {
            offsets[i] = ends.getOrDefault(operands.get(i).dtype(), 0) + GAP;
            ends.put(operands.get(i).dtype(), offsets[i] + (int) operands.get(i).elements());
        }
        if (plan.scratch() > 0) {
            offsets[operands.size()] = ends.getOrDefault(DType.F32, 0) + GAP;
        }
    }

    /** The kernels' launches with each operand in the place of another one, by number. */
    List<BoundLaunch> launches(int[] places) {
        int[] moved = offsets.clone();
        for (int i = 0; i < places.length; i++) {
            moved[i] = offsets[places[i]];
        }
        return plan.launches().stream()
                .map(launch -> new BoundLaunch(launch, moved))
                .toList();
    }

    /** What the device itself makes of the operation, which may be calls of a library. */
    List<DeviceStep> steps() {
        return steps(MatmulPrecision.F32);
    }

    List<DeviceStep> steps(MatmulPrecision precision) {
        int[] operands = Arrays.copyOf(offsets, plan.operands().size());
        return device.steps(
                op, precision, operands, new boolean[0], (dtype, elements) -> ends.getOrDefault(dtype, 0) + GAP);
    }

    /** Uploads all operands, outputs too: their garbage must be overwritten. */
    void upload(MemorySegment[] operands) {
        for (int i = 0; i < operands.length; i++) {
            device.upload(plan.operands().get(i).dtype(), offsets[i], operands[i]);
        }
    }

    void launch() {
        plan.launches().forEach(launch -> device.launch(launch, offsets));
    }

    void download(MemorySegment[] operands) {
        for (int i = 0; i < operands.length; i++) {
            device.download(plan.operands().get(i).dtype(), offsets[i], operands[i]);
        }
    }
}

package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** An operation placed in the arenas of a device, which come in sets of one per type. */
final class DeviceOperation {
    private static final List<DType> TYPES = List.of(DType.F32, DType.I32, DType.BF16);
    /** Elements between operands that belong to none. */
    private static final int GAP = 7;

    private final TornadoDevice device;
    private final KernelOp op;
    private final DevicePlan plan;
    private final List<DeviceAddress> addresses = new ArrayList<>();
    private final List<DeviceAddress> operands;
    private final int[] ends;

    /** In one set of arenas. */
    DeviceOperation(TornadoDevice device, KernelOp op) {
        this(device, op, 1);
    }

    /** With operands in a number of sets by turns. */
    DeviceOperation(TornadoDevice device, KernelOp op, int sets) {
        this.device = device;
        this.op = op;
        plan = DeviceKernels.plan(op);
        ends = new int[sets * TYPES.size()];
        for (Operand operand : plan.operands()) {
            addresses.add(place(operand.dtype(), operand.dtype().arenaElements(operand.elements())));
        }
        operands = List.copyOf(addresses);
        if (plan.scratch() > 0) {
            addresses.add(place(DType.F32, plan.scratch()));
        }
    }

    private DeviceAddress place(DType dtype, long elements) {
        int sets = ends.length / TYPES.size();
        int arena = addresses.size() % sets * TYPES.size() + TYPES.indexOf(dtype.arena());
        int start = ends[arena] + GAP;
        ends[arena] = start + (int) elements;
        return new DeviceAddress(arena, start);
    }

    /** Sets of arenas to open a device with. */
    static List<ArenaSize> arenas(int sets, long elements) {
        List<ArenaSize> arenas = new ArrayList<>();
        for (int set = 0; set < sets; set++) {
            TYPES.forEach(dtype -> arenas.add(new ArenaSize(dtype, elements)));
        }
        return arenas;
    }

    /** The arena of a type in the first set. */
    static DeviceAddress first(DType dtype, int element) {
        return new DeviceAddress(TYPES.indexOf(dtype.arena()), element);
    }

    /** The kernels' launches with each operand in the place of another one, by number. */
    List<BoundLaunch> launches(int[] places) {
        List<DeviceAddress> moved = new ArrayList<>(addresses);
        for (int i = 0; i < places.length; i++) {
            moved.set(i, addresses.get(places[i]));
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
        return device.steps(op, precision, operands, new boolean[0], (dtype, elements) -> place(dtype, 0));
    }

    /** Uploads all operands, outputs too: their garbage must be overwritten. */
    void upload(MemorySegment[] segments) {
        for (int i = 0; i < segments.length; i++) {
            device.upload(plan.operands().get(i).dtype(), operands.get(i), segments[i]);
        }
    }

    void launch() {
        plan.launches().forEach(launch -> device.launch(launch, addresses));
    }

    void download(MemorySegment[] segments) {
        for (int i = 0; i < segments.length; i++) {
            device.download(plan.operands().get(i).dtype(), operands.get(i), segments[i]);
        }
    }
}

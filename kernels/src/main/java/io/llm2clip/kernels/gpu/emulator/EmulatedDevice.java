package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.device.OperationScratch;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A device that executes its kernels with the {@link Emulator}: whatever the engine does with a device can be run where there is none,
 * and each access of each kernel is checked. Arenas are full of NaN at first. For tests, not for speed.
 */
public final class EmulatedDevice implements KernelDevice {
    private static final byte UNINITIALIZED = (byte) 0xFF;

    private record EmulatedStep(EmulatedDevice device, KernelOp op, DevicePlan plan, List<DeviceAddress> addresses)
            implements DeviceStep {}

    private final Emulator emulator;
    private final Arena memory = Arena.ofShared();
    private final List<ArenaSize> sizes;
    private final List<MemorySegment> arenas = new ArrayList<>();

    /**
     * Allocates the arenas.
     *
     * @param schedule the order in which work-items run
     */
    public EmulatedDevice(List<ArenaSize> sizes, Schedule schedule) {
        this.sizes = List.copyOf(sizes);
        emulator = new Emulator(schedule);
        try {
            for (ArenaSize size : sizes) {
                arenas.add(memory.allocate(size.elements() * size.dtype().bytes(), 64)
                        .fill(UNINITIALIZED));
            }
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    @Override
    public String name() {
        return "emulator";
    }

    @Override
    public Set<MatmulPrecision> precisions() {
        return Set.of(MatmulPrecision.F32);
    }

    @Override
    public Set<DType> matrixFormats() {
        return DeviceKernels.MATRIX_FORMATS;
    }

    @Override
    public boolean rounds(KernelOp op, MatmulPrecision precision) {
        return false;
    }

    @Override
    public List<DeviceStep> steps(
            KernelOp op,
            MatmulPrecision precision,
            List<DeviceAddress> operands,
            boolean[] rounded,
            OperationScratch scratch) {
        if (precision != MatmulPrecision.F32) {
            throw new DeviceException("The emulator multiplies in F32, found " + precision
                    + "; do without it, or take a device with a library.");
        }
        DevicePlan plan = DeviceKernels.plan(op);
        if (plan.scratch() > 0) {
            // The emulator has its own, full of NaN; but there must be room for it.
            scratch.take(DType.F32, plan.scratch());
        }
        return List.of(new EmulatedStep(this, op, plan, List.copyOf(operands)));
    }

    @Override
    public void run(KernelOp op, List<DeviceAddress> operands) {
        record(steps(op, MatmulPrecision.F32, operands, new boolean[0], (dtype, _) -> {
                    throw new IllegalArgumentException("Running " + op + " once: expected an operation without scratch"
                            + " memory, found one that needs " + dtype + "; make steps() of it.");
                }))
                .run();
    }

    @Override
    public LaunchSequence record(List<DeviceStep> steps) {
        List<Runnable> bound = steps.stream().map(step -> bind(own(step))).toList();
        return LaunchSequence.of(() -> bound.forEach(Runnable::run));
    }

    private Runnable bind(EmulatedStep step) {
        List<Operand> operands = step.plan.operands();
        MemorySegment[] segments = new MemorySegment[operands.size()];
        for (int i = 0; i < segments.length; i++) {
            segments[i] = slice(
                    operands.get(i).dtype(),
                    step.addresses.get(i),
                    operands.get(i).bytes());
        }
        requireApart(step.op, operands, segments);
        return () -> emulator.run(step.plan, segments);
    }

    private EmulatedStep own(DeviceStep step) {
        if (step instanceof EmulatedStep emulated && emulated.device == this) {
            return emulated;
        }
        throw new IllegalArgumentException("A step of another device was to be recorded: " + step
                + "; record the steps that this device made of the operation.");
    }

    @Override
    public void upload(DType dtype, DeviceAddress target, MemorySegment source) {
        slice(dtype, target, source.byteSize()).copyFrom(source);
    }

    @Override
    public void download(DType dtype, DeviceAddress source, MemorySegment target) {
        target.copyFrom(slice(dtype, source, target.byteSize()));
    }

    private MemorySegment slice(DType dtype, DeviceAddress address, long bytes) {
        ArenaSize size = sizes.get(address.arena());
        if (size.dtype() != dtype.arena()) {
            throw new IllegalArgumentException("Elements of " + dtype + " in arena " + address.arena()
                    + ", expected one of " + dtype.arena() + ", found one of " + size.dtype() + ".");
        }
        return arenas.get(address.arena())
                .asSlice((long) address.element() * size.dtype().bytes(), bytes);
    }

    /** On a device, what is written where something else is read gives whatever the order of work-items makes of it. */
    private static void requireApart(KernelOp op, List<Operand> operands, MemorySegment[] segments) {
        for (int i = 0; i < operands.size(); i++) {
            for (int j = 0; j < i; j++) {
                boolean written = operands.get(i).access() != Operand.Access.READ
                        || operands.get(j).access() != Operand.Access.READ;
                MemorySegment one = segments[i];
                MemorySegment other = segments[j];
                if (written
                        && one.byteSize() > 0
                        && other.byteSize() > 0
                        && one.address() != other.address()
                        && one.asOverlappingSlice(other).isPresent()) {
                    throw new KernelFault(op + ": operands '" + operands.get(i).name() + "' and '"
                            + operands.get(j).name()
                            + "' overlap, of which one is written; give each memory of its own");
                }
            }
        }
    }

    /** Frees the arenas. */
    @Override
    public void close() {
        if (memory.scope().isAlive()) {
            memory.close();
        }
    }
}

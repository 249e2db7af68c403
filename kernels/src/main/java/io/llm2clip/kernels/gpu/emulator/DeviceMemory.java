package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The arenas of one run, one per type as {@link DType#arena} tells them, with the operands apart from each other; those that begin at
 * the same byte of the caller's memory share their elements.
 */
final class DeviceMemory {
    private static final List<DType> ARENAS = List.of(DType.F32, DType.I32, DType.BF16);
    /** Elements between operands that belong to none. */
    private static final int GAP = 7;

    private final DevicePlan plan;
    private final List<DeviceAddress> addresses = new ArrayList<>();
    private final List<TrackedArena> arenas = new ArrayList<>();
    private final List<MemorySegment> contents = new ArrayList<>();
    private final List<TrackedArena.Region> regions = new ArrayList<>();

    DeviceMemory(DevicePlan plan, MemorySegment[] operands) {
        this.plan = plan;
        List<Operand> placed = plan.operands();
        if (operands.length != placed.size()) {
            throw new IllegalArgumentException("The plan takes " + placed.size() + " operands, found " + operands.length
                    + "; pass them in the order of operands().");
        }
        Map<DType, Integer> ends = new EnumMap<>(DType.class);
        for (int i = 0; i < operands.length; i++) {
            int shared = shared(operands, i);
            addresses.add(shared < i ? addresses.get(shared) : place(ends, arena(placed.get(i)), longest(operands, i)));
        }
        if (plan.scratch() > 0) {
            addresses.add(place(ends, DType.F32, plan.scratch()));
        }
        for (DType dtype : ARENAS) {
            int size = ends.getOrDefault(dtype, 0) + GAP;
            arenas.add(new TrackedArena(size));
            contents.add(MemorySegment.ofArray(new long[Math.ceilDiv(size * dtype.bytes(), Long.BYTES)]));
        }
        for (int i = 0; i < operands.length; i++) {
            DeviceAddress address = addresses.get(i);
            regions.add(arenas.get(address.arena()).add(placed.get(i), address.element()));
            slice(i).copyFrom(operands[i].asSlice(0, placed.get(i).bytes()));
        }
        if (plan.scratch() > 0) {
            DeviceAddress address = addresses.getLast();
            regions.add(arenas.get(address.arena())
                    .add(new TrackedArena.Region("scratch", address.element(), plan.scratch(), false, false)));
        }
    }

    private static DeviceAddress place(Map<DType, Integer> ends, DType dtype, long elements) {
        int start = ends.getOrDefault(dtype, 0) + GAP;
        ends.put(dtype, start + (int) elements);
        return new DeviceAddress(ARENAS.indexOf(dtype), start);
    }

    /** The first operand of the same type and memory. */
    private int shared(MemorySegment[] operands, int operand) {
        int first = 0;
        while (first < operand && !share(operands, first, operand)) {
            first++;
        }
        return first;
    }

    private boolean share(MemorySegment[] operands, int one, int other) {
        return arena(plan.operands().get(one)) == arena(plan.operands().get(other))
                && operands[one].address() == operands[other].address()
                && operands[one].heapBase().equals(operands[other].heapBase());
    }

    private long longest(MemorySegment[] operands, int first) {
        long elements = 0;
        for (int i = first; i < operands.length; i++) {
            if (share(operands, first, i)) {
                elements = Math.max(elements, arenaElements(plan.operands().get(i)));
            }
        }
        return elements;
    }

    /** The kernel's arguments behind the context, for a launch after those before it. */
    Object[] beginLaunch(DeviceLaunch launch) {
        arenas.forEach(TrackedArena::forgetAccesses);
        List<DeviceAddress> bound = launch.bind(addresses);
        List<Object> buffers = new ArrayList<>();
        int operand = 0;
        for (Role role : launch.kernel().roles()) {
            if (role.isOperand()) {
                int arena = bound.get(operand).arena();
                buffers.add(ArenaBuffers.operand(
                        role,
                        contents.get(arena),
                        arenas.get(arena),
                        regions.get(launch.operands().get(operand).operand())));
                operand++;
            } else {
                buffers.add(
                        role == Role.PARAMS
                                ? ArenaBuffers.params(launch.params(bound))
                                : ArenaBuffers.scalars(launch.scalars()));
            }
        }
        return buffers.toArray();
    }

    /** Checks that outputs are complete and copies what was written back. */
    void finish(MemorySegment[] operands) {
        String kernels = plan.launches().isEmpty()
                ? "A plan without launches"
                : plan.launches().stream().map(launch -> launch.kernel().name()).collect(Collectors.joining(", "));
        arenas.forEach(arena -> arena.requireComplete(kernels));
        for (int i = 0; i < operands.length; i++) {
            if (plan.operands().get(i).access() != Operand.Access.READ) {
                MemorySegment.copy(
                        slice(i), 0, operands[i], 0, plan.operands().get(i).bytes());
            }
        }
    }

    private MemorySegment slice(int operand) {
        Operand placed = plan.operands().get(operand);
        DeviceAddress address = addresses.get(operand);
        return contents.get(address.arena())
                .asSlice((long) address.element() * arena(placed).bytes(), placed.bytes());
    }

    private static long arenaElements(Operand operand) {
        return operand.dtype().arenaElements(operand.elements());
    }

    private static DType arena(Operand operand) {
        return operand.dtype().arena();
    }
}

package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** The arenas of one run, as {@link DType#arena} tells them, with the operands apart from each other. */
final class DeviceMemory {
    /** Elements between operands that belong to none. */
    private static final int GAP = 7;

    private final DevicePlan plan;
    private final int[] offsets;
    private final Map<DType, TrackedArena> arenas = new EnumMap<>(DType.class);
    private final Map<DType, MemorySegment> contents = new EnumMap<>(DType.class);
    private int[] params = {};
    private float[] scalars = {};

    DeviceMemory(DevicePlan plan, MemorySegment[] operands) {
        this.plan = plan;
        List<Operand> placed = plan.operands();
        if (operands.length != placed.size()) {
            throw new IllegalArgumentException("The plan takes " + placed.size() + " operands, found " + operands.length
                    + "; pass them in the order of operands().");
        }
        offsets = new int[placed.size() + (plan.scratch() > 0 ? 1 : 0)];
        Map<DType, Integer> ends = new EnumMap<>(DType.class);
        for (int i = 0; i < placed.size(); i++) {
            offsets[i] = ends.getOrDefault(arena(placed.get(i)), 0) + GAP;
            ends.put(arena(placed.get(i)), offsets[i] + (int) placed.get(i).elements());
        }
        if (plan.scratch() > 0) {
            offsets[placed.size()] = ends.getOrDefault(DType.F32, 0) + GAP;
            ends.put(DType.F32, offsets[placed.size()] + plan.scratch());
        }
        for (DType dtype : List.of(DType.F32, DType.I32, DType.BF16)) {
            int size = ends.getOrDefault(dtype, 0) + GAP;
            arenas.put(dtype, new TrackedArena(dtype + " arena", size));
            contents.put(dtype, MemorySegment.ofArray(new long[Math.ceilDiv(size * dtype.bytes(), Long.BYTES)]));
        }
        for (int i = 0; i < placed.size(); i++) {
            tracked(arena(placed.get(i))).place(placed.get(i), offsets[i]);
            slice(i).copyFrom(operands[i].asSlice(0, placed.get(i).bytes()));
        }
        if (plan.scratch() > 0) {
            tracked(DType.F32)
                    .place(new TrackedArena.Region("scratch", offsets[placed.size()], plan.scratch(), false, false));
        }
    }

    void beginLaunch(DeviceLaunch launch) {
        params = launch.params(offsets);
        scalars = new float[launch.scalars().size()];
        for (int i = 0; i < scalars.length; i++) {
            scalars[i] = launch.scalars().get(i);
        }
        arenas.values().forEach(TrackedArena::forgetAccesses);
    }

    /** Checks that outputs are complete and copies what was written back. */
    void finish(MemorySegment[] operands) {
        String kernels = plan.launches().isEmpty()
                ? "A plan without launches"
                : plan.launches().stream().map(launch -> launch.kernel().name()).collect(Collectors.joining(", "));
        arenas.values().forEach(arena -> arena.requireComplete(kernels));
        for (int i = 0; i < operands.length; i++) {
            if (plan.operands().get(i).access() != Operand.Access.READ) {
                MemorySegment.copy(
                        slice(i), 0, operands[i], 0, plan.operands().get(i).bytes());
            }
        }
    }

    TrackedArena tracked(DType dtype) {
        return held(arenas, dtype);
    }

    MemorySegment content(DType dtype) {
        return held(contents, dtype);
    }

    int[] params() {
        return params;
    }

    float[] scalars() {
        return scalars;
    }

    private MemorySegment slice(int operand) {
        Operand placed = plan.operands().get(operand);
        return content(arena(placed))
                .asSlice((long) offsets[operand] * placed.dtype().bytes(), placed.bytes());
    }

    private static DType arena(Operand operand) {
        return operand.dtype().arena();
    }

    private static <T> T held(Map<DType, T> map, DType dtype) {
        T value = map.get(dtype);
        if (value == null) {
            throw new IllegalStateException("There is no arena of " + dtype + ".");
        }
        return value;
    }
}

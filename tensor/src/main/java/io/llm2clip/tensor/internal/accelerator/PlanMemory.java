package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.tensor.internal.graph.Graph;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * Memory of a plan, in which it counts bytes by element type: ranges of arenas, more than one where a plan's memory is larger than an
 * arena. No value of a plan is in two of them ({@link io.llm2clip.tensor.internal.compiler.Target#arenaBytes}).
 *
 * @param ranges by element type as stored; all but the last one of a type are as large as a range may be
 * @param rangeBytes by element type as stored, how large that is
 */
record PlanMemory(Map<DType, List<ArenaRange>> ranges, Map<DType, Long> rangeBytes) {

    /**
     * Takes memory, all of it or none.
     *
     * @param bytes by element type as stored, how much to take
     * @param rangeBytes by element type as stored, the largest range
     * @throws io.llm2clip.tensor.TensorException if there is no room
     */
    static PlanMemory take(RangeSource source, Map<DType, Long> bytes, Map<DType, Long> rangeBytes) {
        Map<DType, List<ArenaRange>> ranges = new EnumMap<>(DType.class);
        PlanMemory memory = new PlanMemory(ranges, rangeBytes);
        try {
            bytes.forEach((dtype, size) -> {
                List<ArenaRange> taken = new ArrayList<>();
                ranges.put(dtype, taken);
                long max = Graph.known(rangeBytes, dtype);
                for (long rest = size; rest > 0; rest -= max) {
                    taken.add(source.take(
                            MemoryUse.PROGRAM,
                            dtype,
                            Math.min(rest, max) / dtype.arena().bytes()));
                }
            });
        } catch (RuntimeException | Error e) {
            memory.give(source);
            throw e;
        }
        return memory;
    }

    /** Where so many bytes into the memory of a type are. */
    DeviceAddress address(DType dtype, long offset) {
        long max = Graph.known(rangeBytes, dtype);
        ArenaRange range = Graph.known(ranges, dtype).get((int) (offset / max));
        return range.start().plus((int) (offset % max / dtype.arena().bytes()));
    }

    /** Gives all of it back to where it was taken from. */
    void give(RangeSource source) {
        ranges.values().forEach(list -> list.forEach(source::give));
    }
}

package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.internal.graph.Graph;
import io.llm2clip.tensor.internal.memory.Workspace;
import java.util.EnumMap;
import java.util.Map;

/** Ranges of an accelerator's arenas as the workspace of its programs. */
final class DeviceWorkspace implements Workspace.Source<DeviceWorkspace.Place> {
    private final AcceleratorMemory memory;

    DeviceWorkspace(AcceleratorMemory memory) {
        this.memory = memory;
    }

    /** Where it lies. */
    record Place(Map<DType, Range> ranges) {
        int first(DType dtype) {
            return Graph.known(ranges, dtype).first();
        }
    }

    /** So many elements of an arena. */
    record Range(int first, long elements) {}

    @Override
    public Place allocate(Map<DType, Long> bytes) {
        Map<DType, Range> taken = new EnumMap<>(DType.class);
        try {
            bytes.forEach((dtype, size) -> {
                long elements = size / dtype.bytes();
                taken.put(dtype, new Range(memory.take(dtype, elements), elements));
            });
        } catch (RuntimeException | Error e) {
            give(taken);
            throw e;
        }
        return new Place(taken);
    }

    @Override
    public void free(Place place) {
        give(place.ranges);
    }

    private void give(Map<DType, Range> ranges) {
        ranges.forEach((dtype, range) -> memory.give(dtype, range.first, range.elements));
    }
}

package io.llm2clip.tensor.internal.host;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.MemoryBlock;
import io.llm2clip.tensor.internal.compiler.Plan;
import io.llm2clip.tensor.internal.graph.Graph;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.Map;

/** One piece of memory in which elements of each type have a part. */
final class HostBlocks implements AutoCloseable {
    /** The bytes of the quietest thing that no number is made of: NaN in every float type, -1 as an int. */
    private static final byte POISON = (byte) 0xFF;

    private final MemoryBlock memory;
    private final Map<DType, MemorySegment> parts = new EnumMap<>(DType.class);

    /**
     * Allocates.
     *
     * @param bytes by element type as stored
     * @param purpose for messages
     */
    HostBlocks(Map<DType, Long> bytes, String purpose) {
        long total = 0;
        for (long part : bytes.values()) {
            total = Math.addExact(total, aligned(part));
        }
        memory = MemoryBlock.allocate(total, purpose);
        long start = 0;
        for (Map.Entry<DType, Long> part : bytes.entrySet()) {
            parts.put(part.getKey(), memory.segment().asSlice(start, part.getValue()));
            start += aligned(part.getValue());
        }
    }

    private static long aligned(long bytes) {
        return Math.ceilDiv(bytes, HostDevice.ALIGNMENT) * HostDevice.ALIGNMENT;
    }

    /** So many bytes of a planned value. */
    MemorySegment at(Plan.Slot.Planned slot, long bytes) {
        return Graph.known(parts, slot.dtype()).asSlice(slot.offset(), bytes);
    }

    /** Overwrites the first bytes of each part with what makes any result wrong that is computed from it. */
    void poison(Map<DType, Long> bytes) {
        bytes.forEach(
                (dtype, count) -> Graph.known(parts, dtype).asSlice(0, count).fill(POISON));
    }

    /** Overwrites one value with what makes any result wrong that is computed from it. */
    void poison(Plan.Slot.Planned slot, long bytes) {
        at(slot, bytes).fill(POISON);
    }

    @Override
    public void close() {
        memory.close();
    }
}

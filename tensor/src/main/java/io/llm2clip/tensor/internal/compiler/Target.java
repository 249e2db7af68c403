package io.llm2clip.tensor.internal.compiler;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.Precision;
import java.util.Map;
import java.util.Set;

/**
 * What the compiler needs to know of a device.
 *
 * @param name for messages
 * @param precisions in which it multiplies matrices
 * @param alignment of values in memory, in bytes
 * @param arenaBytes by element type as stored, the size of pieces of memory of which each value is in one; what is missing has no limit
 */
public record Target(String name, Set<Precision> precisions, long alignment, Map<DType, Long> arenaBytes) {
    public Target {
        precisions = Set.copyOf(precisions);
        arenaBytes = Map.copyOf(arenaBytes);
    }

    /** A device whose memory is one piece. */
    public Target(String name, Set<Precision> precisions, long alignment) {
        this(name, precisions, alignment, Map.of());
    }

    /** The size of pieces of memory for a type as stored. */
    long arenaBytes(DType dtype) {
        return arenaBytes.getOrDefault(dtype, Long.MAX_VALUE);
    }
}

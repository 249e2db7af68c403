package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.TensorException;
import io.llm2clip.tensor.internal.compiler.Target;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a plan needs of the workspace on an accelerator: besides its values, memory that an operation's steps may overwrite. Operations
 * run one after the other, so they share it.
 */
final class ScratchSize {
    /** Bytes; what libraries multiply lies at multiples of it, so that they find it as well aligned as any range. */
    private static final long ALIGNMENT = 128;

    private final Target target;
    private final Map<DType, Long> values;
    private final Map<DType, Long> scratch = new EnumMap<>(DType.class);

    /** @param values bytes of a plan's values in the workspace, by element type as stored */
    ScratchSize(Map<DType, Long> values, Target target) {
        this.values = values;
        this.target = target;
    }

    /**
     * An operation needs so many elements.
     *
     * @throws TensorException if no arena is as large
     */
    void need(DType dtype, long elements) {
        long bytes = Math.max(1, elements) * dtype.bytes();
        target.requireArena("Scratch memory of " + elements + " elements of " + dtype, dtype, bytes);
        scratch.merge(dtype, bytes, Math::max);
    }

    /** Where it starts once all needs are known, in bytes from the workspace's start: behind the values, and within one arena. */
    long start(DType dtype) {
        long start = Math.ceilDiv(values.getOrDefault(dtype, 0L), ALIGNMENT) * ALIGNMENT;
        long arena = target.arenaBytes(dtype);
        long rest = arena - start % arena;
        return scratch.getOrDefault(dtype, 0L) <= rest ? start : start + rest;
    }

    /** Of values and scratch memory together, by element type as stored. */
    Map<DType, Long> bytes() {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        bytes.putAll(values);
        scratch.forEach((dtype, size) -> bytes.put(dtype, start(dtype) + size));
        return bytes;
    }
}

package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.internal.compiler.Plan;
import java.util.EnumMap;
import java.util.Map;

/**
 * What a plan needs of the workspace on an accelerator: besides its values, memory that an operation's steps may overwrite. Operations
 * run one after the other, so they share it.
 */
final class ScratchSize {
    /** Elements; what libraries multiply lies at multiples of it, so that they find it as well aligned as any range. */
    private static final long ALIGNMENT = 32;

    private final Map<DType, Long> values = new EnumMap<>(DType.class);
    private final Map<DType, Long> scratch = new EnumMap<>(DType.class);

    ScratchSize(Plan plan) {
        plan.workspaceBytes().forEach((dtype, bytes) -> values.put(dtype, bytes / dtype.bytes()));
    }

    /** An operation needs so many elements; returns the first, counted from where the workspace starts. */
    int need(DType dtype, long elements) {
        scratch.merge(dtype, elements, Math::max);
        return Math.toIntExact(start(dtype));
    }

    private long start(DType dtype) {
        return Math.ceilDiv(values.getOrDefault(dtype, 0L), ALIGNMENT) * ALIGNMENT;
    }

    /** Of values and scratch memory together, by element type as stored. */
    Map<DType, Long> bytes() {
        Map<DType, Long> bytes = new EnumMap<>(DType.class);
        values.forEach((dtype, elements) -> bytes.put(dtype, elements * dtype.bytes()));
        scratch.forEach((dtype, elements) -> bytes.put(dtype, (start(dtype) + elements) * dtype.bytes()));
        return bytes;
    }
}

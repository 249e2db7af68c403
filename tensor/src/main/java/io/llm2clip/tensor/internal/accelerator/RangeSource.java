package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;

/** Where ranges of a device's arenas are taken from and given back to. */
interface RangeSource {
    /**
     * Takes a range.
     *
     * @param elements of the type's {@link DType#arena}
     * @throws io.llm2clip.tensor.TensorException if no arena has as many free elements in one piece
     */
    ArenaRange take(MemoryUse use, DType dtype, long elements);

    /** Gives back what {@link #take} returned. */
    void give(ArenaRange range);
}

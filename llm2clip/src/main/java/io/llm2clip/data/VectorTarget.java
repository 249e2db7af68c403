package io.llm2clip.data;

import java.lang.foreign.MemorySegment;

/** Takes vectors one by one, each with the number of what it belongs to. */
public interface VectorTarget {
    /**
     * Takes a vector.
     *
     * @param index of the item whose vector it is
     * @param vector f32 in native byte order; valid until this returns
     */
    void accept(int index, MemorySegment vector);
}

package io.llm2clip.embedding;

import io.llm2clip.data.Item;
import java.lang.foreign.MemorySegment;

/** Receives what became of items, in their order. */
public interface ItemTarget {
    /**
     * An item was embedded.
     *
     * @param vector {@code [E]} of length 1, f32 in native byte order; the memory is another's afterwards
     */
    void embedded(Item item, MemorySegment vector);

    /** An item could not be embedded. */
    void skipped(Item item, String reason);

    /** So many texts more were too long for the model and cut. */
    void cut(int count);
}

package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.util.List;

/** A tensor that is to be written, whose elements are made piece by piece: no file needs more memory than a few pieces. */
public interface TensorContent {
    /** Element type of the file. */
    StoredType type();

    /** Dimensions, outermost first; empty for a scalar. */
    List<Long> shape();

    /**
     * Writes some elements as files have them, row-major and little-endian; of a quantized type, whole blocks. Called by several threads.
     *
     * @param target {@code type().bytes(end - first)} bytes
     * @param first the first of them
     * @param end one more than the last
     * @throws CheckpointException if the type cannot hold them
     */
    void writeTo(MemorySegment target, long first, long end);

    /** Number of elements. */
    default long elements() {
        return StoredTensor.count(shape());
    }

    /** Size of the elements in bytes. */
    default long bytes() {
        return type().bytes(elements());
    }

    /** Lets go what was read for it; called once after the last piece. */
    default void unload() {}
}

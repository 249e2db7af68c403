package io.llm2clip.kernels.gpu.tornado;

import io.llm2clip.kernels.DType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** A small array of TornadoVM's, over host memory of ours that can be written without its help. */
final class HostArray {
    private final MemorySegment content;
    private final Object array;

    HostArray(TornadoApi api, DType dtype, int elements, Arena arena) {
        MemorySegment segment = arena.allocate(api.header() + (long) elements * dtype.bytes(), Long.BYTES);
        content = segment.asSlice(api.header());
        array = api.array(dtype, segment);
    }

    /** The object that tasks take. */
    Object array() {
        return array;
    }

    /** The elements. */
    MemorySegment content() {
        return content;
    }

    void set(int[] values) {
        MemorySegment.copy(values, 0, content, ValueLayout.JAVA_INT, 0, values.length);
    }

    void set(List<Float> values) {
        for (int i = 0; i < values.size(); i++) {
            content.setAtIndex(ValueLayout.JAVA_FLOAT, i, values.get(i));
        }
    }
}

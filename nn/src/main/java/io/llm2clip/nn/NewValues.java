package io.llm2clip.nn;

import io.llm2clip.kernels.DType;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.WeightLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * All values of a parameter while they are written, piece by piece: as rows, or, of a weight that never changes, at once in the layout in which
 * its device computes, so that there are never two copies of it.
 */
final class NewValues {
    private final TensorData data;
    private final MemorySegment segment;
    private final @Nullable WeightLayout layout;

    private NewValues(TensorData data, MemorySegment segment, @Nullable WeightLayout layout) {
        this.data = data;
        this.segment = segment;
        this.layout = layout;
    }

    /** Written to elements that may change. */
    static NewValues of(TensorData data) {
        return new NewValues(data, data.segment(), null);
    }

    /** Packed into memory of the layout's size. */
    static NewValues packed(Parameter parameter, WeightLayout layout, MemorySegment segment) {
        return new NewValues(TensorData.packed(parameter.shape(), layout, segment), segment, layout);
    }

    /** The elements, of which nobody may read any before all are written. */
    TensorData data() {
        return data;
    }

    /** Adds the writing to other work. */
    void addTo(Elements.Pieces pieces, Elements.Writer writer, Runnable then) {
        DType format = data.dtype();
        long elements = data.shape().size();
        if (layout == null) {
            pieces.add(elements, (first, end) -> writer.write(slice(segment, format, first, end), first, end), then);
            return;
        }
        WeightLayout packed = layout;
        int k = packed.packing().k();
        long grain = (long) packed.packing().panelColumns() * k;
        pieces.add(
                elements,
                grain,
                (first, end) -> {
                    try (Arena arena = Arena.ofConfined()) {
                        MemorySegment rows = arena.allocate(format.bytes(end - first), Long.BYTES);
                        writer.write(rows, first, end);
                        packed.pack(Math.toIntExact(first / k), Math.toIntExact((end - first) / k), rows, segment);
                    }
                },
                then);
    }

    /** Writes all, by several threads. */
    void write(Elements.Writer writer) {
        Elements.Pieces pieces = new Elements.Pieces();
        addTo(pieces, writer, () -> {});
        pieces.run();
    }

    private static MemorySegment slice(MemorySegment elements, DType format, long first, long end) {
        return elements.asSlice(format.bytes(first), format.bytes(end - first));
    }
}

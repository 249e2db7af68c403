package io.llm2clip.tensor;

import io.llm2clip.kernels.operations.Packing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.WeakReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Elements that are kept in a packed layout only, and their rows while somebody has them. */
final class PackedElements {
    private static final long ALIGNMENT = 64;

    private final WeightLayout layout;
    private final MemorySegment segment;
    private WeakReference<@Nullable MemorySegment> loaned = new WeakReference<>(null);
    // Null until a program needs them by address.
    private @Nullable MemorySegment kept;

    PackedElements(WeightLayout layout, MemorySegment segment) {
        this.layout = layout;
        this.segment = segment;
    }

    /** The elements as they are kept. */
    MemorySegment segment() {
        return segment;
    }

    Packing packing() {
        return layout.packing();
    }

    /** The rows, unpacked for as long as somebody has them, unless they are kept. */
    synchronized MemorySegment rows() {
        if (kept != null) {
            return kept;
        }
        MemorySegment rows = loaned.get();
        if (rows == null) {
            rows = Arena.ofAuto().allocate(bytes(), ALIGNMENT);
            layout.unpack(segment, rows);
            loaned = new WeakReference<>(rows);
        }
        return rows;
    }

    /** The rows, kept from now on together with some copies. */
    synchronized MemorySegment keptRows(PackedCopies copies) {
        if (kept == null) {
            Packing packing = layout.packing();
            Packing rows = new Packing("rows", packing.format(), packing.n(), packing.k(), 1, bytes());
            kept = copies.get(rows, copy -> layout.unpack(segment, copy));
        }
        return kept;
    }

    /** Has the rows read; memory that is made for this alone is freed after it. */
    void read(Consumer<MemorySegment> reader) {
        MemorySegment known = known();
        if (known != null) {
            reader.accept(known.asReadOnly());
            return;
        }
        try (MemoryBlock block = MemoryBlock.allocate(bytes(), "rows of a packed weight")) {
            layout.unpack(segment, block.segment());
            reader.accept(block.segment().asReadOnly());
        }
    }

    private synchronized @Nullable MemorySegment known() {
        return kept != null ? kept : loaned.get();
    }

    private long bytes() {
        Packing packing = layout.packing();
        return packing.format().bytes((long) packing.n() * packing.k());
    }
}

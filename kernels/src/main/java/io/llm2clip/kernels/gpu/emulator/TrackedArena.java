package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.operations.Operand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is known about each element of an arena: whether it was ever written, and which work-items touched it in the current launch.
 * Arenas are not ordered by barriers (on OpenCL a local barrier orders local memory only), so two work-items that touch an element in
 * one launch, one of them writing, race; through which of a kernel's operands does not matter.
 */
final class TrackedArena {
    private static final int NOBODY = -1;

    /** An operand's elements, or the words in which they are stored; {@code complete} means that every one must be written. */
    record Region(String name, int start, int size, boolean readOnly, boolean complete) {
        private String place(int index) {
            return name + "[" + (index - start) + "]";
        }
    }

    private final List<Region> regions = new ArrayList<>();
    private final boolean[] initialized;
    private final boolean[] stored;
    private final int[] writer;
    private final int[] reader;
    private final int[] otherReader;

    TrackedArena(int size) {
        initialized = new boolean[size];
        stored = new boolean[size];
        writer = new int[size];
        reader = new int[size];
        otherReader = new int[size];
        forgetAccesses();
    }

    /** Adds an operand; of operands that share elements, one that is read makes them initialized. */
    Region add(Operand operand, int start) {
        boolean write = operand.access() == Operand.Access.WRITE;
        int size = (int) operand.dtype().arenaElements(operand.elements());
        if (!write) {
            Arrays.fill(initialized, start, start + size, true);
        }
        return add(new Region(operand.name(), start, size, operand.access() == Operand.Access.READ, write));
    }

    Region add(Region region) {
        regions.add(region);
        return region;
    }

    /** Begins a launch: all earlier accesses are ordered before it. */
    void forgetAccesses() {
        Arrays.fill(writer, NOBODY);
        Arrays.fill(reader, NOBODY);
        Arrays.fill(otherReader, NOBODY);
    }

    void read(WorkItem item, Region region, int index) {
        check(item, region, index, "reads");
        if (!initialized[index]) {
            throw item.fault("reads " + region.place(index)
                    + " before anything wrote it; write it first, or declare the operand" + " as an input");
        }
        if (writer[index] != NOBODY && writer[index] != item.number()) {
            throw race(item, "reads", region, index, writer[index], "writes");
        }
        if (reader[index] == NOBODY) {
            reader[index] = item.number();
        } else if (reader[index] != item.number()) {
            otherReader[index] = item.number();
        }
    }

    void write(WorkItem item, Region region, int index) {
        check(item, region, index, "writes");
        if (region.readOnly) {
            throw item.fault("writes " + region.place(index)
                    + ", an input; write to an output, or declare the operand as updated");
        }
        if (writer[index] != NOBODY && writer[index] != item.number()) {
            throw race(item, "writes", region, index, writer[index], "writes");
        }
        int read = reader[index] == item.number() ? otherReader[index] : reader[index];
        if (read != NOBODY) {
            throw race(item, "writes", region, index, read, "reads");
        }
        writer[index] = item.number();
        initialized[index] = true;
        stored[index] = true;
    }

    /** Throws if an output has an element that no launch wrote. */
    void requireComplete(String kernels) {
        for (Region region : regions) {
            for (int i = region.start; region.complete && i < region.start + region.size; i++) {
                if (!stored[i]) {
                    throw new KernelFault(kernels + ": " + region.place(i) + " of " + region.size
                            + " elements was never written; cover every element of an output.");
                }
            }
        }
    }

    /** Another operand's elements are out of bounds, too: on a device they may be in another arena. */
    private static void check(WorkItem item, Region region, int index, String does) {
        if (index < region.start || index >= region.start + region.size) {
            throw item.fault(does + " " + region.place(index) + ", out of bounds of its " + region.size
                    + " elements; guard the access or correct the index");
        }
    }

    private static KernelFault race(WorkItem item, String does, Region region, int index, int other, String did) {
        return item.fault("races on " + region.place(index) + ": it " + does + " what " + item.describe(other) + " "
                + did + " in the same launch; let one work-item own the element, or split the launch");
    }
}

package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.operations.Operand;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What is known about each element of an arena: the operand it belongs to, whether it was ever written, and which work-items
 * touched it in the current launch. Arenas are not ordered by barriers (on OpenCL a local barrier orders local memory only), so
 * two work-items that touch an element in one launch, one of them writing, race.
 */
final class TrackedArena {
    private static final int NOBODY = -1;

    /** A place of an operand; {@code complete} means that every element must be written. */
    record Region(String name, int start, int size, boolean readOnly, boolean complete) {}

    private final String name;
    private final List<Region> regions = new ArrayList<>();
    private final int[] regionOf;
    private final boolean[] written;
    private final int[] writer;
    private final int[] reader;
    private final int[] otherReader;

    TrackedArena(String name, int size) {
        this.name = name;
        regionOf = new int[size];
        Arrays.fill(regionOf, NOBODY);
        written = new boolean[size];
        writer = new int[size];
        reader = new int[size];
        otherReader = new int[size];
        forgetAccesses();
    }

    void place(Operand operand, int start) {
        boolean write = operand.access() == Operand.Access.WRITE;
        int size = (int) operand.elements();
        place(new Region(operand.name(), start, size, operand.access() == Operand.Access.READ, write));
        Arrays.fill(written, start, start + size, !write);
    }

    void place(Region region) {
        Arrays.fill(regionOf, region.start, region.start + region.size, regions.size());
        regions.add(region);
    }

    /** Begins a launch: all earlier accesses are ordered before it. */
    void forgetAccesses() {
        Arrays.fill(writer, NOBODY);
        Arrays.fill(reader, NOBODY);
        Arrays.fill(otherReader, NOBODY);
    }

    void read(WorkItem item, int index) {
        Region region = region(item, index, "reads");
        if (!written[index]) {
            throw item.fault("reads " + place(region, index)
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

    void write(WorkItem item, int index) {
        Region region = region(item, index, "writes");
        if (region.readOnly) {
            throw item.fault("writes " + place(region, index)
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
        written[index] = true;
    }

    /** Throws if an output has an element that no launch wrote. */
    void requireComplete(String kernels) {
        for (Region region : regions) {
            for (int i = region.start; region.complete && i < region.start + region.size; i++) {
                if (!written[i]) {
                    throw new KernelFault(kernels + ": " + place(region, i) + " of " + region.size
                            + " elements was never written; cover every element of an output.");
                }
            }
        }
    }

    private Region region(WorkItem item, int index, String does) {
        if (index >= 0 && index < regionOf.length && regionOf[index] != NOBODY) {
            return regions.get(regionOf[index]);
        }
        Region nearest = null;
        for (Region region : regions) {
            if (nearest == null || distance(region, index) < distance(nearest, index)) {
                nearest = region;
            }
        }
        throw item.fault(does + " " + (nearest == null ? name + "[" + index + "]" : place(nearest, index))
                + ", out of bounds of its " + (nearest == null ? 0 : nearest.size)
                + " elements; guard the access or correct the index");
    }

    private static long distance(Region region, int index) {
        return Math.max((long) region.start - index, (long) index - region.start - region.size + 1);
    }

    private static String place(Region region, int index) {
        return region.name + "[" + (index - region.start) + "]";
    }

    private static KernelFault race(WorkItem item, String does, Region region, int index, int other, String did) {
        return item.fault("races on " + place(region, index) + ": it " + does + " what " + item.describe(other) + " "
                + did + " in the same launch; let one work-item own the element, or split the launch");
    }
}

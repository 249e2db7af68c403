package io.llm2clip.kernels.gpu.emulator;

import io.llm2clip.kernels.gpu.dialect.KernelContext;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What instrumented kernel classes call instead of touching arrays and waiting at barriers; public for them only. */
public final class KernelHooks {
    private static final int UNINITIALIZED = 0xDEADBEEF;

    private KernelHooks() {}

    /** An element of a local or a private array. */
    public static float load(float[] array, int index) {
        access(array, array.length, index, false);
        return array[index];
    }

    /** As {@link #load(float[], int)}, of ints. */
    public static int load(int[] array, int index) {
        access(array, array.length, index, false);
        return array[index];
    }

    /** Sets an element of a local or a private array. */
    public static void store(float[] array, int index, float value) {
        access(array, array.length, index, true);
        array[index] = value;
    }

    /** As {@link #store(float[], int, float)}, of ints. */
    public static void store(int[] array, int index, int value) {
        access(array, array.length, index, true);
        array[index] = value;
    }

    /** A private array; devices do not clear it, so it is full of NaN. */
    public static float[] floats(int size) {
        float[] array = new float[size];
        Arrays.fill(array, Float.NaN);
        return array;
    }

    /** A private array; devices do not clear it, so it is full of an unlikely number. */
    public static int[] ints(int size) {
        int[] array = new int[size];
        Arrays.fill(array, UNINITIALIZED);
        return array;
    }

    /** Waits for the work-group; the line of the source tells barriers apart. */
    public static void barrier(KernelContext context, int line) {
        WorkItem item = (WorkItem) context;
        if (item.freeGroups()) {
            throw item.fault("waits at a barrier in line " + line
                    + ", but its grid leaves work-groups to the device; give the grid" + " a group size");
        }
        item.group().await(item, line);
    }

    private static void access(Object array, int length, int index, boolean write) {
        WorkItem item = WorkItem.current();
        @Nullable LocalArray local = item.group().find(array);
        if (local == null) {
            if (index < 0 || index >= length) {
                throw item.fault((write ? "writes" : "reads") + " a private array at " + index
                        + ", out of bounds of its " + length + " elements; guard the access or correct the index");
            }
        } else {
            item.group().mayYield(item);
            if (write) {
                local.write(item, index);
            } else {
                local.read(item, index);
            }
        }
    }
}

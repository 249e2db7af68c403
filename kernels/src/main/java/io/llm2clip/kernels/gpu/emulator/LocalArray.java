package io.llm2clip.kernels.gpu.emulator;

import java.lang.reflect.Array;
import java.util.Arrays;

/** A local array, and who touched each element since the last barrier. */
final class LocalArray {
    private static final int NOBODY = -1;

    private final Object array;
    private final String name;
    private final boolean[] written;
    private final int[] writer;
    private final int[] reader;
    private final int[] otherReader;

    LocalArray(int order, Class<?> type, int size) {
        array = Array.newInstance(type, size);
        name = "local array " + order;
        written = new boolean[size];
        writer = new int[size];
        reader = new int[size];
        otherReader = new int[size];
        passBarrier();
    }

    Object array() {
        return array;
    }

    boolean is(Class<?> type, int size) {
        return array.getClass().componentType() == type && written.length == size;
    }

    void passBarrier() {
        Arrays.fill(writer, NOBODY);
        Arrays.fill(reader, NOBODY);
        Arrays.fill(otherReader, NOBODY);
    }

    void read(WorkItem item, int index) {
        check(item, index, "reads");
        int me = item.localNumber();
        if (writer[index] != NOBODY && writer[index] != me) {
            throw race(item, "reads", index, writer[index], "writes");
        }
        if (!written[index]) {
            throw item.fault(
                    "reads " + name + "[" + index + "] before anything wrote it; local memory is not initialized, so"
                            + " write it first, with context.localBarrier() between");
        }
        if (reader[index] == NOBODY) {
            reader[index] = me;
        } else if (reader[index] != me) {
            otherReader[index] = me;
        }
    }

    void write(WorkItem item, int index) {
        check(item, index, "writes");
        int me = item.localNumber();
        if (writer[index] != NOBODY && writer[index] != me) {
            throw race(item, "writes", index, writer[index], "writes");
        }
        int read = reader[index] == me ? otherReader[index] : reader[index];
        if (read != NOBODY) {
            throw race(item, "writes", index, read, "reads");
        }
        writer[index] = me;
        written[index] = true;
    }

    private void check(WorkItem item, int index, String does) {
        if (index < 0 || index >= written.length) {
            throw item.fault(does + " " + name + "[" + index + "], out of bounds of its " + written.length
                    + " elements; guard the access or correct the index");
        }
    }

    private KernelFault race(WorkItem item, String does, int index, int other, String did) {
        return item.fault("races on " + name + "[" + index + "]: it " + does + " what " + item.describeLocal(other)
                + " " + did + " without a barrier between them; put context.localBarrier() there");
    }
}

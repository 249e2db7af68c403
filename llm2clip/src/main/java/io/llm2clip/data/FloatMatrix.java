package io.llm2clip.data;

import com.sun.management.OperatingSystemMXBean;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;

/**
 * Vectors of one length in one piece of off-heap memory: {@code [rows, columns]}, f32, row-major, native byte order. The memory is the
 * caller's: encoders write their results into it, and programs and files read them where they lie.
 */
public final class FloatMatrix implements VectorTarget {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    /** As programs want it of their inputs. */
    private static final long ALIGNMENT = 64;

    /** That every machine has, so that it need not be asked. */
    private static final long SMALL_BYTES = 1L << 30;

    private final MemorySegment memory;
    private final int rows;
    private final int columns;

    /**
     * A matrix in given memory.
     *
     * @param memory exactly its bytes, off-heap, for example of a mapped file
     */
    public FloatMatrix(MemorySegment memory, int rows, int columns) {
        long bytes = bytes(rows, columns);
        if (!memory.isNative() || memory.byteSize() != bytes || memory.address() % FLOAT.byteAlignment() != 0) {
            throw new IllegalArgumentException(
                    "A matrix of %d x %d floats takes %d off-heap bytes aligned to %d, found %d%s."
                            .formatted(
                                    rows,
                                    columns,
                                    bytes,
                                    FLOAT.byteAlignment(),
                                    memory.byteSize(),
                                    memory.isNative() ? " at " + memory.address() : " on the heap"));
        }
        this.memory = memory;
        this.rows = rows;
        this.columns = columns;
    }

    /** Zeros, in memory that the given arena frees; see {@link #requireMemory}. */
    public static FloatMatrix allocate(Arena arena, int rows, int columns) {
        requireMemory(rows, columns);
        return new FloatMatrix(arena.allocate(bytes(rows, columns), ALIGNMENT), rows, columns);
    }

    /** Zeros, in memory that the garbage collector frees. */
    public static FloatMatrix allocate(int rows, int columns) {
        return allocate(Arena.ofAuto(), rows, columns);
    }

    /**
     * A copy of arrays.
     *
     * @throws IllegalArgumentException if they differ in length
     */
    public static FloatMatrix of(float[][] vectors) {
        int columns = vectors.length == 0 ? 0 : vectors[0].length;
        FloatMatrix matrix = allocate(vectors.length, columns);
        for (int i = 0; i < vectors.length; i++) {
            matrix.accept(i, MemorySegment.ofArray(vectors[i]));
        }
        return matrix;
    }

    /**
     * Checks that the machine can have so many vectors in memory at all, before the work that makes them.
     *
     * @throws InputException if it cannot
     */
    public static void requireMemory(long rows, int columns) {
        if ((double) rows * columns * Float.BYTES > SMALL_BYTES
                && ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean machine) {
            long most = machine.getTotalMemorySize();
            if ((double) rows * columns * Float.BYTES > most) {
                throw new InputException(String.format(
                        Locale.ROOT,
                        "%,d vectors of %,d values take %,.0f MB of memory, the machine has %,d MB; use fewer.",
                        rows,
                        columns,
                        (double) rows * columns * Float.BYTES / (1 << 20),
                        most >> 20));
            }
        }
    }

    /** Memory that one takes. */
    public static long bytes(int rows, int columns) {
        if (rows < 0 || columns < 0) {
            throw new IllegalArgumentException("A matrix cannot have %d x %d floats.".formatted(rows, columns));
        }
        return Math.multiplyExact((long) rows * columns, Float.BYTES);
    }

    public int rows() {
        return rows;
    }

    public int columns() {
        return columns;
    }

    /** All elements. */
    public MemorySegment memory() {
        return memory;
    }

    /** The elements of a row, where they are. */
    public MemorySegment row(int row) {
        return slice(row, row + 1).memory;
    }

    /** The rows from one number up to another, exclusive, where they are. */
    public FloatMatrix slice(int from, int to) {
        if (from < 0 || to < from || to > rows) {
            throw new IndexOutOfBoundsException("Rows %d to %d of a matrix of %d rows.".formatted(from, to, rows));
        }
        return new FloatMatrix(memory.asSlice(bytes(from, columns), bytes(to - from, columns)), to - from, columns);
    }

    /** Overwrites a row. */
    @Override
    public void accept(int index, MemorySegment vector) {
        if (vector.byteSize() != bytes(1, columns)) {
            throw new IllegalArgumentException("Expected a vector of %d values, found one of %d."
                    .formatted(columns, vector.byteSize() / Float.BYTES));
        }
        MemorySegment.copy(vector, 0, row(index), 0, vector.byteSize());
    }

    public float get(int row, int column) {
        return memory.getAtIndex(FLOAT, (long) row * columns + column);
    }

    /** Copies a row into {@code target}, whose length is that of a row. */
    public void copyRow(int row, float[] target) {
        MemorySegment.copy(row(row), FLOAT, 0, target, 0, columns);
    }

    /** A copy of a row. */
    public float[] toArray(int row) {
        return row(row).toArray(FLOAT);
    }

    /** A copy of all rows. */
    public float[][] toArrays() {
        float[][] vectors = new float[rows][];
        Arrays.setAll(vectors, this::toArray);
        return vectors;
    }

    /** Scales every row to length 1; rows of zeros stay. */
    public void normalizeRows() {
        for (int row = 0; row < rows; row++) {
            MemorySegment vector = row(row);
            float scale = (float) (1 / Math.max(Math.sqrt(squares(vector)), 1e-12));
            for (int i = 0; i < columns; i++) {
                vector.setAtIndex(FLOAT, i, vector.getAtIndex(FLOAT, i) * scale);
            }
        }
    }

    /**
     * Rows {@code [N, 2 C]} of this and of another matrix of the same size side by side, each scaled to length 1: cosines of such rows are
     * the means of the cosines of their halves.
     */
    public FloatMatrix beside(FloatMatrix other) {
        FloatMatrix both = allocate(rows, 2 * columns);
        for (int row = 0; row < rows; row++) {
            copyUnit(row(row), both, row, 0);
            copyUnit(other.row(row), both, row, columns);
        }
        return both;
    }

    private static void copyUnit(MemorySegment vector, FloatMatrix target, int row, int column) {
        double length = Math.max(Math.sqrt(squares(vector)), 1e-12);
        MemorySegment to = target.row(row);
        for (int i = 0; i < vector.byteSize() / Float.BYTES; i++) {
            to.setAtIndex(FLOAT, column + i, (float) (vector.getAtIndex(FLOAT, i) / length));
        }
    }

    /** The sum of the squares of a vector's values, in their order. */
    public static double squares(MemorySegment vector) {
        double squares = 0;
        for (long i = 0; i < vector.byteSize() / Float.BYTES; i++) {
            float value = vector.getAtIndex(FLOAT, i);
            squares += (double) value * value;
        }
        return squares;
    }
}

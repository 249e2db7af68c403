package io.llm2clip.kernels.reference;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.RowPanels;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A matrix in panels, element by element: the definition of the layout. */
public record PanelElements(RowPanels panels, MemorySegment segment) {

    /** The value that an element stands for. */
    public float get(int row, int column) {
        float value = stored().get(index(row, column, 0));
        for (int part = 1; part < panels.format().parts(); part++) {
            value += stored().get(index(row, column, part));
        }
        return value;
    }

    /** Rounds to the nearest f32, and from there to the parts that the layout has. */
    void set(int row, int column, float value) {
        float left = value;
        for (int part = 0; part < panels.format().parts(); part++) {
            long index = index(row, column, part);
            boolean flushed = rounded() && Math.abs(left) < Float.MIN_NORMAL;
            stored().set(index, flushed ? Math.copySign(0, left) : left);
            left -= stored().get(index);
        }
    }

    /** Writes a matrix that is stored by rows of f32, and zeros behind each of them. */
    void setAll(MemorySegment matrix) {
        segment.asSlice(0, panels.bytes()).fill((byte) 0);
        Floats elements = new Floats(matrix);
        for (int row = 0; row < panels.rows(); row++) {
            for (int column = 0; column < panels.columns(); column++) {
                set(row, column, elements.get((long) row * panels.columns() + column));
            }
        }
    }

    /** The matrix by rows of f32. */
    MemorySegment rows(Arena arena) {
        MemorySegment matrix = arena.allocate((long) panels.rows() * panels.columns() * Float.BYTES);
        for (int row = 0; row < panels.rows(); row++) {
            for (int column = 0; column < panels.columns(); column++) {
                long index = (long) row * panels.columns() + column;
                matrix.setAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, index, get(row, column));
            }
        }
        return matrix;
    }

    private StoredElements stored() {
        return new StoredElements(rounded() ? DType.BF16 : DType.F32, segment);
    }

    private boolean rounded() {
        return panels.format() != RowPanels.Format.F32;
    }

    private long index(int row, int column, int part) {
        return panels.offset(row, column, part) / panels.format().bytes();
    }
}

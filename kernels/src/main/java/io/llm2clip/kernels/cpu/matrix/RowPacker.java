package io.llm2clip.kernels.cpu.matrix;

/** Writes the rows of a matrix into the panels of a packed one, for any number of workers at a time. */
public interface RowPacker {

    /** How many rows lie among each other: calls have so many, or a multiple, from a multiple on, but for the last rows of the matrix. */
    int together();

    /**
     * Packs rows.
     *
     * @param from address of the first one's f32 elements
     * @param rowBytes from one row to the next
     * @param row the number that the first one has
     * @param rows how many
     * @param worker the worker that calls
     */
    void pack(long from, long rowBytes, int row, int rows, int worker);
}

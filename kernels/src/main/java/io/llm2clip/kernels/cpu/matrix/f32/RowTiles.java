package io.llm2clip.kernels.cpu.matrix.f32;

/**
 * A part of k of rows of A as they are multiplied: in tiles, {@code [k][height]} of all k.
 *
 * @param address of the first tile
 * @param height rows of each but the last, which has those that are left
 * @param bytes from one tile to the next
 * @param from the first k
 */
public record RowTiles(long address, int height, long bytes, int from) {

    /**
     * The address of a tile's part.
     *
     * @param row its first row
     * @param rows how many it has
     */
    long tile(int row, int rows) {
        return address + row / height * bytes + (long) from * rows * Float.BYTES;
    }
}

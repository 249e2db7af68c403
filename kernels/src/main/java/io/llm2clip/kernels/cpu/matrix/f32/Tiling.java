package io.llm2clip.kernels.cpu.matrix.f32;

/**
 * How rows are cut into tiles, as equal as can be, so that the last is not much work for few rows.
 *
 * @param height rows of each tile but the last
 * @param count tiles of that height
 * @param rest rows of the last one, or 0
 */
record Tiling(int height, int count, int rest) {
    static Tiling of(int rows, int most) {
        int tiles = Math.ceilDiv(rows, most);
        int height = tiles == 0 ? most : Math.ceilDiv(rows, tiles);
        int count = rows / height;
        return new Tiling(height, count, rows - count * height);
    }

    /** Size of a tile of that height, of so many k. */
    long tileBytes(int k) {
        return (long) height * k * Float.BYTES;
    }
}

package io.llm2clip.kernels.cpu.matrix.f32;

/**
 * Rows that sums of tiles go to, what is added to them, and what is read after them; each by its first address, and the bytes from one row to
 * the next.
 *
 * @param sums where the result goes
 * @param added 0 for nothing; may be the sums
 * @param fetched what whoever reads the sums reads at their rows and columns, which is fetched meanwhile; 0 for nothing
 */
public record TileOutput(long sums, long sumsRow, long added, long addedRow, long fetched, long fetchedRow) {
    /** Without anything that is read later. */
    public TileOutput(long sums, long sumsRow, long added, long addedRow) {
        this(sums, sumsRow, added, addedRow, 0, 0);
    }
}

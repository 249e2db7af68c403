package io.llm2clip.text;

import java.util.Arrays;

/**
 * The tokens of one caption, without padding.
 *
 * @param ids the whole row: begin token, template, caption, end token
 * @param pooledStart the first pooled position
 * @param pooledEnd one past the last pooled position
 * @param cut whether the row lacks tokens of the caption, which was too long
 */
public record CaptionRow(int[] ids, int pooledStart, int pooledEnd, boolean cut) {
    public CaptionRow {
        if (pooledStart < 0 || pooledStart >= pooledEnd || pooledEnd > ids.length) {
            throw new IllegalArgumentException("The pooled window %d..%d must be non-empty within a row of %d tokens."
                    .formatted(pooledStart, pooledEnd, ids.length));
        }
    }

    /** The number of pooled tokens. */
    public int pooledLength() {
        return pooledEnd - pooledStart;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CaptionRow row
                && Arrays.equals(ids, row.ids)
                && pooledStart == row.pooledStart
                && pooledEnd == row.pooledEnd
                && cut == row.cut;
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(ids) + pooledLength();
    }

    @Override
    public String toString() {
        return "CaptionRow[" + Arrays.toString(ids) + ", " + pooledStart + ".." + pooledEnd + (cut ? ", cut]" : "]");
    }
}

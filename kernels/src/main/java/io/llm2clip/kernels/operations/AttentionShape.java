package io.llm2clip.kernels.operations;

/**
 * Shape of a scaled dot-product attention within each of several sequences. Padded sequences have as much memory as the longest; ragged
 * ones are stored one behind the other, and where each begins is an operand: their lengths are data, only the sum is part of the shape.
 *
 * @param batch number of sequences; of ragged ones the most, as any may be empty
 * @param queries rows of a query sequence; of ragged ones, rows of all sequences together
 * @param keys rows of a key/value sequence; of ragged ones, as many as queries
 * @param heads query heads
 * @param keyValueHeads key/value heads; divides {@code heads}; head h reads key/value head h / (heads / keyValueHeads)
 * @param headSize channels of a head
 * @param scale factor of the scores
 * @param causal whether query i of a sequence sees only keys up to i (then queries == keys)
 * @param ragged whether sequences are ragged
 */
public record AttentionShape(
        int batch,
        int queries,
        int keys,
        int heads,
        int keyValueHeads,
        int headSize,
        float scale,
        boolean causal,
        boolean ragged) {
    public AttentionShape {
        Checks.require(
                keyValueHeads > 0 && heads % keyValueHeads == 0,
                "Attention: heads in equal groups per key/value head",
                keyValueHeads);
        Checks.require(
                (long) batch * heads <= Integer.MAX_VALUE,
                "Attention: at most " + Integer.MAX_VALUE + " heads of all sequences",
                (long) batch * heads);
        Checks.require(
                !causal || queries == keys, "Attention: causal with as many queries as keys", queries + " and " + keys);
        Checks.require(
                !ragged || queries == keys,
                "Attention: ragged sequences with as many queries as keys",
                queries + " and " + keys);
    }

    /** Padded sequences. */
    public AttentionShape(
            int batch, int queries, int keys, int heads, int keyValueHeads, int headSize, float scale, boolean causal) {
        this(batch, queries, keys, heads, keyValueHeads, headSize, scale, causal, false);
    }

    /**
     * Ragged sequences.
     *
     * @param sequences how many at most
     * @param tokens rows of all together
     */
    public static AttentionShape ragged(
            int sequences, int tokens, int heads, int keyValueHeads, int headSize, float scale, boolean causal) {
        return new AttentionShape(sequences, tokens, tokens, heads, keyValueHeads, headSize, scale, causal, true);
    }

    /** The operand that says which rows are whose. */
    Operand extents() {
        return ragged
                ? Operand.ascending("offsets", batch + 1L, 0, queries)
                : Operand.indices("lengths", batch, 0, keys);
    }

    long querySize() {
        return (ragged ? 1L : batch) * queries * heads * headSize;
    }

    long keySize() {
        return (ragged ? 1L : batch) * keys * keyValueHeads * headSize;
    }

    /** Of a matmul with all keys; of ragged sequences, as if they had equal lengths. */
    long product() {
        long pairs = ragged ? (long) queries * keys / Math.max(1, batch) : (long) batch * queries * keys;
        return 2L * heads * headSize * pairs;
    }
}

package io.llm2clip.kernels.operations;

/**
 * Shape of a scaled dot-product attention.
 *
 * @param batch number of sequences
 * @param queries rows of a query sequence
 * @param keys rows of a key/value sequence
 * @param heads query heads
 * @param keyValueHeads key/value heads; divides {@code heads}; head h reads key/value head h / (heads / keyValueHeads)
 * @param headSize channels of a head
 * @param scale factor of the scores
 * @param causal whether query i sees only keys up to i (then queries == keys)
 */
public record AttentionShape(
        int batch, int queries, int keys, int heads, int keyValueHeads, int headSize, float scale, boolean causal) {
    public AttentionShape {
        Checks.require(
                keyValueHeads > 0 && heads % keyValueHeads == 0,
                "Attention: heads in equal groups a key/value head",
                keyValueHeads);
        Checks.require(
                (long) batch * heads <= Integer.MAX_VALUE,
                "Attention: at most " + Integer.MAX_VALUE + " heads of all sequences",
                (long) batch * heads);
        Checks.require(
                !causal || queries == keys, "Attention: causal with as many queries as keys", queries + " and " + keys);
    }

    long querySize() {
        return (long) batch * queries * heads * headSize;
    }

    long keySize() {
        return (long) batch * keys * keyValueHeads * headSize;
    }

    long product() {
        return 2L * batch * heads * queries * keys * headSize;
    }
}

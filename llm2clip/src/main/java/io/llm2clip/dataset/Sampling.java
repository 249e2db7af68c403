package io.llm2clip.dataset;

/**
 * How examples are drawn from shards.
 *
 * @param buffer examples among which the next is drawn; where it has room for all, an epoch is a random permutation
 * @param resampled whether shards are drawn with replacement, without end, as the reference does; otherwise every example comes once
 *     an epoch
 */
public record Sampling(int buffer, boolean resampled) {
    /** Every example once an epoch, drawn from 65,536. */
    public static final Sampling DEFAULT = new Sampling(1 << 16, false);

    /** Of 8 bytes each. */
    private static final int MOST = 1 << 24;

    public Sampling {
        if (buffer < 1 || buffer > MOST) {
            throw new IllegalArgumentException(
                    "A shuffle buffer of %d examples; expected from 1, which keeps the order, to %d."
                            .formatted(buffer, MOST));
        }
    }
}

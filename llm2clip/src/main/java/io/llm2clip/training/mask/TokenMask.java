package io.llm2clip.training.mask;

import io.llm2clip.tensor.CounterRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Chooses tokens for a model to predict: 80 % of them are replaced by the mask token, 10 % by a random token, and 10 % are kept (Devlin et
 * al. 2018). Each is predicted at the position before it, as in causal language modeling (MNTP, BehnamGhader et al. 2024).
 *
 * @param share fraction of the tokens to choose
 * @param mask id of the mask token
 * @param vocabulary vocabulary size, from which random tokens are drawn
 */
public record TokenMask(double share, int mask, int vocabulary) {
    private static final double MASKED = 0.8;
    private static final double MASKED_OR_ANY = 0.9;
    /** Random numbers that a token may take. */
    private static final long COUNTERS = 3;

    /**
     * Rows with masked tokens.
     *
     * @param ids model input, the rows concatenated
     * @param predictors for each token to predict, the position whose output predicts it: the one before it
     * @param targets the original tokens
     */
    public record Masked(int[] ids, int[] predictors, int[] targets) {
        /** Rows {@code from .. to - 1} alone. */
        public Masked rows(int from, int to, int length) {
            int first = from * length;
            int end = to * length;
            int[] own = IntStream.range(0, predictors.length)
                    .filter(i -> predictors[i] >= first && predictors[i] < end)
                    .toArray();
            return new Masked(
                    Arrays.copyOfRange(ids, first, end),
                    Arrays.stream(own).map(i -> predictors[i] - first).toArray(),
                    Arrays.stream(own).map(i -> targets[i]).toArray());
        }
    }

    /**
     * Masks rows. The first token of a row may be masked but is never predicted, because no position precedes it. Special tokens are left
     * alone.
     *
     * @param tokens rows of equal length, concatenated
     * @param length tokens of a row
     */
    public Masked of(PackedTokens tokens, int length, CounterRandom random, long stream) {
        int[] ids = tokens.ids().clone();
        IntStream.Builder predictors = IntStream.builder();
        IntStream.Builder targets = IntStream.builder();
        for (int i = 0; i < ids.length; i++) {
            long counter = COUNTERS * i;
            if (!tokens.text()[i] || random.uniform(stream, counter) >= share) {
                continue;
            }
            if (i % length > 0) {
                predictors.add(i - 1);
                targets.add(ids[i]);
            }
            double fate = random.uniform(stream, counter + 1);
            if (fate < MASKED) {
                ids[i] = mask;
            } else if (fate < MASKED_OR_ANY) {
                ids[i] = random.integer(stream, counter + 2, vocabulary);
            }
        }
        return new Masked(ids, predictors.build().toArray(), targets.build().toArray());
    }
}

package io.llm2clip.evaluation;

import java.util.Arrays;
import java.util.Locale;
import org.apache.commons.math3.random.RandomGenerator;
import org.apache.commons.math3.random.Well19937c;
import org.apache.commons.math3.stat.StatUtils;

/**
 * Percentile bootstrap over queries (Efron and Tibshirani 1993, chapter 13): resample queries with replacement and look
 * at the spread of the mean.
 *
 * @param resamples how many resamples, 2000 or more for two digits
 * @param confidence the interval's coverage, for example 0.95
 * @param seed same seed, same interval
 */
public record Bootstrap(int resamples, double confidence, long seed) {
    /** A mean with its confidence interval. */
    public record Interval(double mean, double low, double high) {
        /** Whether the interval leaves out zero. */
        public boolean excludesZero() {
            return low > 0 || high < 0;
        }

        /** What this says as a difference. */
        public Standing standing() {
            return !excludesZero() ? Standing.LEVEL : mean > 0 ? Standing.AHEAD : Standing.BEHIND;
        }

        /** A difference of fractions in a sentence, such as "a difference of +2.9 points (95 % interval -1.2 to +6.8, which includes 0)". */
        public String words() {
            return String.format(
                    Locale.ROOT,
                    "a difference of %+.1f points (95 %% interval %+.1f to %+.1f%s)",
                    100 * mean,
                    100 * low,
                    100 * high,
                    excludesZero() ? "" : ", which includes 0");
        }

        /** A difference of fractions as text, in points, such as "+2.9 [-1.2, +6.8]". */
        public String points() {
            return String.format(Locale.ROOT, "%+.1f [%+.1f, %+.1f]", 100 * mean, 100 * low, 100 * high);
        }
    }

    public Bootstrap {
        if (resamples < 1 || !(confidence > 0 && confidence < 1)) {
            throw new IllegalArgumentException(
                    "A bootstrap needs at least one resample and a confidence between 0 and 1, found %d and %s."
                            .formatted(resamples, confidence));
        }
    }

    /** 2000 resamples, 95 %. */
    public static Bootstrap standard(long seed) {
        return new Bootstrap(2000, 0.95, seed);
    }

    /** The mean of {@code first - second}, where both scored the same queries in the same order. */
    public Interval pairedDifference(double[] first, double[] second) {
        if (first.length != second.length) {
            throw new IllegalArgumentException("A paired bootstrap needs both scores of every query, found %d and %d."
                    .formatted(first.length, second.length));
        }
        double[] differences = new double[first.length];
        Arrays.setAll(differences, i -> first[i] - second[i]);
        return mean(differences);
    }

    /** The mean of {@code values}. */
    public Interval mean(double[] values) {
        if (values.length == 0) {
            throw new IllegalArgumentException("A bootstrap needs at least one value.");
        }
        RandomGenerator random = new Well19937c(seed);
        double[] means = new double[resamples];
        for (int i = 0; i < resamples; i++) {
            double sum = 0;
            for (int n = 0; n < values.length; n++) {
                sum += values[random.nextInt(values.length)];
            }
            means[i] = sum / values.length;
        }
        double tail = 100 * (1 - confidence) / 2;
        return new Interval(
                StatUtils.mean(values), StatUtils.percentile(means, tail), StatUtils.percentile(means, 100 - tail));
    }
}

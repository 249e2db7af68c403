package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.Bootstrap.Interval;
import org.apache.commons.math3.stat.StatUtils;

/**
 * A figure of a model beside that of a baseline.
 *
 * @param key its name for programs, such as "r10"
 * @param name its name for people, such as "R@10"
 * @param ours the model's, a fraction
 * @param baseline the baseline's
 * @param chance what guessing reaches
 * @param interval of the first minus the second: 95 %, by bootstrap over images
 */
public record Difference(String key, String name, double ours, double baseline, double chance, Interval interval) {
    private static final long SEED = 1;

    /**
     * Compares.
     *
     * @param ours of each image, of which the figure is the mean
     * @param baseline of the same images
     */
    static Difference of(String key, String name, double[] ours, double[] baseline, double chance) {
        return new Difference(
                key,
                name,
                StatUtils.mean(ours),
                StatUtils.mean(baseline),
                chance,
                Bootstrap.standard(SEED).pairedDifference(ours, baseline));
    }
}

package io.llm2clip.bench.compare;

import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What was found of a row.
 *
 * @param row the row
 * @param measured its entrants that took part, this engine first
 * @param absent entrants that did not, and why
 * @param errors what failed: entrants, or outputs that are not those of the others
 * @param runs of the work in a round
 * @param flops of a run as this engine counts them; 0 if they are not known
 * @param peak GFLOP/s of multiply-adds of the same threads, measured with the row; 0 if it was not
 * @param seconds that the row took in all
 */
record RowResult(
        Row row,
        List<Measured> measured,
        Map<Entrant, String> absent,
        List<String> errors,
        int runs,
        long flops,
        double peak,
        double seconds) {

    /**
     * An entrant's figures.
     *
     * @param entrant who
     * @param millis of a run, by rounds
     * @param output what came out
     * @param difference from the output that all are compared with
     * @param peakBytes of its process, which other entrants may share
     */
    record Measured(Entrant entrant, double[] millis, Output output, Output.Difference difference, long peakBytes) {
        double median() {
            return quantile(millis, 0.5);
        }
    }

    /**
     * Of times of two entrants in the same rounds.
     *
     * @param median of the ratios
     * @param low their lower quartile
     * @param high their upper quartile
     */
    record Ratio(double median, double low, double high) {}

    Optional<Measured> subject() {
        return of(row.subject());
    }

    Optional<Measured> of(Entrant entrant) {
        return measured.stream().filter(one -> one.entrant.equals(entrant)).findFirst();
    }

    /** The rival that takes the least time. */
    Optional<Measured> best() {
        return measured.stream()
                .filter(one -> !one.entrant.equals(row.subject()))
                .min(Comparator.comparingDouble(Measured::median));
    }

    /** How many times a rival's speed the subject has: the rival's time over the subject's, round by round. */
    Optional<Ratio> ratio(Measured rival) {
        return subject().map(ours -> {
            double[] ratios = new double[ours.millis.length];
            for (int i = 0; i < ratios.length; i++) {
                ratios[i] = rival.millis[i] / ours.millis[i];
            }
            return new Ratio(quantile(ratios, 0.5), quantile(ratios, 0.25), quantile(ratios, 0.75));
        });
    }

    /** The subject's peak of resident memory as a part of a rival's. */
    Optional<Double> memoryRatio(Measured rival) {
        return subject()
                .filter(ours -> !ours.equals(rival) && ours.peakBytes > 0 && rival.peakBytes > 0)
                .map(ours -> (double) ours.peakBytes / rival.peakBytes);
    }

    /** Of the peak of multiply-adds, what the subject reaches. */
    Optional<Double> efficiency() {
        return flops == 0 || peak == 0 ? Optional.empty() : subject().map(ours -> flops / ours.median() / 1e6 / peak);
    }

    /** Between the two nearest values, as their distances say. */
    static double quantile(double[] values, double q) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        double place = q * (sorted.length - 1);
        int low = (int) place;
        int high = Math.min(low + 1, sorted.length - 1);
        return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
    }
}

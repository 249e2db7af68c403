package io.llm2clip.bench.gpu;

import java.util.Arrays;

/**
 * Medians of work that is done again and again.
 *
 * @param firstSeconds of the first time, which compiles
 * @param medianSeconds of the rounds after it
 * @param rounds how many
 */
record Stopwatch(double firstSeconds, double medianSeconds, int rounds) {
    private static final int MAX_ROUNDS = 50;
    private static final int MIN_ROUNDS = 4;

    /** Repeats for about so long, but a few times at least. */
    static Stopwatch measure(double seconds, Runnable work) {
        double first = seconds(work);
        double[] times = new double[MAX_ROUNDS];
        int rounds = 0;
        for (double total = 0; rounds < MAX_ROUNDS && (rounds < MIN_ROUNDS || total < seconds); rounds++) {
            times[rounds] = seconds(work);
            total += times[rounds];
        }
        Arrays.sort(times, 0, rounds);
        return new Stopwatch(first, times[rounds / 2], rounds);
    }

    static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return (System.nanoTime() - start) / 1e9;
    }
}

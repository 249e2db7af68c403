package io.llm2clip.bench;

/** How long something takes that is done again and again. */
final class Timing {
    private Timing() {}

    /** Nanoseconds a run, over at least a duration. */
    static double nanos(Runnable run, long duration) {
        long start = System.nanoTime();
        long runs = 0;
        long elapsed = 0;
        while (elapsed < duration) {
            run.run();
            runs++;
            elapsed = System.nanoTime() - start;
        }
        return (double) elapsed / runs;
    }
}

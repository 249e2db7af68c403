package io.llm2clip.kernels.cpu.runtime;

import io.llm2clip.kernels.Launch;

/** Cuts independent units of work into tasks. */
public final class Ranges {
    /** Below this many cheap elements the hand-over to another thread costs more than it brings. */
    private static final long SERIAL = 100_000;

    private static final long TASK = 32_768;

    private Ranges() {}

    /** Does units {@code from .. to-1}. Units must not depend on each other: any number of them may share a call. */
    public interface Body {
        void run(long from, long to, int worker);
    }

    /** A launch over a number of units, each costing as much as {@code cost} cheap elements. */
    public static Launch launch(Workers workers, long units, long cost, Body body) {
        return () -> run(workers, units, cost, body);
    }

    public static void run(Workers workers, long units, long cost, Body body) {
        if (units == 0) {
            return;
        }
        if (workers.threads() == 1 || units == 1 || units * Math.max(1, cost) < SERIAL) {
            body.run(0, units, 0);
            return;
        }
        long wanted = Math.max(1, TASK / Math.max(1, cost));
        long perTask = Math.max(wanted, units / Integer.MAX_VALUE + 1);
        workers.parallel(
                (int) ((units + perTask - 1) / perTask),
                (task, worker) -> body.run(task * perTask, Math.min(units, (task + 1) * perTask), worker));
    }
}

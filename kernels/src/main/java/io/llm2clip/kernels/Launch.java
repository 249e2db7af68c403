package io.llm2clip.kernels;

/** A kernel bound to its buffers: everything that can be decided before the first run has been decided. */
@FunctionalInterface
public interface Launch {
    /** Runs the kernel once, to completion. Not re-entrant: a launch may own scratch memory. */
    void run();
}

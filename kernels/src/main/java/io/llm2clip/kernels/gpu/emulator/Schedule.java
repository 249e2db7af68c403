package io.llm2clip.kernels.gpu.emulator;

/**
 * The order in which work-groups and the work-items between two barriers run.
 *
 * @param shuffled whether groups run in random order and work-items interleave at random
 * @param seed decides everything random
 */
public record Schedule(boolean shuffled, long seed) {
    /** Groups one after the other, and in each, work-items one after the other up to the next barrier. */
    public static final Schedule IN_ORDER = new Schedule(false, 0);

    /** A random interleaving. */
    public static Schedule shuffled(long seed) {
        return new Schedule(true, seed);
    }
}

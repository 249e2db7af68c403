package io.llm2clip.progress;

/** A phase whose units are worked on several times, such as read and then embedded: as many reports of a unit make it done. */
public final class Passes implements Progress.Phase {
    private final Progress.Phase phase;
    private final int passes;
    private long reported;

    /**
     * Reports to {@code phase}, and leaves it open.
     *
     * @param passes how often each unit is reported
     */
    public Passes(Progress.Phase phase, int passes) {
        this.phase = phase;
        this.passes = passes;
    }

    @Override
    public void preparing(String activity) {
        phase.preparing(activity);
    }

    @Override
    public synchronized void advance(long count) {
        long before = reported / passes;
        reported += count;
        if (reported / passes > before) {
            phase.advance(reported / passes - before);
        }
    }

    @Override
    public void metric(String name, double value) {
        phase.metric(name, value);
    }

    @Override
    public void tally(String name, long count) {
        phase.tally(name, count);
    }
}

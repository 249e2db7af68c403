package io.llm2clip.progress;

/** A listener to long work, told of phases one after another. */
public interface Progress {
    /** Listens to nothing. */
    Progress NONE = (name, total, unit) -> Phase.NONE;

    /** How many units a phase takes is not known before it ends. */
    long UNKNOWN = -1;

    /**
     * A phase begins.
     *
     * @param name what is done, for people
     * @param total how many units it takes, or {@link #UNKNOWN}
     * @param unit what is counted, a regular noun in the singular
     */
    Phase begin(String name, long total, String unit);

    /** Something worth saying outside the count, as one sentence: what a user would want to know even if nothing else is shown. */
    default void note(String sentence) {}

    /** What is about to be done and how, as one line. */
    default void announce(String line) {
        note(line);
    }

    /** One piece of long work; several threads may report to it. */
    interface Phase extends AutoCloseable {
        /** Listens to nothing. */
        Phase NONE = new Phase() {};

        /**
         * Something precedes the next unit and may take longer than it; that unit is not typical of the others, and the next
         * {@link #advance} ends it.
         *
         * @param activity a participle, such as "compiling"
         */
        default void preparing(String activity) {}

        /** So many more units are done. */
        default void advance(long count) {}

        /** The newest value of a measured quantity, such as the loss. */
        default void metric(String name, double value) {}

        /** How many of something there are by now, such as steps that were skipped. */
        default void tally(String name, long count) {}

        /** The phase is over, finished or not. */
        @Override
        default void close() {}
    }
}

package io.llm2clip.progress;

/** A listener to long work, told of phases one after another. */
public interface Progress {
    /** Listens to nothing. */
    Progress NONE = (name, total, unit) -> new Phase() {};

    /**
     * A phase begins.
     *
     * @param name what is done, for people
     * @param total how many units it takes
     * @param unit what is counted, in the plural
     */
    Phase begin(String name, long total, String unit);

    /** Something worth saying outside the count, as one sentence. */
    default void note(String sentence) {}

    /** One piece of long work. */
    interface Phase extends AutoCloseable {
        /** So many more units are done. */
        default void advance(long count) {}

        /** The newest value of a measured quantity, such as the loss. */
        default void metric(String name, double value) {}

        /** The phase is over, finished or not. */
        @Override
        default void close() {}
    }
}

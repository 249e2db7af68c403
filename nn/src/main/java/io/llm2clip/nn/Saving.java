package io.llm2clip.nn;

/**
 * How weights are written.
 *
 * @param type of their elements
 * @param shardBytes what takes more than this is written to several files
 * @param listener is told what happens
 */
public record Saving(SavedType type, long shardBytes, Listener listener) {
    /** What Hugging Face's libraries call 5GB. */
    public static final long USUAL_SHARD = 5_000_000_000L;

    /** As they came, in files of up to 5 GB. */
    public static final Saving DEFAULT = new Saving(SavedType.STORED, USUAL_SHARD, new Listener() {});

    /** Learns what is written; its methods are called by several threads. */
    public interface Listener {
        /** So many more bytes of tensors are in files. */
        default void written(long bytes) {}

        /** A part of a tensor was rounded to a narrower type. */
        default void rounded(String tensor, RoundingError error) {}
    }

    public Saving {
        if (shardBytes < 1) {
            throw new IllegalArgumentException(
                    "The size of a shard must be at least 1 byte, found %d.".formatted(shardBytes));
        }
    }

    /** The same in another type. */
    public Saving in(SavedType other) {
        return new Saving(other, shardBytes, listener);
    }
}

package io.llm2clip.dataset;

/**
 * How far an order was followed: what a training keeps to go on where it stopped.
 *
 * @param epoch passes over the data that are complete; 0 forever where shards are drawn with replacement
 * @param drawn examples taken in the current one
 */
public record Position(long epoch, long drawn) {
    /** Before the first example. */
    public static final Position START = new Position(0, 0);

    public Position {
        if (epoch < 0 || drawn < 0) {
            throw new IllegalArgumentException(
                    "Position %d of epoch %d; expected numbers from 0.".formatted(drawn, epoch));
        }
    }
}

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

    /** Reads what {@link #toString} writes; of the empty text the {@link #START}. */
    public static Position parse(String text) {
        if (text.isEmpty()) {
            return START;
        }
        String[] parts = text.split(":", -1);
        try {
            return new Position(Long.parseLong(parts[0]), Long.parseLong(parts[1]));
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("'%s' is no position; expected EPOCH:DRAWN.".formatted(text), e);
        }
    }

    @Override
    public String toString() {
        return epoch + ":" + drawn;
    }
}

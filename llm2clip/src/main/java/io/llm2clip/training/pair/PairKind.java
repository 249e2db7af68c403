package io.llm2clip.training.pair;

import java.util.Arrays;
import java.util.Optional;

/** What the query and the positive of a pair, or of all pairs of a batch, are. */
public enum PairKind {
    LONG_TO_LONG("long to long"),
    SHORT_TO_LONG("short to long"),
    LONG_TO_SHORT("long to short"),
    SHORT_TO_SHORT("short to short"),
    /** Of a source that says which text is the query. */
    QUERY_TO_DOCUMENT("query to document"),
    /** A batch of any two captions of an image; each pair is of one of the kinds above. */
    ANY_TWO("any two captions"),
    /** A batch of a short and a long caption of an image, in either direction. */
    SHORT_AND_LONG("short and long");

    private final String text;

    PairKind(String text) {
        this.text = text;
    }

    /** For people. */
    public String text() {
        return text;
    }

    /** The kind of a pair of captions. */
    static PairKind of(boolean briefQuery, boolean briefPositive) {
        if (briefQuery) {
            return briefPositive ? SHORT_TO_SHORT : SHORT_TO_LONG;
        }
        return briefPositive ? LONG_TO_SHORT : LONG_TO_LONG;
    }

    /** Whether the positive of a pair is short. */
    boolean toShort() {
        return this == LONG_TO_SHORT || this == SHORT_TO_SHORT;
    }

    /** The kind that {@link #text} gives this name. */
    static Optional<PairKind> named(String text) {
        return Arrays.stream(values()).filter(kind -> kind.text.equals(text)).findFirst();
    }
}

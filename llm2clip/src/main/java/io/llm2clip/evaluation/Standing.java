package io.llm2clip.evaluation;

/** What the interval of a difference says of the first against the second. */
public enum Standing {
    /** Better: the whole interval is above zero. */
    AHEAD("ahead of"),
    /** Zero is inside. */
    LEVEL("no different from"),
    /** Worse: the whole interval is below zero. */
    BEHIND("behind");

    private final String words;

    Standing(String words) {
        this.words = words;
    }

    /** As in "the first is ahead of the second". */
    public String words() {
        return words;
    }
}

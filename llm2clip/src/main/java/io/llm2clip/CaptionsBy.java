package io.llm2clip;

/** What embeds the captions of a model of a language model beside which a text tower was trained. */
public enum CaptionsBy {
    /** What the model itself has, the language model. */
    MODEL("language model"),
    /** The text tower that was trained along. */
    TEXT_TOWER("text tower"),
    /**
     * Both: embeddings are twice as long, the two side by side, an image's twice, so that the cosine is the mean of the two cosines.
     */
    JOINED("language model and the text tower, joined");

    private final String text;

    CaptionsBy(String text) {
        this.text = text;
    }

    /** For people. */
    public String text() {
        return text;
    }
}

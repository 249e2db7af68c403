package io.llm2clip.model;

/** What embeds captions. */
public enum CaptionsBy {
    /** A language model behind an adapter. */
    LANGUAGE_MODEL("language model"),
    /** A text tower: that of a CLIP, or the one that was trained along beside a language model. */
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

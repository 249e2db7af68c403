package io.llm2clip.training;

/** What stage 2 embeds of an image with a caption. */
public enum Embedded {
    IMAGE("image"),
    /** The caption by the language model and its adapter. */
    LANGUAGE_MODEL("language model"),
    /** The caption by a text tower that is trained along. */
    TEXT_TOWER("text tower");

    private final String text;

    Embedded(String text) {
        this.text = text;
    }

    /** For people. */
    public String text() {
        return text;
    }
}

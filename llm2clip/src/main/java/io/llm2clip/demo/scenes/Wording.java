package io.llm2clip.demo.scenes;

/** Which of a concept's three wordings a caption may use. */
public enum Wording {
    /** Only the main form: captions of images. */
    FIRST,
    /** A mix, the main form most often: the text corpus. */
    ALL,
    /** Never the main form: held-out queries in other words. */
    OTHER
}

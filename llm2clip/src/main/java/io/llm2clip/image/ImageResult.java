package io.llm2clip.image;

/** What came of reading an image. */
public sealed interface ImageResult {
    /** Its number in the source. */
    int index();

    /** It was read. */
    record Read(int index, RgbImage image) implements ImageResult {}

    /**
     * It cannot be used.
     *
     * @param reason one sentence that names it
     */
    record Failure(int index, String reason) implements ImageResult {}
}

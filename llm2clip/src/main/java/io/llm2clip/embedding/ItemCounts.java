package io.llm2clip.embedding;

/**
 * What a job came to, or came to so far.
 *
 * @param images with vectors
 * @param texts with vectors
 * @param skippedImages that cannot be read
 * @param skippedLines of input that cannot be used
 * @param cutTexts of the texts that were too long for the model and cut
 */
public record ItemCounts(long images, long texts, long skippedImages, long skippedLines, long cutTexts) {
    public static final ItemCounts NONE = new ItemCounts(0, 0, 0, 0, 0);

    /** Images and texts with vectors. */
    public long vectors() {
        return images + texts;
    }

    /** What has no vector. */
    public long skipped() {
        return skippedImages + skippedLines;
    }

    /** With one more item of a kind. */
    public ItemCounts withVector(String kind) {
        return kind.equals("text")
                ? new ItemCounts(images, texts + 1, skippedImages, skippedLines, cutTexts)
                : new ItemCounts(images + 1, texts, skippedImages, skippedLines, cutTexts);
    }

    /** With one more item of a kind that has no vector. */
    public ItemCounts withSkipped(String kind) {
        return kind.equals("image")
                ? new ItemCounts(images, texts, skippedImages + 1, skippedLines, cutTexts)
                : new ItemCounts(images, texts, skippedImages, skippedLines + 1, cutTexts);
    }

    /** With so many more texts that were cut. */
    public ItemCounts withCut(int count) {
        return new ItemCounts(images, texts, skippedImages, skippedLines, cutTexts + count);
    }
}

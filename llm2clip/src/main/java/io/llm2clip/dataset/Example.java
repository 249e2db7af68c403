package io.llm2clip.dataset;

import java.util.List;
import java.util.Optional;

/**
 * One thing to learn from: an image with captions, or texts alone.
 *
 * @param key names it in messages and within its shard
 * @param shard the file it comes from
 * @param image empty for texts alone
 * @param captions none blank; in the order of the source
 */
public record Example(String key, String shard, Optional<ExampleImage> image, List<Caption> captions) {
    public Example {
        captions = List.copyOf(captions);
    }

    /**
     * A caption.
     *
     * @param column where the source has it, such as {@code raw_caption}
     * @param text not blank
     */
    public record Caption(String column, String text) {}

    /** The captions without their columns. */
    public List<String> texts() {
        return captions.stream().map(Caption::text).toList();
    }
}

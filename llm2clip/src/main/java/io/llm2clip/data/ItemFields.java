package io.llm2clip.data;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where JSON objects have what is to be embedded.
 *
 * @param image the field of an image's path
 * @param texts fields of a text or a list of texts, the first of which that is there counts
 * @param key the field of a name, a string or a number, under which results are given; null for none
 */
public record ItemFields(
        String image, List<String> texts, @Nullable String key) {
    /** As training data has them. */
    public static final ItemFields USUAL = new ItemFields("image", List.of("captions", "caption", "text"), null);

    public ItemFields {
        texts = List.copyOf(texts);
    }
}

package io.llm2clip.evaluation.sets;

import io.llm2clip.data.JsonEntries;
import io.llm2clip.data.JsonLines;
import java.nio.file.Path;
import java.util.List;

/**
 * The test splits of Salesforce's repositories, {@code flickr30k_test.json} and {@code coco_karpathy_test.json}: a list of
 * {@code {"image": "val2014/1.jpg", "caption": ["A dog.", "A brown dog."]}}.
 */
final class CaptionListJson {
    private static final String FORMAT =
            "an image has the form {\"image\": \"val2014/1.jpg\", \"caption\": [\"A dog.\", \"A brown dog.\"]}.";

    private CaptionListJson() {}

    /** @param captions that are kept of an image, the first ones */
    static RetrievalSet read(String title, Path folder, Path file, ImagePlaces places, int captions) {
        SetBuilder builder = new SetBuilder(title, folder, places, file, "image");
        JsonEntries.read(file, null, builder.report(), (number, entry) -> {
            List<String> all = JsonLines.captions(entry, builder.report()::leaveOut);
            builder.image(number, KarpathyJson.string(entry, "image"), all.subList(0, Math.min(captions, all.size())));
            return true;
        });
        return builder.build(FORMAT);
    }
}

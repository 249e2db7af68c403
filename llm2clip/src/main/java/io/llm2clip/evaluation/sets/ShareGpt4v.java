package io.llm2clip.evaluation.sets;

import io.llm2clip.data.JsonEntries;
import io.llm2clip.data.JsonLines;
import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * The first 1000 entries of {@code share-captioner_coco_lcs_sam_1246k_1107.json}: a list of {@code {"image": "sam/images/1.jpg",
 * "conversations": [{"value": "a question"}, {"value": "the caption"}]}}. The rest of the file, a million entries, is not read.
 */
final class ShareGpt4v {
    static final String FILE = "share-captioner_coco_lcs_sam_1246k_1107.json";
    static final int IMAGES = 1000;

    private static final String FORMAT =
            "an image has the form {\"image\": \"sam/images/1.jpg\", \"conversations\": [{\"value\": \"...\"}, {\"value\": \"the caption\"}]}.";

    private ShareGpt4v() {}

    static RetrievalSet read(String title, Path folder, Path file, ImagePlaces places) {
        SetBuilder builder = new SetBuilder(title, folder, places, file, "image");
        JsonEntries.read(file, null, builder.report(), (number, entry) -> {
            if (number > IMAGES) {
                return false;
            }
            JsonNode answer = entry.path("conversations").path(1).path("value");
            if (answer.isMissingNode()) {
                throw new BadLineException("no second turn in \"conversations\"", "");
            }
            builder.image(
                    number,
                    KarpathyJson.string(entry, "image"),
                    JsonLines.texts(List.of(answer), builder.report()::leaveOut));
            return true;
        });
        return builder.build(FORMAT);
    }
}

package io.llm2clip.evaluation.sets;

import io.llm2clip.data.JsonLines;
import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Path;
import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * {@code docci_descriptions.jsonlines}, a line per image: {@code {"split": "test", "image_file": "test_00000.jpg", "description":
 * "..."}}; the images are in {@code images}.
 */
final class Docci {
    private static final String FORMAT =
            "a line has the form {\"split\": \"test\", \"image_file\": \"test_00000.jpg\", \"description\": \"...\"}.";

    private Docci() {}

    static RetrievalSet read(String title, Path folder, Path file, ImagePlaces places) {
        SetBuilder builder = new SetBuilder(title, folder, places, file, "line");
        JsonLines.read(file, builder.report(), (line, object) -> {
            if (KarpathyJson.string(object, "split").equals("test")) {
                JsonNode description = object.get("description");
                if (description == null) {
                    throw new BadLineException("no key \"description\"", "");
                }
                builder.image(
                        line,
                        KarpathyJson.string(object, "image_file"),
                        JsonLines.texts(List.of(description), builder.report()::leaveOut));
            }
        });
        return builder.build(FORMAT);
    }
}

package io.llm2clip.evaluation.sets;

import io.llm2clip.data.JsonLines;
import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * {@code captions.jsonl} of Crossmodal-3600, a line per image: {@code {"image/key": "0a1b", "en": {"caption": ["A dog."]}, "de": ...}};
 * the images are {@code images/0a1b.jpg}. Keys whose value has captions are languages, of which there are 36.
 */
final class Xm3600 {
    private static final String FORMAT =
            "a line has the form {\"image/key\": \"0a1b\", \"en\": {\"caption\": [\"A dog.\"]}, \"de\": {\"caption\": [\"Ein Hund.\"]}}.";

    private Xm3600() {}

    static RetrievalSet read(String title, Path folder, Path file, ImagePlaces places) {
        SetBuilder builder = new SetBuilder(title, folder, places, file, "line");
        JsonLines.read(file, builder.report(), (line, object) -> {
            Map<String, List<String>> captions = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : object.properties()) {
                JsonNode list = entry.getValue().path("caption");
                if (list.isArray() && !list.isEmpty()) {
                    captions.put(entry.getKey(), JsonLines.texts(list, builder.report()::leaveOut));
                }
            }
            if (captions.isEmpty()) {
                throw new BadLineException("no captions in any language", "");
            }
            builder.image(line, KarpathyJson.string(object, "image/key") + ".jpg", captions);
        });
        return builder.build(FORMAT);
    }
}

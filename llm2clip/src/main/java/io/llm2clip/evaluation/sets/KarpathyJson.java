package io.llm2clip.evaluation.sets;

import io.llm2clip.data.InputException;
import io.llm2clip.data.JsonEntries;
import io.llm2clip.data.JsonLines;
import io.llm2clip.data.JsonLines.BadLineException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Karpathy's files, {@code dataset_flickr30k.json} and {@code dataset_coco.json}: an object whose list {@code images} has entries
 * {@code {"filename": "1.jpg", "filepath": "val2014", "split": "test", "sentences": [{"raw": "A dog."}]}}; {@code filepath} is COCO's
 * alone.
 */
final class KarpathyJson {
    private static final String SPLIT = "test";
    private static final String FORMAT =
            "an image has the form {\"filename\": \"1.jpg\", \"split\": \"test\", \"sentences\": [{\"raw\": \"A dog.\"}]}.";

    private KarpathyJson() {}

    /** @param captions that are kept of an image, the first ones */
    static RetrievalSet read(String title, Path folder, Path file, ImagePlaces places, int captions) {
        SetBuilder builder = new SetBuilder(title, folder, places, file, "image");
        Map<String, Integer> splits = new TreeMap<>();
        JsonEntries.read(file, "images", builder.report(), (number, entry) -> {
            String split = string(entry, "split");
            splits.merge(split, 1, Integer::sum);
            if (split.equals(SPLIT)) {
                String below = entry.has("filepath") ? string(entry, "filepath") + "/" : "";
                List<String> all = JsonLines.texts(sentences(entry), builder.report()::leaveOut);
                builder.image(
                        number, below + string(entry, "filename"), all.subList(0, Math.min(captions, all.size())));
            }
            return true;
        });
        if (!splits.isEmpty() && !splits.containsKey(SPLIT)) {
            throw new InputException(
                    "%s: expected images of the split 'test', found %s; get the file with Karpathy's splits."
                            .formatted(
                                    file,
                                    splits.entrySet().stream()
                                            .map(split -> "'%s' (%d)".formatted(split.getKey(), split.getValue()))
                                            .collect(Collectors.joining(", "))));
        }
        return builder.build(FORMAT);
    }

    private static List<JsonNode> sentences(ObjectNode entry) throws BadLineException {
        JsonNode sentences = entry.get("sentences");
        if (sentences == null || !sentences.isArray()) {
            throw new BadLineException("no list \"sentences\"", "");
        }
        List<JsonNode> texts = new ArrayList<>();
        for (JsonNode sentence : sentences) {
            texts.add(sentence.path("raw"));
        }
        return texts;
    }

    /** The string under a key. */
    static String string(ObjectNode entry, String key) throws BadLineException {
        JsonNode node = entry.get(key);
        if (node == null) {
            throw new BadLineException("no key \"%s\"".formatted(key), "");
        }
        if (!node.isString() || node.stringValue().isBlank()) {
            throw new BadLineException("\"%s\" is not a text".formatted(key), "");
        }
        return node.stringValue();
    }
}

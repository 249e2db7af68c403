package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** Captions in JSON objects. */
final class JsonCaptions {
    private static final JsonMapper JSON = JsonMapper.shared();

    private JsonCaptions() {}

    /**
     * The object that a text is.
     *
     * @param example what has it, for messages
     * @throws InputException if it is none
     */
    static ObjectNode parse(String example, String text) {
        try {
            if (JSON.readTree(text) instanceof ObjectNode object) {
                return object;
            }
            throw new InputException("The JSON of %s is no object.".formatted(example));
        } catch (JacksonException e) {
            throw new InputException("The JSON of %s is damaged (%s).".formatted(example, e.getOriginalMessage()), e);
        }
    }

    /** Adds the captions among the keys of an object: texts or lists of texts; numbers, null and whatever else is none. */
    static void add(ObjectNode object, CaptionColumns columns, CaptionColumns.Collected captions) {
        object.properties().stream()
                .filter(property -> columns.has(property.getKey()))
                .forEach(property -> texts(property.getValue()).forEach(text -> captions.add(property.getKey(), text)));
    }

    private static Stream<String> texts(JsonNode value) {
        return (value.isArray() ? value.valueStream() : Stream.of(value))
                .filter(JsonNode::isString)
                .map(JsonNode::stringValue);
    }
}

package io.llm2clip.image;

import java.io.IOException;
import java.io.InputStream;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Arrays made with Pillow 12 and NumPy, as JSON with base64. */
final class Goldens {
    private Goldens() {}

    static byte[] bytes(String resource) throws IOException {
        try (InputStream input = Objects.requireNonNull(Goldens.class.getResourceAsStream(resource), resource)) {
            return input.readAllBytes();
        }
    }

    static JsonNode json(String resource) throws IOException {
        return JsonMapper.shared().readTree(bytes(resource));
    }

    static List<JsonNode> cases(String resource) throws IOException {
        return json(resource).valueStream().toList();
    }

    static byte[] decode(JsonNode base64) {
        return Base64.getDecoder().decode(base64.stringValue());
    }

    /** The image stored under {@code field} with its {@code width} and {@code height}. */
    static RgbImage image(JsonNode node, String field) {
        return new RgbImage(node.get("width").intValue(), node.get("height").intValue(), decode(node.get(field)));
    }
}

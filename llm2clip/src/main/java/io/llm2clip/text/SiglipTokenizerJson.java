package io.llm2clip.text;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.JsonFault;
import java.nio.file.Path;
import java.util.OptionalInt;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A tokenizer.json of SigLIP or SigLIP2 with what both were trained with and not all of these files say: texts in lower case, and for
 * the first SigLIP without punctuation. Done twice, neither changes anything.
 */
public final class SiglipTokenizerJson {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    /** That of ASCII, which Python's {@code string.punctuation} lists. */
    private static final String PUNCTUATION = "[!-/:-@\\[-`{-~]";

    private final ObjectNode root;

    private SiglipTokenizerJson(ObjectNode root) {
        this.root = root;
    }

    /**
     * Reads a tokenizer.json.
     *
     * @param file for messages
     * @param punctuation whether punctuation stays, as it does for SigLIP2
     * @throws InputException if it is no JSON object
     */
    public static SiglipTokenizerJson of(Path file, byte[] content, boolean punctuation) {
        JsonNode root;
        try {
            root = JSON.readTree(content);
        } catch (JacksonException e) {
            throw new InputException(
                    "The tokenizer %s is not JSON: %s; fetch it again.".formatted(file, JsonFault.describe(e)), e);
        }
        if (!(root instanceof ObjectNode object)) {
            throw new InputException("The tokenizer %s is not a JSON object; fetch it again.".formatted(file));
        }
        ObjectNode normalizer = JSON.createObjectNode().put("type", "Sequence");
        ArrayNode steps = normalizer.putArray("normalizers");
        steps.addObject().put("type", "Lowercase");
        if (!punctuation) {
            replace(steps, PUNCTUATION, "");
            replace(steps, "\\s+", " ");
            steps.addObject().put("type", "Strip").put("strip_left", true).put("strip_right", true);
        }
        JsonNode own = object.path("normalizer");
        if (own.isObject()) {
            steps.add(own);
        }
        object.set("normalizer", normalizer);
        return new SiglipTokenizerJson(object);
    }

    private static void replace(ArrayNode steps, String pattern, String replacement) {
        steps.addObject()
                .put("type", "Replace")
                .put("content", replacement)
                .putObject("pattern")
                .put("Regex", pattern);
    }

    /** The content of the tokenizer.json that is to be used. */
    public byte[] content() {
        return JSON.writeValueAsBytes(root);
    }

    /** The id of an added token, as pads are. */
    public OptionalInt addedToken(String spelling) {
        for (JsonNode token : root.path("added_tokens")) {
            if (token.path("content").asString("").equals(spelling)
                    && token.path("id").isInt()) {
                return OptionalInt.of(token.path("id").asInt());
            }
        }
        return OptionalInt.empty();
    }

    /** The token with which the file itself has rows filled up; empty if it does not say. */
    public String padding() {
        return root.path("padding").path("pad_token").asString("");
    }
}

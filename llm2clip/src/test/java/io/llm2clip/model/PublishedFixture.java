package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Files of {@code tests/reference/published_models.py}: LLM2CLIP models as they are published, but tiny, and what the reference computes with
 * them.
 *
 * @param name of the model's repository
 */
public record PublishedFixture(String name, JsonNode root) {
    /** The text encoder of most. */
    public static final String TEXT_ENCODER = "LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned";

    private static final int SIDE = 24;

    public static PublishedFixture read(String name) {
        return new PublishedFixture(name, json(name));
    }

    /** Writes the model's repository into a directory. */
    public Path write(Path directory) throws IOException {
        Files.createDirectories(directory);
        if (root.path("config").isObject()) {
            Files.writeString(
                    directory.resolve("config.json"), root.path("config").toString());
        }
        if (root.has("tensors")) {
            SafetensorsWriter.write(weights(directory), tensors(), Map.of());
        } else {
            Files.copy(Golden.path("published/" + file()), weights(directory));
        }
        return directory;
    }

    /** The file of weights within. */
    public Path weights(Path directory) {
        return directory.resolve(file());
    }

    private String file() {
        return root.path("file").asString();
    }

    public Map<String, StoredTensor> tensors() {
        return new ReferenceTower(root).tensors(StoredType.F32);
    }

    /** Embeddings of length 1 of {@link #captions}. */
    public float[][] captionEmbeddings() {
        return rows(root, "captions");
    }

    /** The same with the other choice of normalizing what goes into the adapter. */
    public float[][] otherwiseEmbeddings() {
        return rows(root, "otherwise");
    }

    /** The embedding of length 1 of {@link #picture}. */
    public float[] pictureEmbedding() {
        return rows(root, "picture")[0];
    }

    public static List<String> captions() {
        return json("text")
                .path("captions")
                .valueStream()
                .map(JsonNode::asString)
                .toList();
    }

    /** Vectors of {@link #captions} before the adapter. */
    public static float[][] captionVectors() {
        return rows(json("text"), "vectors");
    }

    /** Writes the text encoder's repository into a directory. */
    public static Path writeTextEncoder(Path directory) throws IOException {
        Files.createDirectories(directory);
        JsonNode text = json("text");
        Files.writeString(directory.resolve("config.json"), text.path("config").toString());
        SafetensorsWriter.write(
                directory.resolve("model.safetensors"),
                new ReferenceTower(text).tensors(StoredType.F32),
                Map.of("format", "pt"));
        Files.copy(Golden.path("published/tokenizer.json"), directory.resolve("tokenizer.json"));
        return directory;
    }

    /** As large as the towers' input, so that it is only normalized. */
    public static BufferedImage picture() {
        float[] rgb = ReferenceTower.values("picture", 3 * SIDE * SIDE, 128, 128);
        BufferedImage image = new BufferedImage(SIDE, SIDE, BufferedImage.TYPE_INT_RGB);
        for (int i = 0; i < SIDE * SIDE; i++) {
            int red = (int) rgb[3 * i];
            int green = (int) rgb[3 * i + 1];
            int blue = (int) rgb[3 * i + 2];
            image.setRGB(i % SIDE, i / SIDE, red << 16 | green << 8 | blue);
        }
        return image;
    }

    private static float[][] rows(JsonNode node, String key) {
        return node.path(key)
                .valueStream()
                .map(row -> {
                    float[] values = new float[row.size()];
                    for (int i = 0; i < values.length; i++) {
                        values[i] = row.get(i).floatValue();
                    }
                    return values;
                })
                .toArray(float[][]::new);
    }

    private static JsonNode json(String name) {
        try {
            return JsonMapper.shared().readTree(Files.readAllBytes(Golden.path("published/" + name + ".json")));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}

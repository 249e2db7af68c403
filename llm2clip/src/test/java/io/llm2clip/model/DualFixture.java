package io.llm2clip.model;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Files of {@code tests/reference/dual_encoders.py}: models with text towers of their own as they are published, but tiny, and what the
 * reference computes with them.
 *
 * @param name of the model's directory
 */
public record DualFixture(String name, JsonNode golden) {
    public static final String CLIP = "clip";
    public static final String OPENAI = "clip-openai";
    public static final String OPEN_CLIP = "clip-open-clip";
    public static final String EVA02 = "clip-eva02";
    public static final String SIGLIP2 = "siglip2";
    public static final String SIGLIP2_TIMM = "siglip2-timm";
    /** This and the next are of {@code naflex.py}. */
    public static final String SIGLIP2_NAFLEX = "siglip2-naflex";

    public static final String FG_CLIP_2 = "fg-clip2";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    public static DualFixture read(String name) {
        try {
            return new DualFixture(
                    name, JSON.readTree(Files.readAllBytes(Golden.path("dual/" + name + "/golden.json"))));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Token ids of CLIP's own vocabulary. */
    public static JsonNode vocabulary() {
        try {
            return JSON.readTree(Files.readAllBytes(Golden.path("dual/vocabulary.json")));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    public static Path picture() {
        return Golden.path("dual/picture.png");
    }

    /** Writes the model into a new directory, with the tokenizer of its kind if it has none of its own. */
    public Path write(Path directory) throws IOException {
        Files.createDirectories(directory);
        try (Stream<Path> files = Files.list(source(name))) {
            for (Path file : files.toList()) {
                Files.copy(file, directory.resolve(Objects.requireNonNull(file.getFileName())));
            }
        }
        switch (name) {
            case OPENAI -> writeOpenAiVocabulary(directory);
            case OPEN_CLIP, EVA02 -> copy(CLIP, directory, "vocab.json", "merges.txt");
            case SIGLIP2_TIMM, SIGLIP2_NAFLEX, FG_CLIP_2 ->
                copy(SIGLIP2, directory, "tokenizer.json", "tokenizer_config.json");
            default -> {}
        }
        return directory;
    }

    /** What the user gives: the directory, or the file of weights where it has a name of its own. */
    public Path model(Path directory) {
        return switch (name) {
            case OPENAI -> directory.resolve("ViT-B-32.pt");
            case EVA02 -> directory.resolve("EVA02_CLIP_B_psz16_s8B.pt");
            case OPEN_CLIP -> directory.resolve("open_clip_model.safetensors");
            default -> directory;
        };
    }

    private static Path source(String name) {
        return Objects.requireNonNull(
                Golden.path("dual/" + name + "/golden.json").getParent());
    }

    private static void copy(String from, Path directory, String... files) throws IOException {
        for (String file : files) {
            Files.copy(source(from).resolve(file), directory.resolve(file));
        }
    }

    /** OpenAI's form of the vocabulary, whose first line is its own. */
    private static void writeOpenAiVocabulary(Path directory) throws IOException {
        List<String> merges = Files.readAllLines(source(CLIP).resolve("merges.txt"));
        try (BufferedWriter writer = new BufferedWriter(new OutputStreamWriter(
                new GZIPOutputStream(Files.newOutputStream(directory.resolve("bpe_simple_vocab_16e6.txt.gz"))),
                StandardCharsets.UTF_8))) {
            writer.write("\"bpe_simple_vocab_16e6.txt#version: 0.2\n");
            for (String merge : merges.subList(1, merges.size())) {
                writer.write(merge + "\n");
            }
        }
    }

    public List<String> captions() {
        return strings(golden.path("captions"));
    }

    public static List<String> strings(JsonNode array) {
        return array.valueStream().map(JsonNode::asString).toList();
    }

    public static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).floatValue();
        }
        return values;
    }

    public static float[][] rows(JsonNode array) {
        return array.valueStream().map(DualFixture::floats).toArray(float[][]::new);
    }

    public static int[][] ids(JsonNode array) {
        return array.valueStream()
                .map(row -> row.valueStream().mapToInt(JsonNode::asInt).toArray())
                .toArray(int[][]::new);
    }
}

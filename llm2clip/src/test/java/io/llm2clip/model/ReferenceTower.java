package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A file of {@code tests/reference/vision_towers.py}: the tensors of a checkpoint, whose values follow from their names, and what the
 * reference computes with them.
 */
public record ReferenceTower(JsonNode root) {
    private static final JsonMapper JSON = JsonMapper.shared();

    /** What is expected of the tower, and how it is opened. */
    public record Expected(JsonNode node) {
        int side() {
            return node.path("side").asInt();
        }

        /** Text of a config.json; null without one. */
        @Nullable
        String config() {
            return node.has("config") ? node.path("config").toString() : null;
        }

        VisionOptions options() {
            VisionOptions options = VisionOptions.STORED;
            if (node.has("imageSize")) {
                options = options.withImageSize(node.path("imageSize").asInt());
            }
            return node.has("activation")
                    ? options.withActivation(
                            switch (node.path("activation").asString()) {
                                case "gelu" -> Activation.GELU;
                                case "gelu_tanh" -> Activation.GELU_TANH;
                                default -> throw new AssertionError(node);
                            })
                    : options;
        }

        int batch() {
            return node.path("embedding").size();
        }

        float[] embedding() {
            JsonNode rows = node.path("embedding");
            int width = rows.get(0).size();
            float[] values = new float[rows.size() * width];
            for (int i = 0; i < values.length; i++) {
                values[i] = rows.get(i / width).get(i % width).floatValue();
            }
            return values;
        }

        /** Of the sum of the embeddings times "direction", by the names of stored tensors. */
        Map<String, float[]> gradients() {
            Map<String, float[]> gradients = new LinkedHashMap<>();
            for (Map.Entry<String, JsonNode> entry : node.path("gradients").properties()) {
                gradients.put(entry.getKey(), floats(entry.getValue()));
            }
            return gradients;
        }

        /** Of the first picture, what enters the first block, and what each block gives; empty if the file has none. */
        List<float[]> states() {
            return node.path("states").valueStream().map(ReferenceTower::floats).toList();
        }

        float[] pixels() {
            return values("pixels" + side(), batch() * 3 * side() * side(), 0, 2);
        }
    }

    private static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).floatValue();
        }
        return values;
    }

    static ReferenceTower read(String name) {
        try {
            return new ReferenceTower(JSON.readTree(Files.readAllBytes(Golden.path("vision/" + name + ".json"))));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    List<Expected> expected() {
        return root.path("expected").valueStream().map(Expected::new).toList();
    }

    /** The tensors of the checkpoint. */
    public Map<String, StoredTensor> tensors(StoredType type) {
        Map<String, StoredTensor> tensors = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : root.path("tensors").properties()) {
            JsonNode tensor = entry.getValue();
            List<Long> shape =
                    tensor.path("shape").valueStream().map(JsonNode::asLong).toList();
            int elements = Math.toIntExact(shape.stream().reduce(1L, (a, b) -> a * b));
            float[] values = entry.getKey().matches("(.*\\.)?rope\\.freqs_(cos|sin)")
                    ? rotary(shape, entry.getKey().endsWith("cos"))
                    : values(
                            entry.getKey(),
                            elements,
                            tensor.path("center").asDouble(),
                            tensor.path("amplitude").asDouble());
            tensors.put(entry.getKey(), stored(values, shape, type));
        }
        return tensors;
    }

    /** EVA02's table of so many patches and channels of a head; files hold no others. */
    static float[] rotary(List<Long> shape, boolean cos) {
        int size = Math.toIntExact(shape.get(1));
        int side = (int) Math.sqrt(shape.get(0));
        float[] table = new float[side * side * size];
        for (int i = 0; i < table.length; i++) {
            int patch = i / size;
            int channel = i % size;
            double position = (channel < size / 2 ? patch / side : patch % side) / (double) side * 16;
            double angle = position * Math.pow(10000, -(channel % (size / 2) / 2) / (size / 4.0));
            table[i] = (float) (cos ? Math.cos(angle) : Math.sin(angle));
        }
        return table;
    }

    public void write(Path file, StoredType type) {
        SafetensorsWriter.write(file, tensors(type), Map.of());
    }

    private static StoredTensor stored(float[] values, List<Long> shape, StoredType type) {
        if (type == StoredType.F32) {
            return StoredTensor.of(
                    values, shape.stream().mapToLong(Long::longValue).toArray());
        }
        ValueLayout.OfShort half = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        MemorySegment data = Arena.ofAuto().allocate(2L * values.length, 2);
        for (int i = 0; i < values.length; i++) {
            data.setAtIndex(half, i, Float.floatToFloat16(values[i]));
        }
        return new StoredTensor(type, shape, data);
    }

    /** {@code center + amplitude * m / 128}, where m of [-128, 128) is the top byte of a mixed (crc32 of the name, index). */
    public static float[] values(String name, int count, double center, double amplitude) {
        CRC32 crc = new CRC32();
        crc.update(name.getBytes(StandardCharsets.UTF_8));
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            long z = (crc.getValue() << 32) + i;
            z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
            z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
            z ^= z >>> 31;
            values[i] = (float) (center + amplitude * ((z >>> 56) - 128) / 128);
        }
        return values;
    }
}

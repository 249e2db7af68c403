package io.llm2clip.nn.checkpoint;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The JSON header of one safetensors file: what each tensor is and where it lies.
 *
 * @param tensors by name, in the order of the data
 * @param metadata the free-form {@code __metadata__} strings
 */
record SafetensorsHeader(Map<String, Entry> tensors, Map<String, String> metadata) {
    static final String METADATA = "__metadata__";
    /** A repeated key would let one tensor silently replace another; trailing text hides a wrong header length. */
    static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /** One tensor; {@code begin} and {@code end} count bytes from the first byte after the header. */
    record Entry(StoredType type, List<Long> shape, long begin, long end) {}

    /** Parses the header of {@code file} and holds it against the {@code dataBytes} that follow it. */
    static SafetensorsHeader parse(Path file, byte[] json, long dataBytes) {
        JsonNode root = readObject(file, json, "safetensors header");
        Map<String, String> metadata = new LinkedHashMap<>();
        List<Map.Entry<String, Entry>> entries = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : root.properties()) {
            if (property.getKey().equals(METADATA)) {
                metadata.putAll(metadata(file, property.getValue()));
            } else {
                entries.add(Map.entry(property.getKey(), entry(file, property.getKey(), property.getValue())));
            }
        }
        entries.sort(Comparator.comparingLong(
                        (Map.Entry<String, Entry> e) -> e.getValue().begin())
                .thenComparingLong(e -> e.getValue().end()));
        Map<String, Entry> tensors = new LinkedHashMap<>();
        entries.forEach(e -> tensors.put(e.getKey(), e.getValue()));
        checkLayout(file, tensors, dataBytes);
        return new SafetensorsHeader(tensors, metadata);
    }

    /** The header's bytes, padded with spaces so that the data after the 8-byte length begins on a multiple of 8. */
    byte[] toJson() {
        Map<String, Object> root = new LinkedHashMap<>();
        if (!metadata.isEmpty()) {
            root.put(METADATA, metadata);
        }
        tensors.forEach((name, entry) -> {
            Map<String, Object> properties = new LinkedHashMap<>();
            properties.put("dtype", entry.type().name());
            properties.put("shape", entry.shape());
            properties.put("data_offsets", List.of(entry.begin(), entry.end()));
            root.put(name, properties);
        });
        String json = JSON.writeValueAsString(root);
        int length = json.getBytes(StandardCharsets.UTF_8).length;
        return (json + " ".repeat(Math.floorMod(-length, 8))).getBytes(StandardCharsets.UTF_8);
    }

    static JsonNode readObject(Path file, byte[] json, String what) {
        JsonNode root;
        try {
            root = JSON.readTree(json);
        } catch (JacksonException e) {
            throw new CheckpointException(
                    "%s: expected a %s in JSON, found: %s. The file is damaged; fetch or export it again."
                            .formatted(file, what, JsonFault.describe(e)),
                    e);
        }
        if (!root.isObject()) {
            throw new CheckpointException("%s: expected a %s that is a JSON object, found %s; fetch or export it again."
                    .formatted(file, what, root.getNodeType()));
        }
        return root;
    }

    private static Map<String, String> metadata(Path file, JsonNode node) {
        Map<String, String> metadata = new LinkedHashMap<>();
        if (!node.isObject()
                || !node.properties().stream().allMatch(p -> p.getValue().isString())) {
            throw new CheckpointException(
                    "%s: expected __metadata__ to map names to strings, found %s; export it again."
                            .formatted(file, node));
        }
        node.properties().forEach(p -> metadata.put(p.getKey(), p.getValue().stringValue()));
        return metadata;
    }

    private static Entry entry(Path file, String name, JsonNode node) {
        StoredType type = type(file, name, node.get("dtype"));
        List<Long> shape = integers(file, name, "shape", node.get("shape"));
        List<Long> offsets = integers(file, name, "data_offsets", node.get("data_offsets"));
        if (offsets.size() != 2 || offsets.get(0) > offsets.get(1)) {
            throw damaged(file, name, "data_offsets [begin, end] with begin <= end", offsets.toString());
        }
        long expected;
        try {
            expected = StoredTensor.byteSize(type, shape);
        } catch (IllegalArgumentException e) {
            throw damaged(file, name, "a shape of fewer than 2^63 bytes", shape.toString());
        }
        long found = offsets.get(1) - offsets.get(0);
        if (found != expected) {
            throw damaged(
                    file, name, "%d bytes for type %s and shape %s".formatted(expected, type, shape), found + " bytes");
        }
        return new Entry(type, shape, offsets.get(0), offsets.get(1));
    }

    private static StoredType type(Path file, String name, @Nullable JsonNode node) {
        String text = node != null && node.isString() ? node.stringValue() : String.valueOf(node);
        return StoredType.named(text)
                .orElseThrow(() -> new CheckpointException(
                        "%s: tensor '%s': expected a dtype among %s, found %s; convert the checkpoint to one of these."
                                .formatted(file, name, StoredType.plain(), text)));
    }

    private static List<Long> integers(Path file, String name, String key, @Nullable JsonNode node) {
        if (node == null
                || !node.isArray()
                || !node.valueStream().allMatch(n -> n.canConvertToLong() && n.isIntegralNumber() && n.asLong() >= 0)) {
            throw damaged(file, name, key + " as a list of whole numbers from 0 up", String.valueOf(node));
        }
        return node.valueStream().map(JsonNode::asLong).toList();
    }

    /** The format asks for data without holes or overlaps, and nothing after the last tensor. */
    private static void checkLayout(Path file, Map<String, Entry> tensors, long dataBytes) {
        long last = end(tensors.values());
        if (last > dataBytes) {
            throw new CheckpointException(
                    "%s: expected %d bytes after the header, found %d; the file is truncated, fetch it again."
                            .formatted(file, last, dataBytes));
        }
        long position = 0;
        for (Map.Entry<String, Entry> tensor : tensors.entrySet()) {
            long begin = tensor.getValue().begin();
            if (begin != position) {
                throw damaged(
                        file,
                        tensor.getKey(),
                        "its data to begin at %d, where the tensor before it ends".formatted(position),
                        "%d, which %s".formatted(begin, begin < position ? "overlaps it" : "leaves a hole"));
            }
            position = tensor.getValue().end();
        }
        if (position != dataBytes) {
            throw new CheckpointException(
                    "%s: expected %d bytes after the header, found %d that belong to no tensor; fetch or export it again."
                            .formatted(file, position, dataBytes));
        }
    }

    private static long end(Collection<Entry> entries) {
        return entries.stream().mapToLong(Entry::end).max().orElse(0);
    }

    private static CheckpointException damaged(Path file, String name, String expected, String found) {
        return new CheckpointException(
                "%s: tensor '%s': expected %s, found %s. The file is damaged; fetch or export it again."
                        .formatted(file, name, expected, found));
    }
}

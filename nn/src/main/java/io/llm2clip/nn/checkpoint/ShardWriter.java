package io.llm2clip.nn.checkpoint;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.LongConsumer;

/** Writes weights to one file, or to several with an index where they are too large, as Hugging Face's libraries do. */
public final class ShardWriter {
    private ShardWriter() {}

    /**
     * Writes {@code STEM.safetensors}, or if the tensors take more than {@code shardBytes} {@code STEM-00001-of-00003.safetensors} and
     * so on and {@code STEM.safetensors.index.json}. Tensors stay in their order, and a shard has as many as fit, or one that is
     * larger.
     *
     * @param directory a new one: files of other numbers of shards would stay
     * @param stem what names of files begin with, such as {@code model}
     * @param written is told how many bytes of tensors were written since it was told before
     * @throws CheckpointException if files cannot be written
     */
    public static void write(
            Path directory,
            String stem,
            Map<String, ? extends TensorContent> tensors,
            Map<String, String> metadata,
            long shardBytes,
            LongConsumer written) {
        List<Map<String, TensorContent>> shards = shards(tensors, shardBytes);
        if (shards.size() == 1) {
            SafetensorsWriter.write(directory.resolve(stem + ".safetensors"), shards.getFirst(), metadata, written);
            return;
        }
        Map<String, String> weightMap = new TreeMap<>();
        for (int i = 0; i < shards.size(); i++) {
            String name = "%s-%05d-of-%05d.safetensors".formatted(stem, i + 1, shards.size());
            SafetensorsWriter.write(directory.resolve(name), shards.get(i), metadata, written);
            shards.get(i).keySet().forEach(tensor -> weightMap.put(tensor, name));
        }
        Map<String, Object> total = new LinkedHashMap<>();
        total.put(
                "total_parameters",
                tensors.values().stream().mapToLong(TensorContent::elements).sum());
        total.put(
                "total_size",
                tensors.values().stream().mapToLong(TensorContent::bytes).sum());
        Map<String, Object> index = new LinkedHashMap<>();
        index.put("metadata", total);
        index.put("weight_map", weightMap);
        // Last: without it there is no checkpoint.
        AtomicFile.write(
                directory.resolve(stem + ".safetensors.index.json"),
                (SafetensorsHeader.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(index) + "\n")
                        .getBytes(StandardCharsets.UTF_8));
    }

    private static List<Map<String, TensorContent>> shards(
            Map<String, ? extends TensorContent> tensors, long shardBytes) {
        List<Map<String, TensorContent>> shards = new ArrayList<>();
        shards.add(new LinkedHashMap<>());
        long size = 0;
        for (Map.Entry<String, ? extends TensorContent> tensor : tensors.entrySet()) {
            long bytes = tensor.getValue().bytes();
            if (size + bytes > shardBytes && !shards.getLast().isEmpty()) {
                shards.add(new LinkedHashMap<>());
                size = 0;
            }
            shards.getLast().put(tensor.getKey(), tensor.getValue());
            size += bytes;
        }
        return shards;
    }
}

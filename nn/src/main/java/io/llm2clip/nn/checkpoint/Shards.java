package io.llm2clip.nn.checkpoint;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** A checkpoint in several files, of any format, with a JSON index that says which tensor is in which. */
final class Shards {
    /** Of the largest models, indices have a few MB. */
    private static final long LONGEST_INDEX = 100_000_000;

    /** Of shards that are missing. */
    private static final int NAMED = 8;

    private Shards() {}

    /**
     * The tensors of all shards.
     *
     * @param json what is in the file {@code index}
     * @throws CheckpointException if the index is damaged, or it and the shards do not agree
     */
    static TensorFile read(Path index, MemorySegment json, Arena arena) {
        Map<String, String> shardOf = weightMap(index, json);
        Set<String> shards = new LinkedHashSet<>(shardOf.values());
        List<String> missing = shards.stream()
                .filter(shard -> !Files.exists(index.resolveSibling(shard)))
                .toList();
        if (!missing.isEmpty()) {
            throw new CheckpointException("%s: expected the shard%s %s beside it, found none; fetch all %d shards."
                    .formatted(index, missing.size() == 1 ? "" : "s", named(missing), shards.size()));
        }
        TensorFile all = new TensorFile(new LinkedHashMap<>(), new LinkedHashMap<>(), new LinkedHashMap<>());
        for (String shard : shards) {
            Path file = index.resolveSibling(shard);
            TensorFile read = CheckpointFile.read(file, CheckpointFile.map(file, arena));
            read.tensors().keySet().forEach(name -> requireListed(index, name, shard, shardOf));
            read.unreadable().keySet().forEach(name -> requireListed(index, name, shard, shardOf));
            all.tensors().putAll(read.tensors());
            all.unreadable().putAll(read.unreadable());
            all.metadata().putAll(read.metadata());
        }
        shardOf.forEach((name, shard) -> {
            if (!all.tensors().containsKey(name) && !all.unreadable().containsKey(name)) {
                throw new CheckpointException(
                        "%s: tensor '%s': expected it in %s, found it in no shard; fetch that shard again."
                                .formatted(index, name, shard));
            }
        });
        return all;
    }

    private static String named(List<String> shards) {
        String first = String.join(", ", shards.subList(0, Math.min(NAMED, shards.size())));
        return shards.size() > NAMED ? first + " and %d more".formatted(shards.size() - NAMED) : first;
    }

    private static void requireListed(Path index, String name, String shard, Map<String, String> shardOf) {
        String listed = shardOf.get(name);
        if (!shard.equals(listed)) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected %s, found it in %s; index and shards are of different exports, fetch both again."
                            .formatted(index, name, listed == null ? "no such tensor" : "it in " + listed, shard));
        }
    }

    private static Map<String, String> weightMap(Path index, MemorySegment json) {
        if (json.byteSize() > LONGEST_INDEX) {
            throw new CheckpointException(
                    "%s: expected an index of shards of at most %d bytes, found %d; fetch it again."
                            .formatted(index, LONGEST_INDEX, json.byteSize()));
        }
        JsonNode map = SafetensorsHeader.readObject(index, json.toArray(ValueLayout.JAVA_BYTE), "index of shards")
                .path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new CheckpointException(
                    "%s: expected a 'weight_map' from tensors to shards, found %s; fetch it again."
                            .formatted(index, map.isMissingNode() ? "none" : map));
        }
        Map<String, String> shardOf = new LinkedHashMap<>();
        map.properties().forEach(entry -> {
            if (!isBeside(index, entry.getValue())) {
                throw new CheckpointException(
                        "%s: tensor '%s': expected the name of a file beside the index, found %s; fetch it again."
                                .formatted(index, entry.getKey(), entry.getValue()));
            }
            shardOf.put(entry.getKey(), entry.getValue().stringValue());
        });
        return shardOf;
    }

    /** A path would let a downloaded index reach any file of the machine; and an index is no shard of itself. */
    private static boolean isBeside(Path index, JsonNode shard) {
        if (!shard.isString()) {
            return false;
        }
        String name = shard.stringValue();
        return !name.isBlank()
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ')
                && !name.equals(".")
                && !name.equals("..")
                && !name.equals(String.valueOf(index.getFileName()));
    }
}

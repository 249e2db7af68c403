package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import tools.jackson.databind.JsonNode;

/**
 * The tensors of a safetensors checkpoint, memory-mapped: opening reads the headers only, and pages of weights are
 * loaded as they are touched.
 *
 * <p>A checkpoint is one {@code .safetensors} file, or a set of shards with a {@code .index.json}. Every header is
 * checked against its file when it is opened: lengths, types, shapes, holes and overlaps. Segments taken from a
 * checkpoint are valid until it is closed, in every thread.
 *
 * <p>Format: <a href="https://github.com/huggingface/safetensors#format">safetensors</a>.
 */
public final class Safetensors implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Path source;
    private final Arena arena;
    private final Map<String, StoredTensor> entries;
    private final Map<String, String> metadata;
    // This itself, until it is closed, and those who retain the files.
    private int users = 1;
    private boolean closed;

    private Safetensors(Path source, Arena arena, Map<String, StoredTensor> entries, Map<String, String> metadata) {
        this.source = source;
        this.arena = arena;
        this.entries = Collections.unmodifiableMap(entries);
        this.metadata = Collections.unmodifiableMap(metadata);
    }

    /**
     * Opens a {@code .safetensors} file, an {@code .index.json} of shards, or a directory that holds
     * {@code model.safetensors} or {@code model.safetensors.index.json}.
     *
     * @throws CheckpointException if it is missing, damaged or in another format
     */
    public static Safetensors open(Path path) {
        Path source = Files.isDirectory(path) ? inDirectory(path) : path;
        Arena arena = Arena.ofShared();
        try {
            Map<String, StoredTensor> entries = new LinkedHashMap<>();
            Map<String, String> metadata = new LinkedHashMap<>();
            if (source.toString().endsWith(".json")) {
                mapShards(source, arena, entries, metadata);
            } else {
                SafetensorsFile file = SafetensorsFile.map(source, arena);
                entries.putAll(file.tensors());
                metadata.putAll(file.metadata());
            }
            return new Safetensors(source, arena, entries, metadata);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** The file that was opened: the single file, or the index of the shards. */
    public Path source() {
        return source;
    }

    /** All tensors by name, in the order of the files. */
    public Map<String, StoredTensor> entries() {
        return entries;
    }

    /** The free-form strings of the header; {@code format} is {@code pt} in files written for PyTorch. */
    public Map<String, String> metadata() {
        return metadata;
    }

    /** @throws CheckpointException if there is no tensor of this name */
    public StoredTensor tensor(String name) {
        StoredTensor tensor = entries.get(name);
        if (tensor == null) {
            throw new CheckpointException(
                    "%s: expected a tensor '%s', found %d others%s; check that the checkpoint fits the model."
                            .formatted(source, name, entries.size(), nearest(name)));
        }
        return tensor;
    }

    /**
     * The elements of a tensor of type {@code F32}, {@code F16} or {@code BF16} as floats, exactly.
     *
     * @throws CheckpointException if there is no such tensor, or it is of another type
     */
    public float[] readFloats(String name) {
        try {
            return tensor(name).toFloats();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: tensor '%s': %s".formatted(source, name, e.getMessage()), e);
        }
    }

    /**
     * Has the files stay mapped after {@link #close}, until what is returned has run.
     *
     * @throws IllegalStateException if this is closed
     */
    public synchronized Runnable retain() {
        if (closed) {
            throw new IllegalStateException("%s is closed; open it again.".formatted(source));
        }
        users++;
        AtomicBoolean ended = new AtomicBoolean();
        return () -> {
            if (!ended.getAndSet(true)) {
                release();
            }
        };
    }

    /** Unmaps the files, unless they are {@link #retain retained}; segments taken from this checkpoint cannot be used any more. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            release();
        }
    }

    private synchronized void release() {
        users--;
        if (users == 0) {
            arena.close();
        }
    }

    private static Path inDirectory(Path directory) {
        for (String name : new String[] {SINGLE, INDEX}) {
            if (Files.exists(directory.resolve(name))) {
                return directory.resolve(name);
            }
        }
        throw new CheckpointException(
                "%s: expected %s or %s in this directory, found neither; check that the download is complete."
                        .formatted(directory, SINGLE, INDEX));
    }

    private static void mapShards(
            Path index, Arena arena, Map<String, StoredTensor> entries, Map<String, String> metadata) {
        Map<String, String> shardOf = weightMap(index);
        Set<String> shards = new LinkedHashSet<>(shardOf.values());
        for (String shard : shards) {
            Path file = index.resolveSibling(shard);
            if (!Files.exists(file)) {
                throw new CheckpointException("%s: expected the shard %s beside it, found none; fetch all %d shards."
                        .formatted(index, shard, shards.size()));
            }
            SafetensorsFile mapped = SafetensorsFile.map(file, arena);
            for (Map.Entry<String, StoredTensor> tensor : mapped.tensors().entrySet()) {
                String listed = shardOf.get(tensor.getKey());
                if (!shard.equals(listed)) {
                    throw new CheckpointException(
                            "%s: tensor '%s': expected %s, found it in %s; index and shards are of different exports, fetch both again."
                                    .formatted(
                                            index,
                                            tensor.getKey(),
                                            listed == null ? "no such tensor" : "it in " + listed,
                                            shard));
                }
                entries.put(tensor.getKey(), tensor.getValue());
            }
            metadata.putAll(mapped.metadata());
        }
        for (Map.Entry<String, String> listed : shardOf.entrySet()) {
            if (!entries.containsKey(listed.getKey())) {
                throw new CheckpointException(
                        "%s: tensor '%s': expected it in %s, found it in no shard; fetch that shard again."
                                .formatted(index, listed.getKey(), listed.getValue()));
            }
        }
    }

    private static Map<String, String> weightMap(Path index) {
        byte[] json;
        try {
            json = Files.readAllBytes(index);
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s: expected an index of shards, but it cannot be read; check the path.".formatted(index), e);
        }
        JsonNode map =
                SafetensorsHeader.readObject(index, json, "index of shards").path("weight_map");
        if (!map.isObject() || map.isEmpty()) {
            throw new CheckpointException(
                    "%s: expected a 'weight_map' from tensors to shards, found %s; fetch it again."
                            .formatted(index, map.isMissingNode() ? "none" : map));
        }
        Map<String, String> shardOf = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            String shard = entry.getValue().asString("");
            // A shard lies beside its index: a path would let a downloaded index reach any file of the machine.
            if (!shard.endsWith(".safetensors") || shard.contains("/") || shard.contains("\\")) {
                throw new CheckpointException(
                        "%s: tensor '%s': expected the name of a .safetensors file, found %s; fetch it again."
                                .formatted(index, entry.getKey(), entry.getValue()));
            }
            shardOf.put(entry.getKey(), shard);
        }
        return shardOf;
    }

    /** Names that end alike, since most mismatches are a missing or extra prefix such as {@code model.}. */
    private String nearest(String name) {
        return entries.keySet().stream()
                .filter(other -> other.endsWith("." + name) || name.endsWith("." + other))
                .findFirst()
                .map(" (one is '%s')"::formatted)
                .orElse("");
    }
}

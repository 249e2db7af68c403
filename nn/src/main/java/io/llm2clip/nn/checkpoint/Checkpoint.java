package io.llm2clip.nn.checkpoint;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * The tensors of a checkpoint, memory-mapped: opening reads headers only, and pages of weights are loaded as they are touched.
 *
 * <p>A checkpoint is one file, or a set of shards with a {@code .index.json}. Its format is found by its content: safetensors, GGUF, or
 * PyTorch's zip archives ({@code .bin}, {@code .pt}, {@code .pth}; also those of TorchScript), of which no code is run. What a file
 * says is checked when it is opened: lengths, types, shapes and places of tensors. Segments taken from a checkpoint are valid until
 * it is closed, in every thread.
 */
public final class Checkpoint implements AutoCloseable {
    /** What Hugging Face's libraries write, the preferred first. */
    private static final List<String> USUAL = List.of(
            "model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json");
    /** Other names of files that are weights, if there is one such; {@code .bin} and JSON are of all kinds. */
    private static final List<String> EXTENSIONS = List.of(".safetensors", ".pt", ".pth", ".gguf");

    private final Path source;
    private final Arena arena;
    private final TensorFile file;
    // This itself, until it is closed, and those who retain the files.
    private int users = 1;
    private boolean closed;

    private Checkpoint(Path source, Arena arena, TensorFile file) {
        this.source = source;
        this.arena = arena;
        this.file = file;
    }

    /**
     * Opens a file of weights, an index of shards, or a directory that holds {@code model.safetensors}, {@code pytorch_model.bin},
     * an index of one of these, or a single file of weights of another name.
     *
     * @throws CheckpointException if it is missing, damaged or in another format
     */
    public static Checkpoint open(Path path) {
        Path source = Files.isDirectory(path) ? inDirectory(path) : path;
        Arena arena = Arena.ofShared();
        try {
            MemorySegment bytes = CheckpointFile.map(source, arena);
            TensorFile file = CheckpointFile.isIndex(bytes)
                    ? Shards.read(source, bytes, arena)
                    : CheckpointFile.read(source, bytes);
            return new Checkpoint(source, arena, file);
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
        return Collections.unmodifiableMap(file.tensors());
    }

    /**
     * What the file holds besides as tensors of kinds that cannot be read, such as sparse or complex ones: from their names to what
     * they are.
     */
    public Map<String, String> unreadable() {
        return Collections.unmodifiableMap(file.unreadable());
    }

    /** The free-form strings of the header, and numbers as strings; {@code format} is {@code pt} in safetensors files written for PyTorch. */
    public Map<String, String> metadata() {
        return Collections.unmodifiableMap(file.metadata());
    }

    /** Lists of strings and numbers of a GGUF file, such as its vocabulary; none of others. */
    public Map<String, List<String>> lists() {
        return Collections.unmodifiableMap(file.lists());
    }

    /** @throws CheckpointException if there is no tensor of this name, or none that can be read */
    public StoredTensor tensor(String name) {
        StoredTensor tensor = file.tensors().get(name);
        if (tensor != null) {
            return tensor;
        }
        String what = file.unreadable().get(name);
        if (what != null) {
            throw new CheckpointException(
                    "%s: tensor '%s': expected a dense tensor of a type among %s, found %s; convert it to one of these."
                            .formatted(source, name, StoredType.plain(), what));
        }
        throw new CheckpointException(
                "%s: expected a tensor '%s', found %d others%s; check that the checkpoint fits the model."
                        .formatted(source, name, file.tensors().size(), nearest(name)));
    }

    /**
     * The elements of a tensor of type {@code F32}, {@code F16}, {@code BF16} or a quantized one as floats, exactly.
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
        for (String name : USUAL) {
            if (Files.exists(directory.resolve(name))) {
                return directory.resolve(name);
            }
        }
        List<Path> others = withExtensions(directory);
        if (others.size() == 1) {
            return others.getFirst();
        }
        throw new CheckpointException("%s: expected %s or one other file of weights in this directory, found %s"
                .formatted(
                        directory,
                        String.join(", ", USUAL),
                        others.isEmpty()
                                ? "none; check that the download is complete."
                                : "%d: %s; name one of them."
                                        .formatted(
                                                others.size(),
                                                String.join(
                                                        ", ",
                                                        others.stream()
                                                                .map(file -> String.valueOf(file.getFileName()))
                                                                .toList()))));
    }

    private static List<Path> withExtensions(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> EXTENSIONS.stream().anyMatch(file.toString()::endsWith))
                    .filter(Files::isRegularFile)
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read: %s.".formatted(directory, IoReason.of(e)), e);
        }
    }

    /** Names that end alike, since most mismatches are a missing or extra prefix such as {@code model.}. */
    private String nearest(String name) {
        return file.tensors().keySet().stream()
                .filter(other -> other.endsWith("." + name) || name.endsWith("." + other))
                .findFirst()
                .map(" (one is '%s')"::formatted)
                .orElse("");
    }
}

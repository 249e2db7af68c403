package io.llm2clip.evaluation;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Vectors that an evaluation needs while it runs: few of them in memory, many in a temporary file that is mapped, so that memory is
 * bounded whatever their number. Closing frees both.
 */
public final class ScratchVectors implements AutoCloseable {
    /** So many bytes of matrices stay in memory. */
    private static final long MEMORY_BYTES = 512L << 20;

    private static final int BLOCK_BYTES = 1 << 20;

    private final Arena arena = Arena.ofShared();
    private final List<Path> kept = new ArrayList<>();
    private final long memoryBytes;
    private final Path folder;
    private long used;

    /** Temporary files are in the folder that the system property {@code java.io.tmpdir} names. */
    public ScratchVectors() {
        this(MEMORY_BYTES, Path.of(System.getProperty("java.io.tmpdir")));
    }

    /** One of so many that are in use at once, which share the memory that a single one would take. */
    public static ScratchVectors oneOf(int several) {
        return new ScratchVectors(MEMORY_BYTES / several, Path.of(System.getProperty("java.io.tmpdir")));
    }

    ScratchVectors(long memoryBytes, Path folder) {
        this.memoryBytes = memoryBytes;
        this.folder = folder;
    }

    /**
     * Zeros {@code [rows, columns]}, until this is closed.
     *
     * @throws InputException if there is no room for the temporary file
     */
    public FloatMatrix allocate(int rows, int columns) {
        long bytes = Math.multiplyExact((long) rows * columns, Float.BYTES);
        if (bytes <= memoryBytes - used) {
            used += bytes;
            return FloatMatrix.allocate(arena, rows, columns);
        }
        try {
            Path file = Files.createTempFile(folder, "llm2clip-vectors", ".f32");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                extend(channel, bytes);
                return new FloatMatrix(channel.map(FileChannel.MapMode.READ_WRITE, 0, bytes, arena), rows, columns);
            } finally {
                forget(file);
            }
        } catch (IOException e) {
            throw new InputException(
                    String.format(
                            Locale.ROOT,
                            "%,d vectors of %,d values take %,d MB in a temporary file of %s, which cannot be written (%s); make room, or name another folder with -Djava.io.tmpdir.",
                            rows,
                            columns,
                            Math.ceilDiv(bytes, 1 << 20),
                            folder,
                            IoReason.of(e)),
                    e);
        }
    }

    /** Blocks that are allocated only when a mapping is written to end the JVM's access to it when the disk is full. */
    private static void extend(FileChannel channel, long bytes) throws IOException {
        ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK_BYTES);
        for (long written = 0; written < bytes; ) {
            zeros.clear().limit((int) Math.min(BLOCK_BYTES, bytes - written));
            written += channel.write(zeros);
        }
    }

    /** Where the system allows it, the file has no name any more, so that it goes however the program ends. */
    private void forget(Path file) throws IOException {
        try {
            Files.delete(file);
        } catch (FileSystemException e) {
            // Windows keeps the name while the file is mapped.
            kept.add(file);
        }
    }

    @Override
    public void close() {
        if (!arena.scope().isAlive()) {
            return;
        }
        arena.close();
        for (Path file : kept) {
            try {
                Files.deleteIfExists(file);
            } catch (IOException e) {
                // A temporary file that stays costs room, not results.
                System.getLogger(ScratchVectors.class.getName())
                        .log(System.Logger.Level.WARNING, "The temporary file {0} cannot be deleted.", file);
            }
        }
    }
}

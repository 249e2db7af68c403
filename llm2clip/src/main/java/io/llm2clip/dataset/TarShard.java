package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Quantity;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.Predicate;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/**
 * A tar file whose entries are grouped by their names up to the first dot, as WebDataset writes it: {@code 000012.jpg}, {@code 000012.json}.
 * Only uncompressed files can be read from the middle.
 */
final class TarShard {
    private static final int BLOCK = 512;
    /** So that half a byte per example is kept, and finding one takes reading some tens of headers. */
    private static final int STRIDE = 16;

    private static final String VECTORS = "_text_embeddings.tar";
    /** A caption file is a few KB; what is larger than this is no part of an example. */
    private static final long MOST_BYTES = 1L << 30;

    private TarShard() {}

    /**
     * What a file holds.
     *
     * @param size examples
     * @param starts where every {@link #STRIDE}th of them begins; the others are found by reading on from there
     * @param cut why not all of the file could be read, or null
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    record Contents(int size, long[] starts, @Nullable String cut) {}

    private interface Visitor {
        /** An example begins; the last one may turn out not to count. */
        void example(String key, long offset);
    }

    private record Visited(int examples, @Nullable String cut) {}

    /** The parts of an example, by what follows the first dot of their names, in lower case. */
    record Parts(String key, Map<String, byte[]> content) {}

    /** Looks through a file; an example that is not there as a whole does not count. */
    static Contents scan(Path file) {
        List<Long> starts = new ArrayList<>();
        int[] visited = {0};
        Visited found = visit(file, (_, offset) -> {
            if (visited[0]++ % STRIDE == 0) {
                starts.add(offset);
            }
        });
        return new Contents(
                found.examples, starts.stream().mapToLong(Long::longValue).toArray(), found.cut);
    }

    private static Visited visit(Path file, Visitor visitor) {
        int count = 0;
        String key = null;
        String cut = null;
        try (SeekableByteChannel channel = Files.newByteChannel(file)) {
            try (TarArchiveInputStream tar = open(channel)) {
                long next = 0;
                for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                    // Extended headers come before an entry's own, so it begins where the one before ends.
                    long offset = next;
                    next = channel.position() + entry.getSize();
                    next += padding(next);
                    if (!entry.isFile()) {
                        continue;
                    }
                    boolean same = key(entry).equals(key);
                    if (channel.position() + entry.getSize() > channel.size()) {
                        cut = "it ends within " + entry.getName();
                        // The parts before belong to the same example, which is incomplete.
                        count -= same ? 1 : 0;
                        break;
                    }
                    if (!same) {
                        key = key(entry);
                        count++;
                        visitor.example(key, offset);
                    }
                }
                if (next < channel.size() && channel.size() - next < BLOCK) {
                    // What is left of a header, in which the library sees the end.
                    throw new EOFException("it ends within a header");
                }
            } catch (IOException | IllegalArgumentException e) {
                // The library's exceptions for what is no header. Parts of the last example may have come after it.
                count = Math.max(0, count - 1);
                cut = "damaged (%s) after %s".formatted(firstLine(e), Quantity.of(count, "example"));
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return new Visited(count, cut);
    }

    /**
     * The example of a number.
     *
     * @param contents of the file
     * @param wanted of which parts the content is read; the others are left out
     */
    static Parts read(Path file, Contents contents, int index, Predicate<String> wanted) {
        return read(file, contents.starts[index / STRIDE], index % STRIDE, wanted);
    }

    /** The example that begins at an offset. */
    static Parts read(Path file, long offset, Predicate<String> wanted) {
        return read(file, offset, 0, wanted);
    }

    /** @param before examples between the offset and the one that is wanted */
    private static Parts read(Path file, long offset, int before, Predicate<String> wanted) {
        Map<String, byte[]> content = new LinkedHashMap<>();
        String key = null;
        int left = before;
        try (SeekableByteChannel channel = Files.newByteChannel(file).position(offset);
                TarArchiveInputStream tar = open(channel)) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (!entry.isFile()) {
                    continue;
                }
                if (key != null && !key(entry).equals(key) && left-- == 0) {
                    break;
                }
                key = key(entry);
                if (left > 0 || !wanted.test(extension(entry))) {
                    continue;
                }
                if (entry.getSize() > MOST_BYTES) {
                    throw new InputException(
                            "%s of %s has %,d bytes, expected at most %,d; it is no part of an example."
                                    .formatted(entry.getName(), file, entry.getSize(), MOST_BYTES));
                }
                content.put(extension(entry), tar.readAllBytes());
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        if (left > 0) {
            throw new InputException("The shard %s has changed since the run began; start a new one.".formatted(file));
        }
        return new Parts(
                Objects.requireNonNull(key, "Offsets are those of a scan, which counts entries only."), content);
    }

    private static TarArchiveInputStream open(SeekableByteChannel channel) {
        return new TarArchiveInputStream(Channels.newInputStream(channel), BLOCK, "UTF-8");
    }

    private static long padding(long position) {
        return (BLOCK - position % BLOCK) % BLOCK;
    }

    private static String key(TarArchiveEntry entry) {
        String name = entry.getName();
        int dot = name.indexOf('.', name.lastIndexOf('/') + 1);
        return dot < 0 ? name : name.substring(0, dot);
    }

    private static String extension(TarArchiveEntry entry) {
        return entry.getName()
                .substring(Math.min(key(entry).length() + 1, entry.getName().length()))
                .toLowerCase(Locale.ROOT);
    }

    private static String firstLine(Exception e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse("");
    }

    private static InputException unreadable(Path file, IOException e) {
        return new InputException("The shard %s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
    }

    /** Where examples begin, by their keys. */
    static Map<String, Long> offsets(Path file) {
        Map<String, Long> offsets = new HashMap<>();
        List<String> keys = new ArrayList<>();
        Visited found = visit(file, (key, offset) -> {
            keys.add(key);
            offsets.put(key, offset);
        });
        keys.subList(found.examples, keys.size()).forEach(offsets::remove);
        return offsets;
    }

    /** Whether a file of this name holds examples, not their vectors. */
    static boolean isName(String name) {
        return name.endsWith(".tar") && !name.endsWith(VECTORS);
    }

    /** Where the vectors of a shard lie. */
    static Path vectorsOf(Path shard) {
        return shard.resolveSibling(shard.getFileName().toString().replaceFirst("\\.tar$", "") + VECTORS);
    }
}

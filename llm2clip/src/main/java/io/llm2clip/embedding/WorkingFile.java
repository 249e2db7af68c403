package io.llm2clip.embedding;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.data.Item;
import io.llm2clip.nn.checkpoint.Disk;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The rows of a job that is not finished, beside the file that it is to make: a later run of the same job goes on behind them. Rows are
 * only ever appended, each with a checksum, so that whatever ends a run, at most its last row is lost.
 *
 * <p>Rows are what was embedded and what could not be, in the order of the input. For one thread.
 */
public final class WorkingFile implements AutoCloseable {
    private static final String SUFFIX = ".unfinished";

    private final Path path;
    private final FileChannel channel;
    private final RowFormat format;
    private final long begin;
    private long end;
    private ItemCounts counts = ItemCounts.NONE;
    private long labelBytes;

    private WorkingFile(Path path, FileChannel channel, int dimension, long begin) {
        this.path = path;
        this.channel = channel;
        this.format = new RowFormat(channel, dimension);
        this.begin = begin;
        this.end = begin;
    }

    /** Where the rows of an unfinished output are. */
    public static Path beside(Path output) {
        return output.resolveSibling(output.getFileName() + SUFFIX);
    }

    /**
     * Begins a job, or takes up what an interrupted run of it left.
     *
     * @param output the file that the rows are for; its folder exists
     * @param job what the vectors depend on besides the input
     * @param dimension E
     * @param anew whether rows of another job are dropped, and those of this one, too
     * @throws InputException if there are rows of another job, another run is at work, or the file cannot be written
     */
    public static WorkingFile open(Path output, Fingerprint job, int dimension, boolean anew) {
        Path path = beside(output);
        FileChannel channel = null;
        WorkingFile opened = null;
        try {
            channel = FileChannel.open(
                    path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
            lock(path, channel);
            opened = take(path, channel, job, dimension, anew);
            return opened;
        } catch (IOException e) {
            throw new InputException(
                    "%s: cannot be written (%s); the rows of %s are kept there until all are done. %s"
                            .formatted(path, IoReason.of(e), output, Disk.room(folder(path))),
                    e);
        } finally {
            if (opened == null && channel != null) {
                closeQuietly(channel);
            }
        }
    }

    private static WorkingFile take(Path path, FileChannel channel, Fingerprint job, int dimension, boolean anew)
            throws IOException {
        Fingerprint whole = job.and("values per vector", Integer.toString(dimension));
        if (channel.size() > 0) {
            if (!RowFormat.isOurs(channel)) {
                // Whoever wrote it did not ask for it to be dropped.
                throw new InputException(
                        "%s: expected rows of an interrupted run, found something else; move it away, or choose another name for the output."
                                .formatted(path));
            }
            if (!anew) {
                RowFormat.Header header = RowFormat.readHeader(channel)
                        .orElseThrow(() -> new InputException(
                                "%s: expected rows of an interrupted run, found the half of one that ended in its first write; begin anew with --overwrite."
                                        .formatted(path)));
                String differences = header.job().differences(whole);
                if (!differences.isEmpty()) {
                    throw new InputException(
                            "%s: has rows of an interrupted run that differs in: %s; run that again to go on, or begin anew with --overwrite."
                                    .formatted(path, differences));
                }
                WorkingFile found = new WorkingFile(path, channel, dimension, header.end());
                found.recover();
                return found;
            }
            channel.truncate(0);
        }
        try {
            return new WorkingFile(path, channel, dimension, RowFormat.writeHeader(channel, whole));
        } catch (IOException e) {
            // Half a header would look like somebody else's file.
            Files.deleteIfExists(path);
            throw e;
        }
    }

    private static void lock(Path path, FileChannel channel) {
        boolean locked;
        try {
            locked = channel.tryLock() != null;
        } catch (OverlappingFileLockException e) {
            locked = false;
        } catch (IOException e) {
            // The file system has no locks.
            locked = true;
        }
        if (!locked) {
            throw new InputException(
                    "%s: another run is writing the same output; wait until it ends, or choose another name."
                            .formatted(path));
        }
    }

    /** Counts whole rows, and drops what follows them: the row that the run before ended in. */
    private void recover() throws IOException {
        forEach(row -> count(row));
        channel.truncate(end);
    }

    private void count(RowFormat.Row row) {
        end = row.end();
        counts = counts.withCut(row.cut());
        if (row.vector() != null) {
            counts = counts.withVector(row.kind());
            labelBytes += RowFormat.utf8(row.label()).length;
        } else {
            counts = counts.withSkipped(row.kind());
        }
    }

    /** All rows, done in this run or before. */
    public long rows() {
        return counts.vectors() + counts.skipped();
    }

    /** What the rows are of. */
    public ItemCounts counts() {
        return counts;
    }

    SafetensorsVectors.Sizes sizes() {
        return new SafetensorsVectors.Sizes(counts.vectors(), labelBytes);
    }

    /** Where the rows are. */
    public Path path() {
        return path;
    }

    /** Receives rows in their order. */
    @FunctionalInterface
    interface Reader {
        void accept(RowFormat.Row row) throws IOException;
    }

    /** Reads all rows. */
    void forEach(Reader reader) throws IOException {
        RowFormat.Cursor rows = cursor();
        for (RowFormat.Row row = rows.next(); row != null; row = rows.next()) {
            reader.accept(row);
        }
    }

    /** The rows from the first one on. */
    RowFormat.Cursor cursor() {
        return format.from(begin);
    }

    /**
     * Appends a row.
     *
     * @throws InputException if it cannot be written; the rows before stay
     */
    void append(Item item, RowFormat.Content content) {
        try {
            count(format.append(end, item, content));
        } catch (IOException e) {
            throw new InputException(
                    "%s: cannot be written (%s). %s".formatted(path, IoReason.of(e), Disk.room(folder(path))), e);
        }
    }

    /** A sentence on what is kept for the next run; empty if that is nothing. */
    public String kept() {
        long vectors = counts.vectors();
        return vectors == 0
                ? ""
                : "%s kept in %s; the same command goes on from there."
                        .formatted(Quantity.of(vectors, "finished vector") + (vectors == 1 ? " is" : " are"), path);
    }

    /** Deletes the rows: they are where they belong, or nobody wants them. */
    public void delete() {
        try {
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new InputException(
                    "%s: is left over and cannot be deleted (%s); delete it.".formatted(path, IoReason.of(e)), e);
        }
    }

    /** Keeps the rows if there are vectors among them and they were not {@link #delete deleted}. */
    @Override
    public void close() {
        if (counts.vectors() == 0) {
            delete();
        }
        closeQuietly(channel);
    }

    private static void closeQuietly(FileChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger(WorkingFile.class.getName()).log(System.Logger.Level.DEBUG, "closing", e);
        }
    }

    private static Path folder(Path path) {
        Path parent = path.toAbsolutePath().getParent();
        return parent == null ? path : parent;
    }
}

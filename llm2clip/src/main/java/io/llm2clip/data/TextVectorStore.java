package io.llm2clip.data;

import io.llm2clip.nn.checkpoint.AtomicFile;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.DirectoryLock;
import io.llm2clip.nn.checkpoint.Disk;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Text vectors on disk, keyed by content: a caption is encoded once for a model, however often and in whatever order
 * jobs ask for it.
 *
 * <p>A folder holds {@code vectors.f32} or {@code vectors.f16} (a checksummed header, then rows of little-endian floats) and
 * {@code keys.bin} (for each row its key and the row's CRC-32C); both are read where they are, so the heap holds a few
 * bytes per row. Rows are written and forced before their keys, so a
 * job that dies leaves at worst rows without keys; opening checks the rows after the last finish and cuts off what is
 * incomplete. {@link #finish} records the row count atomically, from then on a shorter store is an error. One process
 * writes at a time; methods are safe for several threads.
 */
public final class TextVectorStore implements AutoCloseable {
    private static final int ENTRY_BYTES = MappedRows.ENTRY_BYTES;
    private static final int PENDING_ROWS = 1024;

    private final Path folder;
    private final StoreHeader header;
    private final FileChannel vectors;
    private final FileChannel keys;
    private final DirectoryLock lock;
    private RowIndex rows = new RowIndex(0);
    private @Nullable FloatMatrix pending;
    private final List<TextKey> pendingKeys = new ArrayList<>();
    private int written;
    private MappedRows mapping = MappedRows.NONE;
    private boolean writable = true;
    private boolean closed;

    private TextVectorStore(
            Path folder, StoreHeader header, FileChannel vectors, FileChannel keys, DirectoryLock lock) {
        this.folder = folder;
        this.header = header;
        this.vectors = vectors;
        this.keys = keys;
        this.lock = lock;
    }

    /**
     * Opens a store, or makes one of f32. Shares of it that other processes have finished become part of it.
     *
     * @param fingerprint says what the vectors depend on: the model, its tokenizer, how captions are formatted
     * @param dimension D
     * @throws InputException when the store belongs to another model, is damaged, or is being written elsewhere
     */
    public static TextVectorStore open(Path folder, Fingerprint fingerprint, int dimension) {
        return open(folder, VectorPart.WHOLE, fingerprint, dimension, Optional.empty());
    }

    /**
     * The same of a share, which a store at {@code folder} takes over later, or of everything.
     *
     * @param type as what values are stored; empty for what the store has, or f32
     */
    public static TextVectorStore open(
            Path folder, VectorPart part, Fingerprint fingerprint, int dimension, Optional<StoredFloats> type) {
        return part.count() == 1
                ? openWhole(folder, fingerprint, dimension, type)
                : openAlone(part.folder(folder), fingerprint, dimension, type);
    }

    private static TextVectorStore openWhole(
            Path folder, Fingerprint fingerprint, int dimension, Optional<StoredFloats> type) {
        TextVectorStore store = openAlone(folder, fingerprint, dimension, type);
        try {
            store.takeOver(fingerprint);
            return store;
        } catch (IOException e) {
            store.close();
            throw new InputException(
                    "The parts of the text vector store %s cannot be taken over (%s)."
                            .formatted(folder, IoReason.of(e)),
                    e);
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
    }

    private static TextVectorStore openAlone(
            Path folder, Fingerprint fingerprint, int dimension, Optional<StoredFloats> type) {
        var header = new StoreHeader(fingerprint, dimension, type(folder, type));
        StoreFiles.requireOwn(folder);
        DirectoryLock lock = DirectoryLock.acquireWithin(folder);
        try {
            return open(folder, header, lock);
        } catch (IOException e) {
            lock.close();
            throw new InputException(
                    "The text vector store %s cannot be opened (%s).".formatted(folder, IoReason.of(e)), e);
        } catch (RuntimeException | Error e) {
            lock.close();
            throw e;
        }
    }

    /** That of the store that is there, if there is one. */
    private static StoredFloats type(Path folder, Optional<StoredFloats> wanted) {
        for (StoredFloats type : StoredFloats.values()) {
            if (Files.exists(folder.resolve(type.file()))) {
                if (wanted.isPresent() && wanted.get() != type) {
                    throw new InputException(
                            "The text vector store %s has values of type %s, expected %s; leave the type out or give another folder."
                                    .formatted(folder, type, wanted.get()));
                }
                return type;
            }
        }
        return wanted.orElse(StoredFloats.F32);
    }

    private static TextVectorStore open(Path folder, StoreHeader header, DirectoryLock lock) throws IOException {
        FileChannel keys = channel(folder.resolve(StoreFiles.KEYS));
        try {
            FileChannel vectors = channel(folder.resolve(header.type().file()));
            try {
                var store = new TextVectorStore(folder, header, vectors, keys, lock);
                store.readHeader();
                store.recover();
                return store;
            } catch (IOException | RuntimeException | Error e) {
                vectors.close();
                throw e;
            }
        } catch (IOException | RuntimeException | Error e) {
            keys.close();
            throw e;
        }
    }

    /** Where it lies. */
    public Path folder() {
        return folder;
    }

    /** D. */
    public int dimension() {
        return header.dimension();
    }

    /** The number of vectors. */
    public synchronized int size() {
        return rows.size();
    }

    /** Whether the vector of a formatted caption is there. */
    public synchronized boolean contains(String formattedCaption) {
        return row(key(formattedCaption)) >= 0;
    }

    /** The captions of {@code formattedCaptions} whose vectors are still to be computed, each once, in order. */
    public synchronized List<String> missing(List<String> formattedCaptions) {
        Set<String> seen = new HashSet<>();
        return formattedCaptions.stream()
                .filter(caption -> !contains(caption) && seen.add(caption))
                .toList();
    }

    /** Adds a vector {@code [D]}; a caption that is there already is left as it is. */
    public void put(String formattedCaption, float[] vector) {
        put(formattedCaption, MemorySegment.ofArray(vector));
    }

    /** The same of f32 in native byte order. */
    public synchronized void put(String formattedCaption, MemorySegment vector) {
        requireRow(vector);
        for (long i = 0; i < dimension(); i++) {
            float value = vector.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, i);
            if (!Float.isFinite(value)) {
                throw new IllegalArgumentException("The vector of \"%s\" contains %s; the text encoder is broken."
                        .formatted(formattedCaption, value));
            }
            if (Math.abs(value) > header.type().largest()) {
                throw new InputException(
                        "The vector of \"%s\" contains %s, which is too large for a store of type %s; use another folder with F32."
                                .formatted(formattedCaption, value, header.type()));
            }
        }
        add(key(formattedCaption), vector);
    }

    private void add(TextKey key, MemorySegment vector) {
        if (row(key) >= 0) {
            return;
        }
        if (!writable) {
            throw new IllegalStateException(
                    "The text vector store %s is only read from now on; open it again to add to it.".formatted(folder));
        }
        rows.add(key, written + pendingKeys.size(), this::keyOf);
        pending().accept(pendingKeys.size(), rounded(vector));
        pendingKeys.add(key);
        if (pendingKeys.size() == PENDING_ROWS) {
            flush();
        }
    }

    /** As it will be read, whether it is written by then or not. */
    private MemorySegment rounded(MemorySegment vector) {
        if (header.type() == StoredFloats.F32) {
            return vector;
        }
        float[] values = vector.toArray(ValueLayout.JAVA_FLOAT_UNALIGNED);
        for (int i = 0; i < values.length; i++) {
            values[i] = header.type().rounded(values[i]);
        }
        return MemorySegment.ofArray(values);
    }

    /** The vector {@code [D]} of a formatted caption. */
    public float[] get(String formattedCaption) {
        float[] vector = new float[dimension()];
        get(formattedCaption, MemorySegment.ofArray(vector));
        return vector;
    }

    /** Copies the vector of a formatted caption into {@code target}, f32 in native byte order. */
    public void get(String formattedCaption, MemorySegment target) {
        get(rowOf(formattedCaption), target);
    }

    /**
     * The number of a formatted caption's vector, which stays the same.
     *
     * @throws IllegalArgumentException if there is none
     */
    public synchronized int rowOf(String formattedCaption) {
        int row = row(key(formattedCaption));
        if (row < 0) {
            throw new IllegalArgumentException("The store %s has no vector for \"%s\"; cache the captions first."
                    .formatted(folder, formattedCaption));
        }
        return row;
    }

    /**
     * What the vector of a number holds, read where it is: equal to what another vector of the same values holds. To be used while nothing
     * is added.
     */
    public synchronized Object content(int row) {
        requireOpen();
        flush();
        return mapping(row).content(row);
    }

    /** A checksum of the keys of the first vectors, in the order in which they were added; what was added is written. */
    public synchronized long keysChecksum(int count) {
        flush();
        return count == 0 ? 0 : mapping(count - 1).keysChecksum(count);
    }

    /** Copies the vector of a number, from where it is stored, into {@code target}, f32 in native byte order. */
    public synchronized void get(int row, MemorySegment target) {
        requireOpen();
        requireRow(target);
        if (row >= written) {
            target.copyFrom(pending().row(row - written));
        } else {
            mapping(row).copy(row, target);
        }
    }

    private void requireRow(MemorySegment vector) {
        if (vector.byteSize() != (long) Float.BYTES * dimension()) {
            throw new IllegalArgumentException("The store holds vectors of %d values, found one of %d."
                    .formatted(dimension(), vector.byteSize() / Float.BYTES));
        }
    }

    /** Memory for rows that are not written yet; a store that is only read needs none. */
    private FloatMatrix pending() {
        if (pending == null) {
            pending = FloatMatrix.allocate(PENDING_ROWS, dimension());
        }
        return pending;
    }

    /** Writes what was added so far; after it, a crash loses nothing. */
    public synchronized void flush() {
        requireOpen();
        if (pendingKeys.isEmpty()) {
            return;
        }
        try {
            ByteBuffer entries = ByteBuffer.allocate(pendingKeys.size() * ENTRY_BYTES);
            ByteBuffer row = ByteBuffer.allocate(Math.toIntExact(rowBytes())).order(ByteOrder.LITTLE_ENDIAN);
            long position = StoreHeader.BYTES + written * rowBytes();
            for (int i = 0; i < pendingKeys.size(); i++) {
                header.type().put(pending().row(i), row.clear());
                pendingKeys.get(i).write(entries);
                entries.putInt(MappedRows.checksum(row));
                position = write(vectors, row.rewind(), position);
            }
            vectors.force(false);
            write(keys, entries.flip(), (long) written * ENTRY_BYTES);
            keys.force(false);
            written += pendingKeys.size();
            pendingKeys.clear();
        } catch (IOException e) {
            throw new InputException(
                    "The text vector store %s cannot be written (%s); make room and run again, what was computed before is kept."
                            .formatted(folder, IoReason.of(e)),
                    e);
        }
    }

    /** Flushes and records the number of vectors, atomically. More can be added later. */
    public synchronized void finish() {
        flush();
        AtomicFile.write(finished(), Integer.toString(written).getBytes(StandardCharsets.UTF_8));
    }

    /** Finishes and lets other processes write; what is here can still be read. */
    public synchronized void endWriting() {
        finish();
        writable = false;
        lock.close();
    }

    /** Flushes and releases files and memory. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        try (lock;
                keys;
                vectors;
                MappedRows last = mapping) {
            flush();
        } catch (IOException e) {
            throw new UncheckedIOException("The text vector store " + folder + " cannot be closed.", e);
        } finally {
            closed = true;
        }
    }

    private void takeOver(Fingerprint fingerprint) throws IOException {
        for (Path part : VectorPart.finished(folder)) {
            try (TextVectorStore other = openAlone(part, fingerprint, dimension(), Optional.empty())) {
                for (int row = 0; row < other.written; row++) {
                    add(other.keyOf(row), other.mapping(row).row(row));
                }
                finish();
            } catch (CheckpointException e) {
                // A process adds to it; it is taken over when it has ended.
                continue;
            }
            for (String name : List.of(StoreFiles.FINISHED, StoreFiles.KEYS)) {
                Files.delete(part.resolve(name));
            }
            for (StoredFloats type : StoredFloats.values()) {
                Files.deleteIfExists(part.resolve(type.file()));
            }
            Files.delete(part);
        }
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("The text vector store %s is closed; open it again.".formatted(folder));
        }
    }

    private TextKey key(String formattedCaption) {
        return TextKey.of(header.fingerprint().text(), formattedCaption);
    }

    /** The row of a key, or -1. */
    private int row(TextKey key) {
        requireOpen();
        return rows.find(key, this::keyOf);
    }

    private TextKey keyOf(int row) {
        return row < written ? mapping(row).key(row) : pendingKeys.get(row - written);
    }

    private long rowBytes() {
        return (long) header.type().bytes() * dimension();
    }

    private Path finished() {
        return folder.resolve(StoreFiles.FINISHED);
    }

    private void readHeader() throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(StoreHeader.BYTES);
        read(vectors, bytes, 0);
        int length = bytes.position();
        if (length < StoreHeader.BYTES
                && keys.size() == 0
                && header.toBytes().limit(length).equals(bytes.slice(0, length))) {
            // New, or cut off while the header was written; a file of somebody else's is neither.
            write(vectors, header.toBytes(), 0);
            vectors.force(true);
            keys.force(true);
            Disk.forceFolder(folder);
            return;
        }
        if (length < StoreHeader.BYTES && keys.size() > 0) {
            throw new InputException("The text vector store %s has %,d keys and no %s; delete it to build it anew."
                    .formatted(folder, keys.size() / ENTRY_BYTES, header.type().file()));
        }
        StoreHeader found = StoreHeader.read(bytes.flip(), header.type(), folder.toString());
        if (!found.equals(header)) {
            throw new InputException(
                    "The text vector store %s holds vectors of another text encoder or use of it (%s); give another folder or delete it."
                            .formatted(folder, header.differences(found)));
        }
    }

    /** Reads the keys, checks the rows after the last finish, and cuts off from the first incomplete one on. */
    private void recover() throws IOException {
        int finished = finishedRows(folder);
        long complete = Math.min(keys.size() / ENTRY_BYTES, (vectors.size() - StoreHeader.BYTES) / rowBytes());
        if (complete > RowIndex.MAX_ROWS) {
            throw new InputException(
                    "The text vector store %s has %,d vectors, expected at most %,d; delete it to build it anew."
                            .formatted(folder, complete, RowIndex.MAX_ROWS));
        }
        try (MappedRows all = map((int) complete)) {
            rows = new RowIndex(complete);
            for (; written < complete; written++) {
                if (written >= finished && !all.intact(written)) {
                    break;
                }
                rows.add(all.key(written), written, all::key);
            }
        }
        if (written < finished) {
            throw new InputException(lost(folder, finished, written));
        }
        // Not while they are mapped, which some systems refuse.
        keys.truncate((long) written * ENTRY_BYTES);
        vectors.truncate(StoreHeader.BYTES + written * rowBytes());
    }

    /** That some are gone which were there when the store in a folder was finished. */
    static String lost(Path folder, int finished, long found) {
        return "The text vector store %s was finished with %d vectors but has %d; delete it to build it anew."
                .formatted(folder, finished, found);
    }

    /** How many rows there were when the store in a folder was finished. */
    static int finishedRows(Path folder) throws IOException {
        Path file = folder.resolve(StoreFiles.FINISHED);
        if (!Files.exists(file)) {
            return 0;
        }
        String text = Files.readString(file).strip();
        try {
            return Integer.parseInt(text);
        } catch (NumberFormatException e) {
            throw new InputException(
                    "The file %s should hold a number of vectors; delete the store to build it anew.".formatted(file),
                    e);
        }
    }

    /** A mapping that has the row, which is written. */
    private MappedRows mapping(int row) {
        if (row >= mapping.count()) {
            try {
                MappedRows longer = map(written);
                mapping.close();
                mapping = longer;
            } catch (IOException e) {
                throw new UncheckedIOException("The text vector store " + folder + " cannot be mapped.", e);
            }
        }
        return mapping;
    }

    private MappedRows map(int count) throws IOException {
        return MappedRows.map(vectors, keys, count, dimension(), header.type());
    }

    private static FileChannel channel(Path file) throws IOException {
        return FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, StandardOpenOption.CREATE);
    }

    private static long write(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            at += channel.write(bytes, at);
        }
        return at;
    }

    private static void read(FileChannel channel, ByteBuffer bytes, long position) throws IOException {
        long at = position;
        while (bytes.hasRemaining()) {
            int count = channel.read(bytes, at);
            if (count < 0) {
                return;
            }
            at += count;
        }
    }
}

package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.CRC32;

/**
 * The files within a zip archive that lies in memory, found by the directory at its end. Nothing is unpacked: what is stored without
 * compression is used where it lies. Archives of more than 4 GiB (zip64) are read; such as are cut, or in which files overlap, or
 * have the same name, or whose directory and files do not agree, are refused.
 */
final class ZipEntries {
    /** The largest checkpoints, with all that training adds, have some hundred thousand tensors. */
    private static final int MOST_ENTRIES = 500_000;

    private static final long LONGEST_DIRECTORY = 100_000_000;
    private static final int STORED = 0;
    private static final int ENCRYPTED = 1;
    private static final int UTF8 = 1 << 11;
    private static final int LOCAL_SIZE = 30;
    private static final int CENTRAL_SIZE = 46;
    private static final int LOCAL = 0x04034b50;
    private static final int CENTRAL = 0x02014b50;
    private static final Pattern SEPARATOR = Pattern.compile("[/\\\\]");

    /**
     * @param local where its own header begins
     * @param data where its bytes begin
     * @param bytes how many, as they are stored
     * @param crc their checksum; PyTorch can be told to leave it 0
     */
    private record Entry(String name, long local, long data, long bytes, long crc, int method, int flags) {
        long end() {
            return data + bytes;
        }
    }

    private final Path file;
    private final MemorySegment bytes;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private ZipEntries(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /** @throws CheckpointException if the archive is damaged */
    static ZipEntries read(Path file, MemorySegment bytes) {
        ZipEntries archive = new ZipEntries(file, bytes);
        archive.readDirectory(ZipEnd.find(file, bytes));
        archive.refuseOverlaps();
        return archive;
    }

    /** The paths within the archive, in the order of its directory. */
    Set<String> names() {
        return entries.keySet();
    }

    /**
     * The bytes of a file within the archive.
     *
     * @throws CheckpointException if it is compressed or encrypted
     */
    Optional<MemorySegment> find(String name) {
        return Optional.ofNullable(entries.get(name)).map(this::plain);
    }

    /**
     * A copy of the bytes of a file within the archive, held against their checksum.
     *
     * @param longest how many there may be
     * @throws CheckpointException if there are more, or others than were written, or it is compressed or encrypted
     */
    Optional<byte[]> load(String name, long longest) {
        return Optional.ofNullable(entries.get(name)).map(entry -> checked(entry, longest));
    }

    private MemorySegment plain(Entry entry) {
        if ((entry.flags & ENCRYPTED) != 0) {
            throw new CheckpointException(
                    "%s: expected '%s' within the archive as plain bytes, found it encrypted; decrypt the archive."
                            .formatted(file, entry.name));
        }
        if (entry.method != STORED) {
            throw new CheckpointException(
                    "%s: expected '%s' within the archive uncompressed, as torch.save writes it, found compression method %d; unpack the archive and pack it by 'zip -0 -r'."
                            .formatted(file, entry.name, entry.method));
        }
        return bytes.asSlice(entry.data, entry.bytes);
    }

    private byte[] checked(Entry entry, long longest) {
        MemorySegment plain = plain(entry);
        if (plain.byteSize() > longest) {
            throw new CheckpointException(
                    "%s: expected up to %d bytes of '%s' within the archive, found %d; save the weights alone: torch.save(model.state_dict(), FILE)."
                            .formatted(file, longest, entry.name, plain.byteSize()));
        }
        byte[] copy = plain.toArray(ValueLayout.JAVA_BYTE);
        CRC32 crc = new CRC32();
        crc.update(copy);
        if (entry.crc != 0 && entry.crc != crc.getValue()) {
            throw damaged(
                    "the checksum %08x of '%s'".formatted(entry.crc, entry.name), "%08x".formatted(crc.getValue()));
        }
        return copy;
    }

    private void readDirectory(ZipEnd end) {
        if (end.entries() > MOST_ENTRIES || end.size() > LONGEST_DIRECTORY) {
            throw new CheckpointException(
                    "%s: expected a zip archive of up to %d files, found %s in %s bytes of directory; save the weights alone."
                            .formatted(
                                    file,
                                    MOST_ENTRIES,
                                    Long.toUnsignedString(end.entries()),
                                    Long.toUnsignedString(end.size())));
        }
        LittleEndian directory = new LittleEndian(bytes.asSlice(end.offset(), end.size()));
        long at = 0;
        for (long i = 0; i < end.entries(); i++) {
            if (!directory.has(at, CENTRAL_SIZE) || directory.u32(at) != CENTRAL) {
                throw damaged("%d files in its directory".formatted(end.entries()), Long.toString(i));
            }
            long length = directory.u16(at + 28);
            long extra = directory.u16(at + 30);
            long comment = directory.u16(at + 32);
            if (!directory.has(at, CENTRAL_SIZE + length + extra + comment)) {
                throw damaged("%d files in its directory".formatted(end.entries()), "%d and a part".formatted(i));
            }
            add(directory, at, length, extra, end.offset());
            at += CENTRAL_SIZE + length + extra + comment;
        }
        if (at != end.size()) {
            throw damaged(
                    "a directory of %d bytes".formatted(end.size()), "%d files in %d".formatted(entries.size(), at));
        }
    }

    private void add(LittleEndian directory, long at, long length, long extra, long limit) {
        int flags = directory.u16(at + 8);
        int method = directory.u16(at + 10);
        String name = directory.text(
                at + CENTRAL_SIZE, length, (flags & UTF8) == 0 ? StandardCharsets.ISO_8859_1 : StandardCharsets.UTF_8);
        if (leaves(name)) {
            throw damaged("names of files within the archive", "the path '%s', which leads out of it".formatted(name));
        }
        ZipEnd.Large large = ZipEnd.Large.of(directory, at, at + CENTRAL_SIZE + length, extra);
        if (large.size() < 0 || large.compressed() < 0 || large.local() < 0) {
            throw damaged("places and sizes of files", "none that can be of '%s'".formatted(name));
        }
        if (method == STORED && large.size() != large.compressed()) {
            throw damaged(
                    "%d bytes of '%s', which is not compressed".formatted(large.size(), name),
                    Long.toString(large.compressed()));
        }
        Entry entry = new Entry(
                name,
                large.local(),
                dataOf(name, directory, at, length, large.local()),
                large.compressed(),
                directory.u32(at + 16),
                method,
                flags);
        if (entry.bytes > limit - entry.data) {
            throw damaged(
                    "%d bytes of '%s' before the directory".formatted(entry.bytes, name),
                    Long.toString(Math.max(0, limit - entry.data)));
        }
        if (entries.put(name, entry) != null) {
            throw damaged("every file once", "'%s' twice".formatted(name));
        }
    }

    /** Nothing is unpacked here, but others would. */
    private static boolean leaves(String name) {
        List<String> steps = SEPARATOR.splitAsStream(name).toList();
        return steps.contains("..") || name.startsWith("/") || name.startsWith("\\");
    }

    /** Behind the file's own header, which must be of the same name and kind. */
    private long dataOf(String name, LittleEndian directory, long at, long length, long local) {
        LittleEndian all = new LittleEndian(bytes);
        if (!all.has(local, LOCAL_SIZE) || all.u32(local) != LOCAL) {
            throw damaged("'%s' at byte %d".formatted(name, local), "something else");
        }
        long nameLength = all.u16(local + 26);
        long data = local + LOCAL_SIZE + nameLength + all.u16(local + 28);
        boolean same = nameLength == length
                && all.has(local, data - local)
                && all.u16(local + 8) == directory.u16(at + 10)
                && bytes.asSlice(local + LOCAL_SIZE, length).mismatch(directory.slice(at + CENTRAL_SIZE, length)) < 0;
        if (!same) {
            throw damaged("'%s' at byte %d".formatted(name, local), "a file of another name or kind");
        }
        return data;
    }

    private void refuseOverlaps() {
        List<Entry> inOrder = new ArrayList<>(entries.values());
        inOrder.sort(Comparator.comparingLong(Entry::local));
        for (int i = 1; i < inOrder.size(); i++) {
            Entry before = inOrder.get(i - 1);
            if (inOrder.get(i).local < before.end()) {
                throw damaged("'%s' behind '%s'".formatted(inOrder.get(i).name, before.name), "them in the same place");
            }
        }
    }

    private CheckpointException damaged(String expected, String found) {
        return ZipEnd.damaged(file, expected, found);
    }
}

package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.ZipEntry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ZipEntriesTest {
    private static final byte[] STORAGE = new byte[24];
    private static final String DAMAGED = " The file is damaged; fetch it again.";

    @TempDir
    private Path directory;

    @Test
    void everyTruncationIsNoticed() {
        byte[] whole = archive();
        for (int length = 4; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> Pickle.read(cut))
                    .as("first %d bytes", length)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(
                            "hostile.pt: expected a zip archive with a directory at its end, found none; the file is truncated, fetch it again.");
        }
        assertThat(Pickle.read(whole).tensors()).containsOnlyKeys("w");
    }

    @Test
    void readsAnArchiveWithAComment() {
        byte[] whole = archive();
        byte[] commented = Arrays.copyOf(whole, whole.length + 5);
        commented[whole.length - 2] = 5;
        assertThat(Pickle.read(commented).tensors()).containsOnlyKeys("w");
    }

    @Test
    void refusesCompressedFiles() {
        assertRefused(
                Pickle.zip(files(), ZipEntry.DEFLATED),
                "expected 'a/data.pkl' within the archive uncompressed, as torch.save writes it, found compression method 8; unpack the archive and pack it by 'zip -0 -r'.");
    }

    @Test
    void refusesOtherArchives() {
        assertRefused(
                Pickle.zip(Map.of("word/document.xml", new byte[3]), ZipEntry.DEFLATED),
                "expected a PyTorch archive, which has one data.pkl, found a zip archive with none; if weights are in it, unpack it.");
        assertRefused(
                Pickle.zip(Map.of("a/data.pkl", new byte[3], "b/data.pkl", new byte[3]), ZipEntry.STORED),
                "expected a PyTorch archive, which has one data.pkl, found a zip archive with 2; if weights are in it, unpack it.");
        assertRefused(
                Pickle.zip(Map.of(), ZipEntry.STORED),
                "expected a PyTorch archive, which has one data.pkl, found a zip archive with none; if weights are in it, unpack it.");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../x", "a/../../x", "/etc/x", "a\\..\\x", "\\x", ".."})
    void refusesNamesThatLeaveTheArchive(String name) {
        Map<String, byte[]> files = files();
        files.put(name, new byte[1]);
        assertRefused(
                Pickle.zip(files, ZipEntry.STORED),
                "expected a zip archive with names of files within the archive, found the path '%s', which leads out of it."
                                .formatted(name)
                        + DAMAGED);
    }

    @Test
    void refusesAnUnknownByteOrder() {
        Map<String, byte[]> files = files();
        files.put("a/byteorder", "middle".getBytes(StandardCharsets.US_ASCII));
        assertRefused(
                Pickle.zip(files, ZipEntry.STORED),
                "expected the byte order 'little' or 'big', found 'middle'. The file is damaged; fetch or save it again.");
    }

    @Test
    void noticesChangedNames() {
        byte[] archive = archive();
        int at = find(archive, "cpu");
        archive[at] = 'x';
        assertThatThrownBy(() -> Pickle.read(archive))
                .hasMessageStartingWith("hostile.pt: expected a zip archive with the checksum ")
                .hasMessageContaining(" of 'a/data.pkl', found ")
                .hasMessageEndingWith("." + DAMAGED);
    }

    /** Entry by entry of the directory: its place, name, sizes, flags. */
    @Test
    void refusesADirectoryThatDoesNotAgreeWithItsFiles() {
        byte[] archive = archive();
        int entry = directoryEntry(archive, "a/data/0");
        assertRefused(
                change(archive, entry + 42, 1),
                "expected a zip archive with 'a/data/0' at byte 1, found something else." + DAMAGED);
        int other = little(archive).getInt(directoryEntry(archive, "a/byteorder") + 42);
        assertRefused(
                change(archive, entry + 42, other),
                "expected a zip archive with 'a/data/0' at byte %d, found a file of another name or kind."
                                .formatted(other)
                        + DAMAGED);
        assertRefused(
                change(archive, entry + 24, 25),
                "expected a zip archive with 25 bytes of 'a/data/0', which is not compressed, found 24." + DAMAGED);
        assertThatThrownBy(() -> Pickle.read(change(change(archive, entry + 24, 1000), entry + 20, 1000)))
                .hasMessageStartingWith(
                        "hostile.pt: expected a zip archive with 1000 bytes of 'a/data/0' before the directory, found ");
        assertRefused(
                change(change(archive, entry + 24, -1), entry + 20, -1),
                "expected a zip archive with places and sizes of files, found none that can be of 'a/data/0'."
                        + DAMAGED);
        byte[] encrypted = archive.clone();
        encrypted[entry + 8] |= 1;
        assertRefused(
                encrypted,
                "expected 'a/data/0' within the archive as plain bytes, found it encrypted; decrypt the archive.");
    }

    @Test
    void refusesFilesInTheSamePlace() {
        byte[] archive = archive();
        int first = directoryEntry(archive, "a/data.pkl");
        int size = little(archive).getInt(first + 24) + 60;
        assertRefused(
                change(change(archive, first + 24, size), first + 20, size),
                "expected a zip archive with 'a/byteorder' behind 'a/data.pkl', found them in the same place."
                        + DAMAGED);
    }

    @Test
    void refusesAFileTwice() {
        Map<String, byte[]> files = files();
        files.put("a/dataX0", new byte[1]);
        byte[] archive = Pickle.zip(files, ZipEntry.STORED);
        int local = find(archive, "a/dataX0");
        int central = directoryEntry(archive, "a/dataX0") + 46;
        archive[local + 6] = '/';
        archive[central + 6] = '/';
        assertRefused(archive, "expected a zip archive with every file once, found 'a/data/0' twice." + DAMAGED);
    }

    @Test
    void refusesAWrongNumberOfFiles() {
        byte[] archive = archive();
        int end = archive.length - 22;
        byte[] more = archive.clone();
        more[end + 10] = 4;
        assertRefused(more, "expected a zip archive with 4 files in its directory, found 3." + DAMAGED);
        byte[] fewer = archive.clone();
        fewer[end + 10] = 2;
        assertThatThrownBy(() -> Pickle.read(fewer))
                .hasMessageStartingWith("hostile.pt: expected a zip archive with a directory of ");
        assertThatThrownBy(() -> Pickle.read(change(archive, end + 16, 0)))
                .hasMessageStartingWith("hostile.pt: expected a zip archive with a directory up to byte ");
        assertThatThrownBy(() -> Pickle.read(change(archive, end + 12, -1)))
                .hasMessageStartingWith("hostile.pt: expected a zip archive with a directory up to byte ");
    }

    /** A storage of more than 4 GiB before others, in a file with a hole. */
    @Test
    void readsArchivesOfMoreThan4GiB() throws IOException {
        long large = (4L << 30) + 64;
        Path file = directory.resolve("large.pt");
        byte[] pickle = new Pickle()
                .ops("}(")
                .text("large")
                .tensor("ByteStorage", "0", large, 0, new long[] {1 << 16, 1 << 16}, new long[] {1 << 16, 1})
                .text("end")
                .tensor("ByteStorage", "0", large, large - 1, new long[] {1}, new long[] {1})
                .text("small")
                .tensor("FloatStorage", "1", 1, 0, new long[] {1}, new long[] {1})
                .ops("u.")
                .bytes();
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.SPARSE, StandardOpenOption.WRITE)) {
            LargeZip zip = new LargeZip(channel);
            zip.add("a/data/0", large, new byte[] {7});
            zip.add("a/data/1", 4, new byte[] {0, 0, (byte) 0x80, 0x3f});
            zip.add("a/data.pkl", pickle.length, pickle);
            zip.finish();
        }
        try (Checkpoint read = Checkpoint.open(file)) {
            assertThat(read.tensor("large").elements()).isEqualTo(1L << 32);
            assertThat(TorchGoldens.bytes(read.tensor("end"))).containsExactly(7);
            assertThat(read.readFloats("small")).containsExactly(1f);
        }
        byte[] end = new byte[98];
        long size = Files.size(file);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            assertThat(channel.read(ByteBuffer.wrap(end), size - 98)).isEqualTo(98);
            // The older directory end says another number of files than the newer one.
            assertThat(channel.write(ByteBuffer.wrap(new byte[] {2, 0}), size - 12))
                    .isEqualTo(2);
        }
        assertThatThrownBy(() -> Checkpoint.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": expected a zip archive with one directory, found two that differ, ");
    }

    /** A zip64 archive; the last byte or bytes of each file are given, and before them there is nothing. */
    private static final class LargeZip {
        private final FileChannel channel;
        private final ByteArrayOutputStream directory = new ByteArrayOutputStream();
        private int files;
        private long at;

        LargeZip(FileChannel channel) {
            this.channel = channel;
        }

        void add(String name, long size, byte[] last) throws IOException {
            byte[] path = name.getBytes(StandardCharsets.US_ASCII);
            long local = at;
            write(header(0x04034b50, 30, path.length, 0).put(path).flip());
            at += size - last.length;
            write(ByteBuffer.wrap(last));
            ByteBuffer entry = header(0x02014b50, 46, path.length, 28);
            entry.putInt(20, -1)
                    .putInt(24, -1)
                    .putShort(28, (short) path.length)
                    .putShort(30, (short) 28);
            entry.putInt(42, -1).put(path);
            entry.putShort((short) 1)
                    .putShort((short) 24)
                    .putLong(size)
                    .putLong(size)
                    .putLong(local);
            directory.writeBytes(Arrays.copyOf(entry.array(), entry.position()));
            files++;
        }

        void finish() throws IOException {
            long begin = at;
            write(ByteBuffer.wrap(directory.toByteArray()));
            long end64 = at;
            write(little(new byte[56])
                    .putInt(0, 0x06064b50)
                    .putLong(4, 44)
                    .putLong(24, files)
                    .putLong(32, files)
                    .putLong(40, directory.size())
                    .putLong(48, begin));
            write(little(new byte[20]).putInt(0, 0x07064b50).putLong(8, end64).putInt(16, 1));
            write(little(new byte[22])
                    .putInt(0, 0x06054b50)
                    .putShort(8, (short) -1)
                    .putShort(10, (short) -1)
                    .putInt(12, -1)
                    .putInt(16, -1));
        }

        private static ByteBuffer header(int signature, int size, int name, int extra) {
            ByteBuffer header = little(new byte[size + name + extra]);
            header.putInt(0, signature).position(size);
            return signature == 0x04034b50 ? header.putShort(26, (short) name) : header;
        }

        private void write(ByteBuffer bytes) throws IOException {
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        }
    }

    private static Map<String, byte[]> files() {
        Map<String, byte[]> files = new LinkedHashMap<>();
        files.put(
                "a/data.pkl",
                Pickle.ofTensor("w", "0", 6, 0, new long[] {6}, new long[] {1}).bytes());
        files.put("a/byteorder", "little".getBytes(StandardCharsets.US_ASCII));
        files.put("a/data/0", STORAGE);
        return files;
    }

    private static byte[] archive() {
        return Pickle.zip(files(), ZipEntry.STORED);
    }

    private static int find(byte[] archive, String text) {
        return new String(archive, StandardCharsets.ISO_8859_1).indexOf(text);
    }

    private static int directoryEntry(byte[] archive, String name) {
        return new String(archive, StandardCharsets.ISO_8859_1).lastIndexOf(name) - 46;
    }

    private static byte[] change(byte[] archive, int at, int value) {
        byte[] changed = archive.clone();
        little(changed).putInt(at, value);
        return changed;
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static void assertRefused(byte[] file, String message) {
        assertThatThrownBy(() -> CheckpointFile.read(Path.of("hostile.pt"), MemorySegment.ofArray(file)))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("hostile.pt: " + message);
    }
}

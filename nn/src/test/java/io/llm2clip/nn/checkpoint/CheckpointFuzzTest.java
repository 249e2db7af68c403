package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Mutations of real files are read, or refused by a {@link CheckpointException} of one sentence; nothing else comes out, nothing
 * hangs, and no tensor reaches outside its file. Some hundred of each file, by {@code -Pnightly} 100,000.
 */
class CheckpointFuzzTest {
    private static final int INPUTS = Integer.getInteger("llm2clip.fuzz", 500);
    private static final int LARGEST_COPY = 1 << 20;
    private static final long SLOWEST = TimeUnit.SECONDS.toNanos(10);
    private static final long[] EXTREMES = {
        0,
        1,
        -1,
        0x7F,
        0x80,
        0xFF,
        0xFFFF,
        Integer.MAX_VALUE,
        Integer.MIN_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        1L << 40
    };

    /** Whole files, of which most mutations hit the archive's own structure. */
    @ParameterizedTest
    @ValueSource(strings = {"views.pt", "script.pt", "every-type.safetensors", "../gguf/every-type.gguf"})
    void mutatedFiles(String name) throws IOException {
        byte[] file = Files.readAllBytes(TorchGoldens.path(name));
        Random random = new Random(name.hashCode());
        int read = 0;
        for (int i = 0; i < INPUTS; i++) {
            read += readOrRefuse(name, mutate(file, random)) ? 1 : 0;
        }
        assertThat(read).as("some mutations do not matter").isPositive();
    }

    /** Pickles, in archives that are sound. */
    @ParameterizedTest
    @ValueSource(strings = {"views.pt", "training.pt", "protocol-4.pt", "script.pt", "unreadable.pt"})
    void mutatedPickles(String name) throws IOException {
        Map<String, byte[]> files = unzip(name);
        String pickle = files.keySet().stream()
                .filter(file -> file.endsWith("/data.pkl"))
                .findFirst()
                .orElseThrow();
        byte[] original = files.get(pickle);
        Random random = new Random(name.hashCode());
        int read = 0;
        for (int i = 0; i < INPUTS; i++) {
            files.put(pickle, mutate(original, random));
            read += readOrRefuse(name, Pickle.zip(files, ZipEntry.STORED)) ? 1 : 0;
        }
        assertThat(read).as("some mutations do not matter").isPositive();
    }

    @Test
    void mutatedIndices() throws IOException {
        Path index = TorchGoldens.path("sharded/pytorch_model.bin.index.json");
        byte[] original = Files.readAllBytes(index);
        Random random = new Random(1);
        int read = 0;
        for (int i = 0; i < INPUTS; i++) {
            byte[] mutation = mutate(original, random);
            read += readOrRefuse(
                            index.toString(),
                            mutation,
                            arena -> Shards.read(index, MemorySegment.ofArray(mutation), arena))
                    ? 1
                    : 0;
        }
        assertThat(read).as("some mutations do not matter").isPositive();
    }

    @Test
    void unchangedFilesAreRead() throws IOException {
        Map<String, byte[]> files = unzip("views.pt");
        assertThat(readOrRefuse("views.pt", Pickle.zip(files, ZipEntry.STORED))).isTrue();
    }

    private static boolean readOrRefuse(String name, byte[] file) {
        return readOrRefuse(name, file, _ -> CheckpointFile.read(Path.of(name), MemorySegment.ofArray(file)));
    }

    /** Whether it was read. */
    private static boolean readOrRefuse(String name, byte[] file, Function<Arena, TensorFile> reader) {
        long begin = System.nanoTime();
        try (Arena arena = Arena.ofConfined()) {
            reader.apply(arena).tensors().values().stream()
                    .filter(tensor -> tensor.bytes() <= LARGEST_COPY)
                    .forEach(TorchGoldens::bytes);
            return true;
        } catch (CheckpointException e) {
            assertThat(e)
                    .hasMessageStartingWith(name.substring(0, name.lastIndexOf('/') + 1))
                    .hasMessageEndingWith(".");
            return false;
        } catch (RuntimeException | Error e) {
            return fail("%s as %s".formatted(name, HexFormat.of().formatHex(file)), e);
        } finally {
            assertThat(System.nanoTime() - begin).as(name).isLessThan(SLOWEST);
        }
    }

    /** One to four changes of the kinds that break parsers. */
    private static byte[] mutate(byte[] original, Random random) {
        byte[] bytes = original.clone();
        for (int changes = 1 + random.nextInt(4); changes > 0 && bytes.length > 16; changes--) {
            int at = random.nextInt(bytes.length);
            switch (random.nextInt(8)) {
                case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> bytes[at] = (byte) random.nextInt(256);
                case 2 -> bytes = Arrays.copyOf(bytes, at);
                case 3 -> bytes = join(bytes, at, new byte[random.nextInt(8)], at);
                case 4 -> bytes = join(bytes, at, new byte[0], Math.min(bytes.length, at + 1 + random.nextInt(16)));
                // A part from elsewhere, once more.
                case 5 -> {
                    int from = random.nextInt(bytes.length);
                    byte[] part =
                            Arrays.copyOfRange(bytes, from, Math.min(bytes.length, from + 1 + random.nextInt(64)));
                    bytes = join(bytes, at, part, random.nextBoolean() ? at : Math.min(bytes.length, at + part.length));
                }
                default -> {
                    int size = 1 << random.nextInt(4);
                    byte[] number = ByteBuffer.allocate(Long.BYTES)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .putLong(EXTREMES[random.nextInt(EXTREMES.length)])
                            .array();
                    System.arraycopy(number, 0, bytes, at, Math.min(size, bytes.length - at));
                }
            }
        }
        return bytes;
    }

    /** The bytes up to {@code end}, others, and those from {@code begin}. */
    private static byte[] join(byte[] bytes, int end, byte[] middle, int begin) {
        return ByteBuffer.allocate(end + middle.length + bytes.length - begin)
                .put(bytes, 0, end)
                .put(middle)
                .put(bytes, begin, bytes.length - begin)
                .array();
    }

    private static Map<String, byte[]> unzip(String name) throws IOException {
        Map<String, byte[]> files = new LinkedHashMap<>();
        try (ZipFile zip = new ZipFile(TorchGoldens.path(name).toFile())) {
            for (ZipEntry entry : Collections.list(zip.entries())) {
                // The code of a script.
                if (entry.getMethod() == ZipEntry.STORED) {
                    files.put(entry.getName(), zip.getInputStream(entry).readAllBytes());
                }
            }
        }
        return files;
    }
}

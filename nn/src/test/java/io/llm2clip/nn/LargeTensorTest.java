package io.llm2clip.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.nn.checkpoint.TensorContent;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tensors whose bytes, and whose elements, are more than an int counts. Their files have holes, so that they take no room. */
class LargeTensorTest {
    /** Of f16: 4.8 GB, and more elements than 2^31. */
    private static final long ROWS = 3;

    private static final long COLUMNS = 800_000_000;
    private static final long ELEMENTS = ROWS * COLUMNS;
    /** The first, around 2^31 bytes, around 2^32 bytes and 2^31 elements, and the last. */
    private static final long[] MARKED = {
        0, (1L << 30) - 1, 1L << 30, (1L << 31) - 1, 1L << 31, 2 * COLUMNS, ELEMENTS - 1
    };

    @TempDir
    private Path folder;

    private static ByteBuffer bytes(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Numbers 1, 2, ... of f16 or bf16 at the marked elements. */
    private static void mark(FileChannel channel, long data, DType type, long... marked) throws IOException {
        for (int i = 0; i < marked.length; i++) {
            short half = type == DType.F16 ? Float.floatToFloat16(i + 1) : (short) (Float.floatToIntBits(i + 1) >>> 16);
            channel.write(bytes(2).putShort(half).flip(), data + 2 * marked[i]);
        }
    }

    /** A file of something and a hole, which {@link #mark} fills in. */
    private static long begin(FileChannel channel, byte[] head, long hole) throws IOException {
        channel.write(ByteBuffer.wrap(head), 0);
        channel.write(bytes(1), head.length + hole - 1);
        return head.length;
    }

    private static FileChannel create(Path file) throws IOException {
        return FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.SPARSE);
    }

    private static byte[] safetensors(String json) {
        byte[] text = json.getBytes(StandardCharsets.UTF_8);
        return bytes(8 + text.length).putLong(text.length).put(text).array();
    }

    private Path safetensors() throws IOException {
        Path file = folder.resolve("large.safetensors");
        try (FileChannel channel = create(file)) {
            byte[] head = safetensors("{\"w\":{\"dtype\":\"F16\",\"shape\":[%d,%d],\"data_offsets\":[0,%d]}}"
                    .formatted(ROWS, COLUMNS, 2 * ELEMENTS));
            mark(channel, begin(channel, head, 2 * ELEMENTS), DType.F16, MARKED);
        }
        return file;
    }

    /** The element of a number, by a range that begins before it, or at it. */
    private static float element(StoredTensor tensor, long index, int before) {
        long first = Math.max(0, index - before);
        float[] part = new float[Math.toIntExact(index + 1 - first)];
        tensor.copyFloatsTo(MemorySegment.ofArray(part), first, index + 1);
        return part[part.length - 1];
    }

    private static void assertMarked(StoredTensor tensor) {
        assertThat(tensor.elements()).isEqualTo(ELEMENTS);
        assertThat(tensor.bytes()).isEqualTo(2 * ELEMENTS);
        for (int i = 0; i < MARKED.length; i++) {
            assertThat(element(tensor, MARKED[i], 0)).isEqualTo(i + 1);
            assertThat(element(tensor, MARKED[i], 5000)).isEqualTo(i + 1);
        }
        StoredTensor last = tensor.rows(2, 3);
        assertThat(element(last, 0, 0)).isEqualTo(6);
        assertThat(element(last, COLUMNS - 1, 100)).isEqualTo(7);
        StoredTensor transposed = tensor.transposed();
        assertThat(transposed.shape()).containsExactly(COLUMNS, ROWS);
        // Element (c, 2) of the transpose is (2, c).
        assertThat(element(transposed, 2, 0)).isEqualTo(6);
        assertThat(element(transposed, ELEMENTS - 1, 7)).isEqualTo(7);
    }

    @Test
    void safetensorsAreReadWhereTheyLie() throws IOException {
        try (Checkpoint file = Checkpoint.open(safetensors())) {
            assertMarked(file.tensor("w"));
        }
    }

    @Test
    void ggufFilesAreReadWhereTheyLie() throws IOException {
        Path file = folder.resolve("large.gguf");
        ByteBuffer head = bytes(96).putInt(0x46554747).putInt(3).putLong(1).putLong(0);
        head.putLong(1)
                .put((byte) 'w')
                .putInt(2)
                .putLong(COLUMNS)
                .putLong(ROWS)
                .putInt(1)
                .putLong(0);
        try (FileChannel channel = create(file)) {
            int start = Math.ceilDiv(head.position(), 32) * 32;
            begin(channel, Arrays.copyOf(head.array(), start), 2 * ELEMENTS);
            mark(channel, start, DType.F16, MARKED);
        }
        try (Checkpoint opened = Checkpoint.open(file)) {
            assertMarked(opened.tensor("w"));
        }
    }

    /** A zip archive of more than 4 GiB, whose sizes are in the extra fields of zip64. */
    @Test
    void pytorchsArchivesAreReadWhereTheyLie() throws IOException {
        Path file = folder.resolve("large.pt");
        byte[] pickle = pickle();
        byte[] order = "little".getBytes(StandardCharsets.US_ASCII);
        ByteArrayOutputStream start = new ByteArrayOutputStream();
        ByteArrayOutputStream directory = new ByteArrayOutputStream();
        entry(start, directory, "a/data.pkl", pickle.length);
        start.writeBytes(pickle);
        entry(start, directory, "a/byteorder", order.length);
        start.writeBytes(order);
        entry(start, directory, "a/data/0", 2 * ELEMENTS);
        try (FileChannel channel = create(file)) {
            long data = begin(channel, start.toByteArray(), 2 * ELEMENTS);
            mark(channel, data, DType.F16, MARKED);
            long at = data + 2 * ELEMENTS;
            ByteBuffer end = bytes(directory.size() + 56 + 20 + 22).put(directory.toByteArray());
            end.putInt(0x06064b50)
                    .putLong(44)
                    .putShort((short) 45)
                    .putShort((short) 45)
                    .putInt(0)
                    .putInt(0);
            end.putLong(3).putLong(3).putLong(directory.size()).putLong(at);
            end.putInt(0x07064b50).putInt(0).putLong(at + directory.size()).putInt(1);
            end.putInt(0x06054b50).putInt(0).putShort((short) 3).putShort((short) 3);
            end.putInt(directory.size()).putInt(-1).putShort((short) 0);
            channel.write(end.flip(), at);
        }
        try (Checkpoint opened = Checkpoint.open(file)) {
            assertMarked(opened.tensor("w"));
        }
    }

    private static void entry(ByteArrayOutputStream file, ByteArrayOutputStream directory, String name, long size) {
        byte[] text = name.getBytes(StandardCharsets.US_ASCII);
        ByteBuffer local = bytes(30 + text.length + 20)
                .putInt(0x04034b50)
                .putShort((short) 45)
                .putShort((short) 0);
        local.putShort((short) 0).putInt(0).putInt(0).putInt(-1).putInt(-1);
        local.putShort((short) text.length).putShort((short) 20).put(text);
        local.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
        ByteBuffer central = bytes(46 + text.length + 20)
                .putInt(0x02014b50)
                .putShort((short) 45)
                .putShort((short) 45);
        central.putShort((short) 0)
                .putShort((short) 0)
                .putInt(0)
                .putInt(0)
                .putInt(-1)
                .putInt(-1);
        central.putShort((short) text.length)
                .putShort((short) 20)
                .putShort((short) 0)
                .putShort((short) 0);
        central.putShort((short) 0).putInt(0).putInt(file.size()).put(text);
        central.putShort((short) 1).putShort((short) 16).putLong(size).putLong(size);
        file.writeBytes(local.array());
        directory.writeBytes(central.array());
    }

    /** {@code {"w": tensor}} as PyTorch writes it. */
    private static byte[] pickle() {
        ByteArrayOutputStream pickle = new ByteArrayOutputStream();
        text(pickle, "\u0080\u0002}");
        string(pickle, "w");
        text(pickle, "ctorch._utils\n_rebuild_tensor_v2\n((");
        string(pickle, "storage");
        text(pickle, "ctorch\nHalfStorage\n");
        string(pickle, "0");
        string(pickle, "cpu");
        wholes(pickle, ELEMENTS);
        text(pickle, "tQ");
        wholes(pickle, 0);
        text(pickle, "(");
        wholes(pickle, ROWS, COLUMNS);
        text(pickle, "t(");
        wholes(pickle, COLUMNS, 1);
        text(pickle, "t\u0089NtRs.");
        return pickle.toByteArray();
    }

    private static void text(ByteArrayOutputStream pickle, String instructions) {
        pickle.writeBytes(instructions.getBytes(StandardCharsets.ISO_8859_1));
    }

    private static void string(ByteArrayOutputStream pickle, String text) {
        pickle.writeBytes(bytes(5).put((byte) 'X').putInt(text.length()).array());
        text(pickle, text);
    }

    private static void wholes(ByteArrayOutputStream pickle, long... values) {
        for (long value : values) {
            text(pickle, "\u008a\u0008");
            pickle.writeBytes(bytes(8).putLong(value).array());
        }
    }

    /** What a model uses of it is read where it lies, and no other part. */
    @Test
    void rowsOfALargeTableAreGathered() throws IOException {
        int rows = 600_000_000;
        Path file = folder.resolve("table.safetensors");
        try (FileChannel channel = create(file)) {
            byte[] head = safetensors(
                    "{\"w\":{\"dtype\":\"BF16\",\"shape\":[%d,2],\"data_offsets\":[0,%d]}}".formatted(rows, 4L * rows));
            mark(channel, begin(channel, head, 4L * rows), DType.BF16, 0, (1L << 30) + 1, 2L * rows - 1);
        }
        try (Parameters parameters = Parameters.frozen();
                Checkpoint opened = Checkpoint.open(file)) {
            Parameter table = parameters.root().table("w", Shape.of(rows, 2), Initializer.zeros());
            ParameterFiles.load(List.of(table), opened);
            assertThat(table.data().dtype()).isEqualTo(DType.BF16);
            Tensor ids = Tensor.variable("ids", TensorData.ofInts(Shape.of(3), new int[] {0, 1 << 29, rows - 1}));
            assertThat(table.tensor().gather(ids).evaluate().toFloats()).containsExactly(1, 0, 0, 2, 0, 3);
        }
    }

    /** Every piece that is written lies where the header says; 2.5 GiB that a disk has to take. */
    @Test
    void aLargeTensorIsWrittenInPieces() throws IOException {
        assumeTrue(Boolean.getBoolean("llm2clip.nightly"), "only with -Pnightly: writes 2.5 GiB");
        long elements = (5L << 29) / 2 + 3;
        TensorContent numbers = new TensorContent() {
            @Override
            public StoredType type() {
                return StoredType.F16;
            }

            @Override
            public List<Long> shape() {
                return List.of(elements);
            }

            @Override
            public void writeTo(MemorySegment target, long first, long end) {
                for (long i = first; i < end; i++) {
                    target.setAtIndex(
                            ValueLayout.JAVA_SHORT_UNALIGNED, i - first, (short) (i * 0x9E3779B97F4A7C15L >>> 50));
                }
            }
        };
        Path file = folder.resolve("written.safetensors");
        long[] told = {0};
        SafetensorsWriter.write(file, Map.of("w", numbers), Map.of(), bytes -> told[0] += bytes);
        assertThat(told[0]).isEqualTo(2 * elements);
        try (Checkpoint opened = Checkpoint.open(file)) {
            MemorySegment data = opened.tensor("w").data();
            for (long i = 0; i < elements; i += 9973) {
                assertThat(data.getAtIndex(ValueLayout.JAVA_SHORT_UNALIGNED, i))
                        .isEqualTo((short) (i * 0x9E3779B97F4A7C15L >>> 50));
            }
        }
        Files.delete(file);
    }
}

package io.llm2clip.embedding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.hardwood.InputFile;
import dev.hardwood.reader.ParquetFileReader;
import dev.hardwood.reader.RowReader;
import io.llm2clip.data.Item;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.StoredTensor;
import java.io.IOException;
import java.lang.foreign.Arena;
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
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Files of vectors, read by others' or by this project's other readers. */
class VectorFilesTest {
    @TempDir
    private Path folder;

    private static List<Item> items(int count) {
        List<Item> items = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            items.add(
                    i % 3 == 0
                            ? new Item.Text("K\u00e4fer \ud83e\ude81 " + i, null)
                            : new Item.Image("photos/" + i + ".png", Path.of(""), i % 3 == 1 ? "key " + i : null));
        }
        return items;
    }

    private static float value(int row, int column) {
        return (row + 1) * 0.37f - column * 1.21f;
    }

    private static MemorySegment vector(int row, int dimension) {
        MemorySegment vector = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, dimension);
        for (int i = 0; i < dimension; i++) {
            vector.setAtIndex(ValueLayout.JAVA_FLOAT, i, value(row, i));
        }
        return vector;
    }

    private interface Opening {
        VectorFile open(FileChannel channel) throws IOException;
    }

    private Path write(String name, List<Item> items, int dimension, Opening opening) throws IOException {
        Path file = folder.resolve(name);
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE, StandardOpenOption.READ)) {
            VectorFile vectors = opening.open(channel);
            for (int i = 0; i < items.size(); i++) {
                vectors.add(items.get(i), vector(i, dimension));
            }
            vectors.finish();
        }
        return file;
    }

    /** Groups and pages of few rows: many of each, and last ones that are not full. */
    @ParameterizedTest
    @CsvSource({"0, 5, 64, 32", "1, 1, 64, 32", "7, 1, 4, 4", "50, 5, 400, 60", "50, 5, 1, 1", "300, 130, 60000, 2000"})
    void parquetFilesHaveKeysKindsAndVectors(int count, int dimension, long groupBytes, int pageBytes)
            throws IOException {
        List<Item> items = items(count);
        Path file = write(
                "v.parquet",
                items,
                dimension,
                channel -> new ParquetWriter(channel, VectorType.F32, dimension, groupBytes, pageBytes));
        try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(file));
                RowReader rows = reader.rowReader()) {
            assertThat(reader.getFileMetaData().numRows()).isEqualTo(count);
            for (int row = 0; row < count; row++) {
                assertThat(rows.hasNext()).isTrue();
                rows.next();
                assertThat(rows.getString("key")).isEqualTo(items.get(row).label());
                assertThat(rows.getString("kind")).isEqualTo(items.get(row).kind());
                List<Float> values = rows.getList("embedding").floats();
                assertThat(values).hasSize(dimension);
                for (int i = 0; i < dimension; i++) {
                    assertThat(values.get(i)).isEqualTo(value(row, i));
                }
            }
            assertThat(rows.hasNext()).isFalse();
        }
    }

    @Test
    void parquetFilesOfHalvesHaveFloat16() throws IOException {
        Path file = write("h.parquet", items(4), 3, channel -> new ParquetWriter(channel, VectorType.F16, 3));
        try (ParquetFileReader reader = ParquetFileReader.open(InputFile.of(file));
                RowReader rows = reader.rowReader()) {
            for (int row = 0; row < 4; row++) {
                rows.next();
                for (int i = 0; i < 3; i++) {
                    Object raw = rows.getList("embedding").getRaw(i);
                    short half = raw instanceof byte[] bytes
                            ? ByteBuffer.wrap(bytes)
                                    .order(ByteOrder.LITTLE_ENDIAN)
                                    .getShort()
                            : Float.floatToFloat16((Float) raw);
                    assertThat(half).isEqualTo(Float.floatToFloat16(value(row, i)));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void safetensorsFilesHaveKeysAsBytes(VectorType type) throws IOException {
        List<Item> items = items(20);
        long bytes = items.stream()
                .mapToLong(item -> item.label().getBytes(StandardCharsets.UTF_8).length)
                .sum();
        Path file = write(
                "v.safetensors",
                items,
                3,
                channel -> new SafetensorsVectors(channel, type, 3, new SafetensorsVectors.Sizes(20, bytes)));
        try (Checkpoint source = Checkpoint.open(file)) {
            assertThat(source.entries()).containsOnlyKeys("embeddings", "keys", "key_ends", "is_text");
            StoredTensor embeddings = source.tensor("embeddings");
            assertThat(embeddings.shape()).containsExactly(20L, 3L);
            float[] values = embeddings.toFloats();
            byte[] labels = source.tensor("keys").data().toArray(ValueLayout.JAVA_BYTE);
            ByteBuffer ends = source.tensor("key_ends").data().asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
            int begin = 0;
            for (int row = 0; row < 20; row++) {
                int end = Math.toIntExact(ends.getLong(row * Long.BYTES));
                assertThat(new String(labels, begin, end - begin, StandardCharsets.UTF_8))
                        .isEqualTo(items.get(row).label());
                begin = end;
                assertThat(source.tensor("is_text").data().get(ValueLayout.JAVA_BYTE, row))
                        .isEqualTo((byte) (row % 3 == 0 ? 1 : 0));
                for (int i = 0; i < 3; i++) {
                    float exact = value(row, i);
                    float stored = type == VectorType.F32 ? exact : Float.float16ToFloat(Float.floatToFloat16(exact));
                    assertThat(values[3 * row + i]).isEqualTo(stored);
                }
            }
            assertThat(begin).isEqualTo(labels.length);
        }
        assertThatThrownBy(() -> write(
                        "short.safetensors",
                        items(2),
                        3,
                        channel -> new SafetensorsVectors(channel, type, 3, new SafetensorsVectors.Sizes(3, 9))))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void numpyFilesOfHalvesSaySo() throws IOException {
        Path file = write("v.npy", items(2), 3, channel -> new NpyWriter(channel, VectorType.F16, 3));
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(bytes.capacity()).isEqualTo(128 + 2 * 3 * Short.BYTES);
        assertThat(new String(bytes.array(), 10, 118, StandardCharsets.US_ASCII))
                .startsWith("{'descr': '<f2', 'fortran_order': False, 'shape': (2, 3), } ");
        for (int i = 0; i < 6; i++) {
            assertThat(bytes.getShort(128 + i * Short.BYTES)).isEqualTo(Float.floatToFloat16(value(i / 3, i % 3)));
        }
    }

    @Test
    void vectorsOfAnotherLengthAreRefused() {
        for (Opening opening : List.<Opening>of(
                channel -> new NpyWriter(channel, VectorType.F32, 4),
                channel -> new ParquetWriter(channel, VectorType.F32, 4),
                channel -> new SafetensorsVectors(channel, VectorType.F32, 4, new SafetensorsVectors.Sizes(1, 1)))) {
            assertThatThrownBy(() -> write("x" + opening.hashCode(), items(1), 3, opening))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("Expected a vector of 4 values, found one of 3.");
        }
    }
}

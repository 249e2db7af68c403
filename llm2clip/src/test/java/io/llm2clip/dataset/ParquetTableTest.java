package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.Util;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables that pyarrow wrote, see {@code tests/reference/parquet_tables.py}. */
class ParquetTableTest {
    @TempDir
    Path folder;

    private Path resource(String name) throws IOException {
        try (InputStream content = ParquetTableTest.class.getResourceAsStream(name)) {
            Path file = folder.resolve(name);
            Files.copy(Objects.requireNonNull(content), file);
            return file;
        }
    }

    private static ExampleSet open(Path file) {
        return ExampleSets.open(file.toString(), CaptionColumns.BY_NAME);
    }

    /** Shard and index of all examples. */
    private static List<int[]> places(ExampleSet set) {
        List<int[]> places = new ArrayList<>();
        for (int shard = 0; shard < set.shards(); shard++) {
            for (int index = 0; index < set.size(shard); index++) {
                places.add(new int[] {shard, index});
            }
        }
        return places;
    }

    @Test
    void anyRowIsReadWhereverItsPageIs() throws Exception {
        ExampleSet set = open(resource("dreamlip.parquet"));
        List<int[]> places = places(set);
        assertThat(places).hasSize(400);
        assertThat(set.shards()).isEqualTo(3);
        SplittableRandom random = new SplittableRandom(3);
        for (int n : random.ints(600, 0, 400).toArray()) {
            List<String> expected = new ArrayList<>();
            if (n % 7 != 0) {
                expected.add("raw " + n);
            }
            expected.add("short " + n % 5);
            expected.add(("long " + n + " " + "é".repeat(n % 11)).strip());
            int[] place = places.get(n);
            assertThat(set.captions(place[0], place[1])).isEqualTo(expected);
        }
        assertThatThrownBy(() -> set.read(1, 2))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("The image of row 3 of group 2 of")
                .hasMessageContaining("is an address, https://example.org/152.jpg; fetch it first");
    }

    /** Pages of the first format without an index, of the first with one, and of the second. */
    @ParameterizedTest
    @ValueSource(strings = {"images.parquet", "indexed.parquet", "second.parquet"})
    void bytesOfImagesAndListsOfCaptions(String name) throws Exception {
        ExampleSet set = open(resource(name));
        List<int[]> places = places(set);
        assertThat(places).hasSize(40);
        for (int n : new SplittableRandom(5).ints(200, 0, 40).toArray()) {
            int[] place = places.get(n);
            if (n == 2) {
                assertThatThrownBy(() -> set.captions(place[0], place[1])).hasMessageEndingWith("has no caption.");
                continue;
            }
            Example example = set.read(place[0], place[1]);
            assertThat(example.texts())
                    .isEqualTo(IntStream.rangeClosed(0, n % 4)
                            .mapToObj(c -> "caption " + n + " " + c)
                            .toList());
            if (n == 3) {
                assertThat(example.image()).isEmpty();
                continue;
            }
            byte[] expected = new byte[3 * (n + 1)];
            for (int i = 0; i < expected.length; i += 3) {
                expected[i] = (byte) n;
                expected[i + 1] = -1;
            }
            assertThat(((ExampleImage.OfBytes) example.image().orElseThrow()).content())
                    .isEqualTo(expected);
        }
    }

    @Test
    void filesOfAFolderAreOneTableAndDamagedOnesAreLeftOut() throws Exception {
        Path whole = resource("images.parquet");
        byte[] bytes = Files.readAllBytes(whole);
        Files.write(folder.resolve("second.parquet"), bytes);
        Path cut = Files.write(folder.resolve("cut.parquet"), Arrays.copyOf(bytes, bytes.length / 2));
        ExampleSet set = open(folder);
        assertThat(set.size()).isEqualTo(80);
        assertThat(set.notes())
                .containsExactly(
                        "1 of 3 files are left out: The Parquet file %s cannot be read (it does not end as one, perhaps it was cut off)."
                                .formatted(cut));
        String digest = set.digest();
        Files.delete(cut);
        assertThat(open(folder).digest()).isNotEqualTo(digest);
        Files.write(cut, new byte[] {1, 2});
        assertThatThrownBy(() -> open(cut))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith(
                        cut + " has no rows (The Parquet file " + cut + " cannot be read (2 bytes are no");
        assertThatThrownBy(() -> ExampleSets.open(folder + "/{images,no}.parquet", CaptionColumns.BY_NAME))
                .hasMessage(
                        "1 of 2 shards of %s/{images,no}.parquet are missing, the first is %s; correct the range or fetch them."
                                .formatted(folder, folder.resolve("no.parquet")));
    }

    /** The dictionary of raw captions in the first row group, behind its header. */
    @Test
    void aDamagedColumnIsOfItsRowGroupOnly() throws Exception {
        Path file = resource("dreamlip.parquet");
        byte[] bytes = Files.readAllBytes(file);
        Arrays.fill(bytes, 2560, 2600, (byte) -1);
        Files.write(file, bytes);
        ExampleSet set = ExampleSets.open(file.toString(), new CaptionColumns(Set.of("raw_caption")));
        assertThatThrownBy(() -> set.captions(0, 1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining(file.toString());
        assertThat(set.captions(1, 1)).containsExactly("raw 151");
        assertThat(set.captions(2, 98)).containsExactly("raw 398");
    }

    /** Whatever the bytes are, a row is read or refused. */
    @Test
    @Timeout(60)
    void damagedBytesAreRefusedInASentence() throws Exception {
        byte[] whole = Files.readAllBytes(resource("images.parquet"));
        SplittableRandom random = new SplittableRandom(11);
        Path file = folder.resolve("damaged.parquet");
        for (int i = 0; i < 60; i++) {
            byte[] bytes = whole.clone();
            for (int k = 0; k < 4; k++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
            }
            Files.write(file, bytes);
            try {
                ExampleSet set = open(file);
                for (int[] place : places(set)) {
                    readOrRefused(set, place);
                }
            } catch (InputException e) {
                assertThat(e).hasMessageContaining(file.toString());
            }
        }
    }

    private static void readOrRefused(ExampleSet set, int[] place) {
        try {
            set.read(place[0], place[1]);
        } catch (InputException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Test
    void columnsThatDoNotFitAreNamed() throws Exception {
        Path numbers = resource("numbers.parquet");
        assertThatThrownBy(() -> open(numbers))
                .isInstanceOf(InputException.class)
                .hasMessage("The column caption of %s has values of type int64, expected texts; name another column."
                        .formatted(numbers));
        Path dreamlip = resource("dreamlip.parquet");
        assertThatThrownBy(() ->
                        ExampleSets.open(dreamlip.toString(), new CaptionColumns(Set.of("raw_caption", "longSV"))))
                .hasMessage(dreamlip
                        + " has the columns Image Path, raw_caption, shortSV_captions, longSV_captions, width, expected longsv;"
                        + " name the columns with captions.");
        assertThatThrownBy(() -> open(folder))
                .hasMessage("%s has the columns caption, image, the files before it have Image Path, raw_caption,"
                                .formatted(numbers)
                        + " shortSV_captions, longSV_captions, width; use files of one table.");
    }

    /** A file whose end says that its columns are compressed otherwise. */
    private static void compress(Path file, CompressionCodec codec) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        int tail = bytes.length - Integer.BYTES - ParquetChunk.MAGIC.length;
        int start = tail - ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(tail);
        FileMetaData metadata = Util.readFileMetaData(new ByteArrayInputStream(bytes, start, tail - start));
        metadata.getRow_groups()
                .getLast()
                .getColumns()
                .forEach(chunk -> chunk.getMeta_data().setCodec(codec));
        var changed = new ByteArrayOutputStream();
        changed.write(bytes, 0, start);
        Util.writeFileMetaData(metadata, changed);
        changed.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(changed.size() - start)
                .array());
        changed.writeBytes(ParquetChunk.MAGIC);
        Files.write(file, changed.toByteArray());
    }

    /** It is known before a row is drawn, and no damage. */
    @Test
    void whatCannotBeDecompressedIsNamedAtOnce() throws Exception {
        Path file = resource("dreamlip.parquet");
        compress(file, CompressionCodec.LZ4_RAW);
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The column Image Path of %s is compressed with LZ4_RAW, which is not read; write the file with snappy, zstd, gzip or none.",
                        file);
        assertThat(ParquetCompression.absence(CompressionCodec.ZSTD, ClassLoader.getPlatformClassLoader()))
                .contains(
                        "compressed with ZSTD, for which com.github.luben:zstd-jni is not on the class path; add it, or write the file with snappy, zstd, gzip or none");
        for (CompressionCodec read : List.of(
                CompressionCodec.UNCOMPRESSED, CompressionCodec.GZIP, CompressionCodec.SNAPPY, CompressionCodec.ZSTD)) {
            assertThat(ParquetCompression.absence(read, ParquetTableTest.class.getClassLoader()))
                    .isEmpty();
        }
    }
}

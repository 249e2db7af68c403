package io.llm2clip.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class TextVectorStoreTest {
    private static final int DIMENSION = 3;

    @TempDir
    Path folder;

    private static final Fingerprint MODEL =
            new Fingerprint(Map.of("weights", "a", "tokenizer", "t", "caption format", "f"));

    private static TextVectorStore open(Path folder) {
        return TextVectorStore.open(folder, MODEL, DIMENSION);
    }

    private static float[] vector(int i) {
        return new float[] {i, -i, 0.5f * i};
    }

    private static void fill(TextVectorStore store, int from, int to) {
        IntStream.range(from, to).forEach(i -> store.put("caption " + i, vector(i)));
    }

    private static void assertHolds(TextVectorStore store, int count) {
        assertThat(store.size()).isEqualTo(count);
        assertValues(store, count);
    }

    private static void assertValues(TextVectorStore store, int count) {
        for (int i = 0; i < count; i++) {
            assertThat(store.get("caption " + i)).isEqualTo(vector(i));
        }
        assertThat(store.contains("caption " + count)).isFalse();
    }

    @Test
    void returnsWhatWasPutBeforeAndAfterReopening() {
        try (TextVectorStore store = open(folder)) {
            // More than one flush's worth, read while it grows.
            fill(store, 0, 1500);
            assertHolds(store, 1500);
            fill(store, 1500, 2600);
            assertHolds(store, 2600);
        }
        try (TextVectorStore store = open(folder)) {
            assertHolds(store, 2600);
            fill(store, 0, 2601);
            assertHolds(store, 2601);
            float[] batch = new float[7];
            store.get("caption 2", MemorySegment.ofArray(batch).asSlice(4 * Float.BYTES));
            assertThat(batch).containsExactly(0, 0, 0, 0, 2, -2, 1);
        }
    }

    /** No row passes through the heap, and rows of equal values are told as such without being read into memory. */
    @ParameterizedTest
    @EnumSource
    void vectorsAreReadWhereTheyAre(StoredFloats type) {
        int dimension = 4096;
        try (TextVectorStore store =
                TextVectorStore.open(folder, VectorPart.WHOLE, MODEL, dimension, Optional.of(type))) {
            for (int i = 0; i < 300; i++) {
                float[] vector = new float[dimension];
                Arrays.fill(vector, i % 299);
                store.put("caption " + i, vector);
            }
            store.finish();
            MemorySegment batch = Arena.ofAuto().allocate((long) Float.BYTES * dimension, Float.BYTES);
            var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
            store.get(store.rowOf("caption 0"), batch);
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 300; i++) {
                store.get(i, batch);
                assertThat(batch.getAtIndex(ValueLayout.JAVA_FLOAT, dimension - 1))
                        .isEqualTo(i % 299);
            }
            assertThat((threads.getCurrentThreadAllocatedBytes() - before) / 300)
                    .isLessThan(dimension);
            assertThat(store.content(0)).isEqualTo(store.content(299)).hasSameHashCodeAs(store.content(299));
            assertThat(store.content(0)).isNotEqualTo(store.content(1));
        }
    }

    @Test
    void aFileThatIsGoneIsNamed() throws Exception {
        try (TextVectorStore store = open(folder)) {
            fill(store, 0, 5);
        }
        Files.delete(folder.resolve("vectors.f32"));
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The text vector store %s has 5 keys and no vectors.f32; delete it to build it anew.", folder);
    }

    @Test
    void namesWhatIsStillToBeComputed() {
        try (TextVectorStore store = open(folder)) {
            fill(store, 0, 2);
            assertThat(store.missing(List.of("b", "caption 1", "a", "b"))).containsExactly("b", "a");
        }
    }

    @Test
    void theFirstVectorOfACaptionStays() {
        try (TextVectorStore store = open(folder)) {
            store.put("x", vector(1));
            store.put("x", vector(2));
            assertThat(store.get("x")).isEqualTo(vector(1));
            assertThat(store.size()).isEqualTo(1);
        }
    }

    @Property(tries = 60)
    void anyLengthOfEitherFileLeavesAPrefix(
            @ForAll @IntRange(max = 360) int keys, @ForAll @IntRange(max = 120) int rows) throws IOException {
        Path store = Files.createTempDirectory("vectors");
        try {
            try (TextVectorStore writer = open(store)) {
                fill(writer, 0, 10);
            }
            truncate(store.resolve("keys.bin"), keys);
            truncate(store.resolve("vectors.f32"), StoreHeader.BYTES + rows);
            int expected = Math.min(keys / 36, rows / 12);
            try (TextVectorStore reader = open(store)) {
                assertHolds(reader, expected);
                fill(reader, expected, 10);
            }
            try (TextVectorStore reader = open(store)) {
                assertHolds(reader, 10);
            }
        } finally {
            for (String file : List.of("keys.bin", "vectors.f32")) {
                Files.delete(store.resolve(file));
            }
            Files.delete(store);
        }
    }

    @Test
    void aDamagedRowAfterTheLastFinishIsCutOff() throws Exception {
        try (TextVectorStore store = open(folder)) {
            fill(store, 0, 5);
        }
        flip(folder.resolve("vectors.f32"), StoreHeader.BYTES + 3L * 12 + 1);
        try (TextVectorStore store = open(folder)) {
            assertHolds(store, 3);
        }
    }

    @Test
    void aFinishedStoreMustNotShrink() throws Exception {
        try (TextVectorStore store = open(folder)) {
            fill(store, 0, 5);
            store.finish();
            fill(store, 5, 7);
        }
        truncate(folder.resolve("keys.bin"), 5 * 36);
        try (TextVectorStore store = open(folder)) {
            assertHolds(store, 5);
        }
        truncate(folder.resolve("keys.bin"), 4 * 36);
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The text vector store %s was finished with 5 vectors but has 4; delete it to build it anew.",
                        folder);
        Files.writeString(folder.resolve("finished"), "many");
        assertThatThrownBy(() -> open(folder))
                .hasMessage(
                        "The file %s should hold a number of vectors; delete the store to build it anew.",
                        folder.resolve("finished"));
    }

    @Test
    void anotherModelIsRefusedAndSaidWhatDiffers() {
        open(folder).close();
        Fingerprint other = new Fingerprint(Map.of("weights", "a", "tokenizer", "u", "pooling", "mean"));
        assertThatThrownBy(() -> TextVectorStore.open(folder, other, 4))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The text vector store %s holds vectors of another text encoder or use of it (caption format, "
                                + "pooling, tokenizer, 3 values per vector, not 4); give another folder or delete it.",
                        folder);
        assertThatThrownBy(() -> TextVectorStore.open(folder, MODEL, 4))
                .hasMessageContaining("(3 values per vector, not 4)");
        try (TextVectorStore store = open(folder)) {
            assertHolds(store, 0);
        }
    }

    @Test
    void fingerprintsAreLines() {
        assertThat(Fingerprint.parse(MODEL.text())).isEqualTo(MODEL);
        assertThat(MODEL.differences(Fingerprint.parse(MODEL.text()))).isEmpty();
        Fingerprint equals = new Fingerprint(Map.of("a", "b=c="));
        assertThat(Fingerprint.parse(equals.text())).isEqualTo(equals);
        for (Map<String, String> parts : List.of(
                Map.<String, String>of(),
                Map.of("a=b", "c"),
                Map.of("", "c"),
                Map.of("a", "b\nc"),
                Map.of("a", "\0"))) {
            assertThatThrownBy(() -> new Fingerprint(parts)).isInstanceOf(IllegalArgumentException.class);
        }
        Fingerprint large = new Fingerprint(Map.of("a", "x".repeat(5000)));
        assertThatThrownBy(() -> TextVectorStore.open(folder, large, 3))
                .hasMessageContaining("a fingerprint of at most 4072 bytes, found 3 and 5002 bytes");
    }

    @Test
    void closesOnceAndSaysThatItIsClosed() {
        TextVectorStore store = open(folder);
        fill(store, 0, 1100);
        store.close();
        store.close();
        assertThatThrownBy(() -> store.put("x", vector(1)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("The text vector store %s is closed; open it again.", folder);
        assertThatThrownBy(() -> store.get("caption 1")).hasMessageContaining("is closed; open it again");
        assertThatThrownBy(store::finish).hasMessageContaining("is closed; open it again");
        try (TextVectorStore again = open(folder)) {
            assertHolds(again, 1100);
        }
    }

    /** Sparse files, of which only the last rows are touched: indexing them all takes seconds and gigabytes. */
    @Test
    @DisabledOnOs(OS.WINDOWS)
    void readsRowsBeyondWhatABufferHolds() throws IOException {
        int rows = Integer.MAX_VALUE / Float.BYTES + 1000;
        TextKey last = TextKey.of(MODEL.text(), "the last");
        float[] one = {1};
        ByteBuffer entry = ByteBuffer.allocate(MappedRows.ENTRY_BYTES);
        last.write(entry);
        ByteBuffer row = ByteBuffer.allocate(Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        row.asFloatBuffer().put(one);
        entry.putInt(MappedRows.checksum(row));
        try (var keys = new RandomAccessFile(folder.resolve("keys.bin").toFile(), "rw");
                var vectors = new RandomAccessFile(folder.resolve("vectors.f32").toFile(), "rw")) {
            keys.seek((rows - 1L) * MappedRows.ENTRY_BYTES);
            keys.write(entry.array());
            vectors.seek(StoreHeader.BYTES + (rows - 1L) * Float.BYTES);
            vectors.write(row.array());
            try (MappedRows mapped =
                    MappedRows.map(vectors.getChannel(), keys.getChannel(), rows, 1, StoredFloats.F32)) {
                assertThat(mapped.key(rows - 1)).isEqualTo(last);
                assertThat(mapped.intact(rows - 1)).isTrue();
                assertThat(mapped.intact(rows - 2)).isFalse();
                float[] target = new float[2];
                mapped.copy(rows - 1, MemorySegment.ofArray(target).asSlice(Float.BYTES));
                assertThat(target).containsExactly(0, 1);
            }
        }
        assertThat(rows).isLessThan(RowIndex.MAX_ROWS);
    }

    @Test
    void theIndexFindsEveryKeyWhileItGrows() {
        List<TextKey> keys = new ArrayList<>();
        RowIndex index = new RowIndex(0);
        for (int row = 0; row < 5000; row++) {
            // Many keys share a slot.
            TextKey key = new TextKey(row % 7, row, 0, 0);
            index.add(key, row, keys::get);
            keys.add(key);
            index.add(key, 9999, keys::get);
        }
        assertThat(index.size()).isEqualTo(5000);
        for (int row = 0; row < keys.size(); row++) {
            assertThat(index.find(keys.get(row), keys::get)).isEqualTo(row);
        }
        assertThat(index.find(new TextKey(3, -1, 0, 0), keys::get)).isEqualTo(-1);
        assertThat(new RowIndex(5000).find(keys.getFirst(), keys::get)).isEqualTo(-1);
    }

    @Test
    void keysDependOnModelAndCaption() {
        assertThat(TextKey.of("a", "bc")).isNotEqualTo(TextKey.of("ab", "c"));
        assertThat(TextKey.of("a", "b")).isEqualTo(TextKey.of("a", "b"));
    }

    @Test
    void aDamagedHeaderIsRefused() throws Exception {
        try (TextVectorStore store = open(folder)) {
            fill(store, 0, 1);
        }
        flip(folder.resolve("vectors.f32"), 20);
        assertThatThrownBy(() -> open(folder))
                .hasMessage("The text vector store %s has a damaged header; delete it to build it anew.", folder);
        flip(folder.resolve("vectors.f32"), 0);
        assertThatThrownBy(() -> open(folder))
                .hasMessage("The text vector store %s is not of version 2; delete it to build it anew.", folder);
    }

    @Test
    void oneWriterAtATime() {
        try (TextVectorStore store = open(folder)) {
            assertThat(store.dimension()).isEqualTo(DIMENSION);
            assertThatThrownBy(() -> open(folder))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage(
                            "%s: another run of this program is writing to this folder; wait until it ends or choose another folder.",
                            folder);
            // Trying must not have given up the lock.
            assertThatThrownBy(() -> open(folder)).isInstanceOf(CheckpointException.class);
        }
        open(folder).close();
    }

    @Test
    void aFileOfSomebodyElseIsLeftAlone() throws IOException {
        Path vectors = Files.writeString(folder.resolve("vectors.f32"), "measured by hand");
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("is not of version ");
        assertThat(vectors).hasContent("measured by hand");
    }

    @Test
    void aHeaderThatWasCutOffIsWrittenAgain() throws IOException {
        open(folder).close();
        truncate(folder.resolve("vectors.f32"), 100);
        try (TextVectorStore store = open(folder)) {
            fill(store, 0, 1);
        }
        assertHolds(open(folder), 1);
    }

    @Test
    void refusesVectorsThatCannotBeRight() {
        try (TextVectorStore store = open(folder)) {
            assertThatThrownBy(() -> store.put("x", new float[2]))
                    .hasMessage("The store holds vectors of 3 values, found one of 2.");
            assertThatThrownBy(() -> store.put("x", new float[] {1, Float.NaN, 0}))
                    .hasMessage("The vector of \"x\" contains NaN; the text encoder is broken.");
            assertThatThrownBy(() -> store.get("x"))
                    .hasMessage("The store %s has no vector for \"x\"; cache the captions first.", folder);
        }
        assertThatThrownBy(() -> TextVectorStore.open(folder, MODEL, 0)).isInstanceOf(IllegalArgumentException.class);
    }

    private static void truncate(Path file, int length) throws IOException {
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.setLength(length);
        }
    }

    private static void flip(Path file, long position) throws IOException {
        try (var access = new RandomAccessFile(file.toFile(), "rw")) {
            access.seek(position);
            int value = access.read();
            access.seek(position);
            access.write(value ^ 0x55);
        }
    }

    @Test
    void sharesOfOtherProcessesAreTakenOverWhenTheyAreFinished() throws IOException {
        for (int number = 1; number <= 3; number++) {
            VectorPart part = new VectorPart(number, 3);
            try (TextVectorStore share = TextVectorStore.open(folder, part, MODEL, DIMENSION, Optional.empty())) {
                for (int i = 0; i < 1200; i++) {
                    if (part.has(i) || i % 100 == 0) {
                        share.put("caption " + i, vector(i));
                    }
                }
                if (number < 3) {
                    share.finish();
                }
            }
        }
        try (TextVectorStore share =
                        TextVectorStore.open(folder, new VectorPart(2, 3), MODEL, DIMENSION, Optional.empty());
                TextVectorStore store = open(folder)) {
            // The first is finished, the second is open elsewhere, the third was never finished.
            assertThat(share.size()).isEqualTo(store.size()).isEqualTo(408);
        }
        assertThat(folder.resolve("part-1-of-3")).doesNotExist();
        try (TextVectorStore share =
                TextVectorStore.open(folder, new VectorPart(3, 3), MODEL, DIMENSION, Optional.empty())) {
            share.finish();
        }
        try (TextVectorStore store = open(folder)) {
            assertHolds(store, 1200);
        }
        try (TextVectorStore store = open(folder)) {
            assertHolds(store, 1200);
        }
        try (var files = Files.list(folder)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("vectors.f32", "keys.bin", "finished");
        }
    }

    @Test
    void aShareOfAnotherModelIsRefusedAndKept() {
        VectorPart part = new VectorPart(1, 2);
        Fingerprint other = MODEL.and("weights", "b");
        try (TextVectorStore share = TextVectorStore.open(folder, part, other, DIMENSION, Optional.empty())) {
            share.put("caption 0", vector(0));
            share.finish();
        }
        assertThatThrownBy(() -> open(folder))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("part-1-of-2 holds vectors of another text encoder or use of it (weights)");
        try (TextVectorStore share = TextVectorStore.open(folder, part, other, DIMENSION, Optional.empty())) {
            assertHolds(share, 1);
        }
    }

    @Test
    void halvesTakeHalfAndAreReadAsTheyWillBe() throws Exception {
        float[] vector = {0.1f, -65_504, 1e-7f};
        float[] rounded = new float[3];
        for (int i = 0; i < 3; i++) {
            rounded[i] = Float.float16ToFloat(Float.floatToFloat16(vector[i]));
        }
        try (TextVectorStore store = halves()) {
            store.put("x", vector);
            assertThat(store.get("x")).isEqualTo(rounded).isNotEqualTo(vector);
            fill(store, 0, 1500);
            assertValues(store, 1500);
            assertThatThrownBy(() -> store.put("y", new float[] {0, 70_000, 0}))
                    .isInstanceOf(InputException.class)
                    .hasMessage(
                            "The vector of \"y\" contains 70000.0, which is too large for a store of type F16; use another folder with F32.");
            store.finish();
        }
        assertThat(Files.size(folder.resolve("vectors.f16"))).isEqualTo(StoreHeader.BYTES + 1501L * 6);
        assertThat(folder.resolve("vectors.f32")).doesNotExist();
        // Whoever opens it need not know.
        try (TextVectorStore store = open(folder)) {
            assertThat(store.get("x")).isEqualTo(rounded);
            fill(store, 1500, 1510);
            assertValues(store, 1510);
        }
        assertThatThrownBy(() ->
                        TextVectorStore.open(folder, VectorPart.WHOLE, MODEL, DIMENSION, Optional.of(StoredFloats.F32)))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The text vector store %s has values of type F16, expected F32; leave the type out or give another folder.",
                        folder);
        flip(folder.resolve("vectors.f16"), StoreHeader.BYTES + 1505L * 6 + 1);
        try (TextVectorStore store = open(folder)) {
            // Rows after the last finish are checked.
            assertThat(store.size()).isEqualTo(1505);
        }
    }

    private TextVectorStore halves() {
        return TextVectorStore.open(folder, VectorPart.WHOLE, MODEL, DIMENSION, Optional.of(StoredFloats.F16));
    }
}

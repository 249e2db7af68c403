package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsWriterTest {
    @TempDir
    private Path directory;

    @Property(tries = 100)
    void whatIsWrittenIsRead(
            @ForAll("tensors") Map<String, StoredTensor> tensors, @ForAll("metadata") Map<String, String> metadata)
            throws IOException {
        Path file = Files.createTempFile("round-trip", ".safetensors");
        try {
            SafetensorsWriter.write(file, tensors, metadata);
            try (Checkpoint read = Checkpoint.open(file)) {
                assertThat(read.metadata()).containsAllEntriesOf(metadata).containsKey("format");
                assertThat(read.entries()).containsOnlyKeys(tensors.keySet());
                tensors.forEach((name, written) -> {
                    StoredTensor tensor = read.tensor(name);
                    assertThat(tensor.type()).isEqualTo(written.type());
                    assertThat(tensor.shape()).isEqualTo(written.shape());
                    assertThat(tensor.data().mismatch(written.data())).isEqualTo(-1);
                    assertThat(tensor.data().address() % tensor.type().bytes()).isZero();
                });
            }
        } finally {
            Files.delete(file);
        }
    }

    @Property(tries = 200)
    void floatsSurviveBitForBit(@ForAll float[] values) {
        assertThat(StoredTensor.of(values, values.length).toFloats()).containsExactly(values);
    }

    @Test
    void keepsTheOldFileWhenWritingFails() throws IOException {
        Path file = Files.writeString(directory.resolve("weights.safetensors"), "old");
        assertThatThrownBy(() -> AtomicFile.write(file, channel -> {
                    assertThat(channel.write(ByteBuffer.wrap(new byte[100]))).isPositive();
                    throw new IOException("No space left on device");
                }))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(
                        file + ": cannot be written: No space left on device; nothing was changed. Its disk has ")
                .hasMessageEndingWith(" MB free.");
        assertThat(file).hasContent("old");
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void replacesAFileAndLeavesNothingElse() throws IOException {
        Path file = directory.resolve("replaced.safetensors");
        SafetensorsWriter.write(file, Map.of("a", StoredTensor.of(new float[] {1}, 1)), Map.of());
        SafetensorsWriter.write(file, Map.of("a", StoredTensor.of(new float[] {2}, 1)), Map.of());
        try (Checkpoint read = Checkpoint.open(file)) {
            assertThat(read.readFloats("a")).containsExactly(2f);
        }
        try (Stream<Path> files = Files.list(file.getParent())) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void refusesTheReservedName() {
        Path file = directory.resolve("weights.safetensors");
        assertThatThrownBy(() -> SafetensorsWriter.write(
                        file, Map.of("__metadata__", StoredTensor.of(new float[0], 0)), Map.of()))
                .hasMessage(
                        file + ": expected tensor names other than '__metadata__', which the format keeps for itself.");
        assertThat(file).doesNotExist();
    }

    @Provide
    Arbitrary<Map<String, StoredTensor>> tensors() {
        Arbitrary<String> names = Arbitraries.strings()
                .withCharRange('a', 'z')
                .withChars("._0é\"\\ 漢")
                .ofMinLength(1)
                .ofMaxLength(12);
        return Arbitraries.maps(names, tensor()).ofMaxSize(6);
    }

    @Provide
    Arbitrary<Map<String, String>> metadata() {
        Arbitrary<String> strings = Arbitraries.strings().alpha().ofMaxLength(8);
        return Arbitraries.maps(strings, strings).ofMaxSize(3);
    }

    private static Arbitrary<StoredTensor> tensor() {
        Arbitrary<List<Long>> shapes = Arbitraries.longs().between(0, 4).list().ofMaxSize(4);
        return Combinators.combine(Arbitraries.of(StoredType.plain()), shapes, Arbitraries.longs())
                .as((type, shape, seed) -> {
                    byte[] bytes = new byte[Math.toIntExact(StoredTensor.byteSize(type, shape))];
                    new Random(seed).nextBytes(bytes);
                    return new StoredTensor(type, shape, MemorySegment.ofArray(bytes));
                });
    }
}

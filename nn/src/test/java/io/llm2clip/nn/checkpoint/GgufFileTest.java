package io.llm2clip.nn.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Reads what gguf's Python package wrote, see tests/reference/gguf_files.py. */
class GgufFileTest {
    private static final String DAMAGED = " The file is damaged; fetch it again.";

    @TempDir
    private Path directory;

    private static Path golden(String name) {
        return TorchGoldens.path("../gguf/" + name);
    }

    @Test
    void readsEveryTypeAsTheReferenceDoes() {
        try (Checkpoint file = Checkpoint.open(golden("every-type.gguf"));
                Checkpoint expected = Checkpoint.open(golden("every-type.safetensors"))) {
            assertThat(file.entries()).hasSize(expected.entries().size() + 1).containsKey("i32");
            expected.entries().forEach((name, tensor) -> {
                StoredTensor read = file.tensor(name);
                assertThat(read.type().name()).isEqualToIgnoringCase(name);
                assertThat(read.shape()).isEqualTo(tensor.shape());
                assertThat(read.toFloats()).as(name).isEqualTo(tensor.toFloats());
            });
            assertThat(file.unreadable()).isEqualTo(Map.of("q2_k", "one of GGML's type 10"));
        }
    }

    @Test
    void readsPartsOfBlocks() {
        try (Checkpoint file = Checkpoint.open(golden("every-type.gguf"))) {
            float[] whole = file.readFloats("q4_k");
            for (int first = 0; first < whole.length; first += 101) {
                for (int end = first; end <= whole.length; end += 97) {
                    float[] part = new float[end - first];
                    file.tensor("q4_k").copyFloatsTo(MemorySegment.ofArray(part), first, end);
                    assertThat(part).containsExactly(Arrays.copyOfRange(whole, first, end));
                }
            }
        }
    }

    @Test
    void readsMetadata() {
        try (Checkpoint file = Checkpoint.open(golden("every-type.gguf"))) {
            assertThat(file.metadata())
                    .containsEntry("general.architecture", "llama")
                    .containsEntry("general.name", "every type")
                    .containsEntry("test.u8", "200")
                    .containsEntry("test.i8", "-100")
                    .containsEntry("test.u16", "60000")
                    .containsEntry("test.i16", "-30000")
                    .containsEntry("test.u32", "4000000000")
                    .containsEntry("test.i32", "-2000000000")
                    .containsEntry("test.u64", "18446744073709551615")
                    .containsEntry("test.i64", "-9223372036854775808")
                    .containsEntry("test.f32", "0.1")
                    .containsEntry("test.f64", "0.1")
                    .containsEntry("test.bool", "true");
            assertThat(file.lists())
                    .containsEntry("test.tokens", List.of("<s>", "ünï", "▁the"))
                    .containsEntry("test.scores", List.of("1.5", "-2.0"))
                    .containsEntry("test.lists", List.of());
        }
    }

    /** Safetensors has no types for them; what we write we read as the same blocks. */
    @Test
    void blocksOfEveryTypeAreKeptInSafetensors() {
        Path target = directory.resolve("x.safetensors");
        try (Checkpoint file = Checkpoint.open(golden("every-type.gguf"))) {
            List<String> names = file.entries().keySet().stream()
                    .filter(name -> file.tensor(name).type().isQuantized())
                    .toList();
            assertThat(names).contains("q8_0", "q4_0", "q6_k");
            for (String name : names) {
                SafetensorsWriter.write(target, Map.of(name, file.tensor(name)), Map.of());
                try (Checkpoint written = Checkpoint.open(target)) {
                    assertThat(written.tensor(name).type())
                            .isEqualTo(file.tensor(name).type());
                    assertThat(written.tensor(name).shape())
                            .isEqualTo(file.tensor(name).shape());
                    assertThat(written.readFloats(name)).isEqualTo(file.readFloats(name));
                }
            }
        }
    }

    @Test
    void everyTruncationIsNoticed() throws IOException {
        byte[] whole = Files.readAllBytes(golden("every-type.gguf"));
        // The last tensor, of 168 bytes, is of a type whose size is not known; what lies before and behind is padding.
        int known = whole.length - 212;
        for (int length = 4; length < known; length += 3) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> read(cut)).as("first %d bytes", length).isInstanceOf(CheckpointException.class);
        }
    }

    private static Arguments damage(String name, Consumer<ByteBuffer> head, String message) {
        return Arguments.of(name, head, message);
    }

    private static void text(ByteBuffer head, String text) {
        head.putLong(text.length()).put(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void start(ByteBuffer head, long tensors, long entries) {
        head.putInt(3).putLong(tensors).putLong(entries);
    }

    private static void tensor(ByteBuffer head, String name, int type, long offset, long... dimensions) {
        text(head, name);
        head.putInt(dimensions.length);
        for (long dimension : dimensions) {
            head.putLong(dimension);
        }
        head.putInt(type).putLong(offset);
    }

    static Stream<Arguments> damages() {
        return Stream.of(
                damage(
                        "version 1",
                        h -> h.putInt(1),
                        "expected a GGUF file of version 2 or 3, little-endian, found version 1; convert it with today's llama.cpp."),
                damage(
                        "big-endian",
                        h -> h.putInt(0x03000000),
                        "expected a GGUF file of version 2 or 3, little-endian, found version 50331648; convert it with today's llama.cpp."),
                damage(
                        "tensors",
                        h -> start(h, -1, 0),
                        "expected up to 500000 tensors at byte 24 of a GGUF file, found 18446744073709551615."
                                + DAMAGED),
                damage(
                        "entries",
                        h -> start(h, 0, 1L << 60),
                        "expected up to 4000000 entries of metadata at byte 24 of a GGUF file, found 1152921504606846976."
                                + DAMAGED),
                damage(
                        "a long key",
                        h -> {
                            start(h, 0, 1);
                            h.putLong(1L << 40);
                        },
                        "expected 1099511627776 bytes at byte 32 of a GGUF file, found the end of the file." + DAMAGED),
                damage(
                        "a negative key",
                        h -> {
                            start(h, 0, 1);
                            h.putLong(-1);
                        },
                        "expected 18446744073709551615 bytes at byte 32 of a GGUF file, found the end of the file."
                                + DAMAGED),
                damage(
                        "a type",
                        h -> {
                            start(h, 0, 1);
                            text(h, "k");
                            h.putInt(13);
                        },
                        "expected a type of metadata from 0 to 12 at byte 37 of a GGUF file, found 13." + DAMAGED),
                damage(
                        "a long list",
                        h -> {
                            start(h, 0, 1);
                            text(h, "k");
                            h.putInt(9).putInt(0).putLong(1L << 40);
                        },
                        "expected up to 4000000 values of metadata at byte 49 of a GGUF file, found 1099511627776."
                                + DAMAGED),
                damage(
                        "a key twice",
                        h -> {
                            start(h, 0, 2);
                            text(h, "k");
                            h.putInt(0).put((byte) 1);
                            text(h, "k");
                        },
                        "expected the key 'k' once at byte 47 of a GGUF file, found it twice." + DAMAGED),
                damage(
                        "an alignment",
                        h -> {
                            start(h, 0, 1);
                            text(h, "general.alignment");
                            h.putInt(4).putInt(3);
                        },
                        "expected an alignment that is a power of 2 at byte 57 of a GGUF file, found 3." + DAMAGED),
                damage(
                        "dimensions",
                        h -> {
                            start(h, 1, 0);
                            text(h, "w");
                            h.putInt(9);
                        },
                        "expected up to 8 dimensions of tensor 'w' at byte 37 of a GGUF file, found 9." + DAMAGED),
                damage(
                        "a large tensor",
                        h -> {
                            start(h, 1, 0);
                            tensor(h, "w", 0, 0, 1L << 40, 1L << 40);
                        },
                        "tensor 'w': A tensor has fewer than 2^63 bytes, found shape [1099511627776, 1099511627776]."
                                + DAMAGED),
                damage(
                        "a negative dimension",
                        h -> {
                            start(h, 1, 0);
                            tensor(h, "w", 0, 0, -4);
                        },
                        "tensor 'w': A dimension is at least 0, found shape [-4]." + DAMAGED),
                damage(
                        "a part of a block",
                        h -> {
                            start(h, 1, 0);
                            tensor(h, "w", 8, 0, 33);
                        },
                        "tensor 'w': Rows of Q8_0 are multiples of 32 elements, found shape [33]." + DAMAGED),
                damage(
                        "a tensor outside",
                        h -> {
                            start(h, 1, 0);
                            tensor(h, "w", 0, 1L << 50, 4);
                        },
                        "tensor 'w': expected 16 bytes from byte 1125899906842624 of the data, found 4000 in all; the file is truncated, fetch it again."),
                damage(
                        "a negative offset",
                        h -> {
                            start(h, 1, 0);
                            tensor(h, "w", 0, -32, 4);
                        },
                        "expected tensor 'w' from byte 0 of the data, at a multiple of 32 at byte 57 of a GGUF file, found -32."
                                + DAMAGED),
                damage(
                        "an unaligned tensor",
                        h -> {
                            start(h, 1, 0);
                            tensor(h, "w", 0, 4, 4);
                        },
                        "expected tensor 'w' from byte 0 of the data, at a multiple of 32 at byte 57 of a GGUF file, found 4."
                                + DAMAGED),
                damage(
                        "an overlap",
                        h -> {
                            start(h, 2, 0);
                            tensor(h, "v", 0, 0, 16);
                            tensor(h, "w", 0, 32, 4);
                        },
                        "expected tensor 'w' from byte 64 of the data, at a multiple of 32 at byte 90 of a GGUF file, found 32."
                                + DAMAGED),
                damage(
                        "a tensor twice",
                        h -> {
                            start(h, 2, 0);
                            tensor(h, "w", 0, 0, 4);
                            tensor(h, "w", 0, 32, 4);
                        },
                        "expected tensor 'w' once at byte 90 of a GGUF file, found it twice." + DAMAGED));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("damages")
    void refusesDamage(String name, Consumer<ByteBuffer> head, String message) {
        ByteBuffer file = ByteBuffer.allocate(4096).order(ByteOrder.LITTLE_ENDIAN);
        file.put("GGUF".getBytes(StandardCharsets.US_ASCII));
        head.accept(file);
        assertThatThrownBy(() -> read(file.array()))
                .as(name)
                .isInstanceOf(CheckpointException.class)
                .hasMessage("hostile.gguf: " + message.replace("found 4000", "found " + data(file)));
    }

    private static int data(ByteBuffer head) {
        return head.capacity() - Math.ceilDiv(head.position(), 32) * 32;
    }

    private static TensorFile read(byte[] file) {
        return CheckpointFile.read(Path.of("hostile.gguf"), MemorySegment.ofArray(file));
    }
}

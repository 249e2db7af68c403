package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Reads the head of a GGUF file from its beginning, value by value, never past its end. */
final class GgufCursor {
    /** Of the largest vocabularies, heads have some ten million bytes. */
    private static final long LONGEST_HEAD = 200_000_000;

    private final Path file;
    private final LittleEndian bytes;
    private long at;

    GgufCursor(Path file, MemorySegment bytes) {
        this.file = file;
        this.bytes = new LittleEndian(bytes);
    }

    /** Bytes read so far. */
    long position() {
        return at;
    }

    /** Goes over bytes and returns where they begin. */
    long skip(long length) {
        long begin = at;
        if (!bytes.has(at, length)) {
            throw damaged(Long.toUnsignedString(length) + " bytes", "the end of the file");
        }
        if (at + length > LONGEST_HEAD) {
            throw damaged("a head of up to %d bytes".formatted(LONGEST_HEAD), "a longer one");
        }
        at += length;
        return begin;
    }

    int u8() {
        return bytes.u8(skip(1));
    }

    int u16() {
        return bytes.u16(skip(2));
    }

    long u32() {
        return bytes.u32(skip(4));
    }

    long i64() {
        return bytes.i64(skip(8));
    }

    String text() {
        long length = i64();
        return bytes.text(skip(length), length, StandardCharsets.UTF_8);
    }

    CheckpointException damaged(String expected, String found) {
        return new CheckpointException(
                "%s: expected %s at byte %d of a GGUF file, found %s. The file is damaged; fetch it again."
                        .formatted(file, expected, at, found));
    }
}

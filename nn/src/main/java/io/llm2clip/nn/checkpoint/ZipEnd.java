package io.llm2clip.nn.checkpoint;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * The end of a zip archive, which says where its directory lies.
 *
 * @param entries number of files, unsigned
 * @param size of the directory in bytes
 * @param offset where it begins
 */
record ZipEnd(long entries, long size, long offset) {
    private static final int SIZE = 22;
    private static final int SIZE_64 = 56;
    private static final int LOCATOR_SIZE = 20;
    private static final int LONGEST_COMMENT = 0xFFFF;
    private static final long END = 0x06054b50;
    private static final long END_64 = 0x06064b50;
    private static final long LOCATOR = 0x07064b50;
    /** What stands for a number that does not fit; it is elsewhere then. */
    private static final long NO_U16 = 0xFFFF;

    private static final long NO_U32 = 0xFFFF_FFFFL;

    /**
     * Sizes and place of a file that may need 64 bits.
     *
     * @param size uncompressed
     * @param local where its own header begins
     */
    record Large(long size, long compressed, long local) {
        private static final int TAG = 1;

        /** From an entry of the directory and its extra fields; what is missing is -1. */
        static Large of(LittleEndian directory, long entry, long extra, long extraLength) {
            long[] values = {directory.u32(entry + 24), directory.u32(entry + 20), directory.u32(entry + 42)};
            long at = extra;
            long field = 0;
            long left = 0;
            for (long end = extra + extraLength; end - at >= 4; at += 4 + directory.u16(at + 2)) {
                if (directory.u16(at) == TAG) {
                    field = at + 4;
                    left = Math.min(directory.u16(at + 2), end - field);
                    break;
                }
            }
            for (int i = 0; i < values.length; i++) {
                if (values[i] == NO_U32) {
                    values[i] = left >= Long.BYTES ? directory.i64(field) : -1;
                    field += Long.BYTES;
                    left -= Long.BYTES;
                }
            }
            return new Large(values[0], values[1], values[2]);
        }
    }

    /** @throws CheckpointException if there is none, or the directory cannot be where it says */
    static ZipEnd find(Path file, MemorySegment bytes) {
        LittleEndian all = new LittleEndian(bytes);
        for (long at = bytes.byteSize() - SIZE; at >= Math.max(0, bytes.byteSize() - SIZE - LONGEST_COMMENT); at--) {
            if (all.u32(at) == END && all.u16(at + 20) == bytes.byteSize() - SIZE - at) {
                return at(file, all, at);
            }
        }
        throw new CheckpointException(
                "%s: expected a zip archive with a directory at its end, found none; the file is truncated, fetch it again."
                        .formatted(file));
    }

    private static ZipEnd at(Path file, LittleEndian all, long at) {
        ZipEnd end = new ZipEnd(all.u16(at + 10), all.u32(at + 12), all.u32(at + 16));
        long limit = at;
        boolean wide = at >= LOCATOR_SIZE && all.u32(at - LOCATOR_SIZE) == LOCATOR;
        if (wide) {
            limit = all.i64(at - LOCATOR_SIZE + 8);
            if (!all.has(limit, SIZE_64) || limit > at || all.u32(limit) != END_64) {
                throw damaged(
                        file, "the end of a zip64 archive at byte " + Long.toUnsignedString(limit), "something else");
            }
            ZipEnd end64 = new ZipEnd(all.i64(limit + 32), all.i64(limit + 40), all.i64(limit + 48));
            // Programs differ in which of the two they believe.
            if (!agree(end.entries, end64.entries, NO_U16)
                    || !agree(end.size, end64.size, NO_U32)
                    || !agree(end.offset, end64.offset, NO_U32)) {
                throw damaged(file, "one directory", "two that differ, %s and %s".formatted(end, end64));
            }
            end = end64;
        }
        if (end.entries < 0 || end.size < 0 || end.offset < 0 || end.size > limit || end.offset != limit - end.size) {
            throw damaged(file, "a directory up to byte %d".formatted(limit), end.toString());
        }
        return end;
    }

    private static boolean agree(long narrow, long wide, long saturated) {
        return narrow == saturated || narrow == wide;
    }

    static CheckpointException damaged(Path file, String expected, String found) {
        return new CheckpointException(
                "%s: expected a zip archive with %s, found %s. The file is damaged; fetch it again."
                        .formatted(file, expected, found));
    }

    @Override
    public String toString() {
        return "one of %d bytes at byte %d for %d files".formatted(size, offset, entries);
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.data.Utf8;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.function.Supplier;

/**
 * A file of records, lines say, in blocks of {@link #RECORDS}. It keeps where every {@link #STRIDE}th record begins, an eighth of a byte per
 * record; the others are found by reading on from there.
 */
final class RecordBlocks {
    /** Records of a block; the last may have fewer. */
    static final int RECORDS = 1024;

    private static final int STRIDE = 64;
    /** No row of texts is that long. */
    private static final int MOST_BYTES = 16 << 20;

    private static final int PIECE = 1 << 16;
    /** A stride of short lines. */
    private static final int SMALL_PIECE = 1 << 13;

    private final Path file;
    private final Supplier<RecordEnds> ends;
    private final long[] starts;
    private final long records;

    private RecordBlocks(Path file, Supplier<RecordEnds> ends, long[] starts, long records) {
        this.file = file;
        this.ends = ends;
        this.starts = starts;
        this.records = records;
    }

    /**
     * Reads a file once.
     *
     * @param ends tells where records end, from the first byte of one on
     */
    static RecordBlocks of(Path file, Supplier<RecordEnds> ends) {
        var starts = new long[16];
        int known = 0;
        long records = 0;
        long offset = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            boolean atStart = true;
            RecordEnds end = ends.get();
            while (channel.read(piece.clear()) >= 0) {
                byte[] content = piece.array();
                for (int i = 0; i < piece.position(); i++, offset++) {
                    if (atStart && records++ % STRIDE == 0) {
                        starts = known < starts.length ? starts : Arrays.copyOf(starts, 2 * known);
                        starts[known++] = offset;
                    }
                    atStart = end.after(content[i]);
                }
            }
            if (end.unfinished()) {
                throw new InputException(
                        "%s ends within a quote that record %d opens; close it, or double it if it is a part of the text."
                                .formatted(file, records));
            }
            return new RecordBlocks(file, ends, Arrays.copyOf(starts, known), records);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** The number of blocks. */
    int count() {
        return Math.toIntExact(Math.ceilDiv(records, RECORDS));
    }

    /** The number of records of a block, blank lines included. */
    int size(int block) {
        return (int) Math.min(RECORDS, records - (long) block * RECORDS);
    }

    /**
     * A record without the end of its last line.
     *
     * @param index within the block
     */
    String record(int block, int index) {
        long number = (long) block * RECORDS + index;
        long at = starts[(int) (number / STRIDE)];
        int before = (int) (number % STRIDE);
        var record = new ByteArrayOutputStream();
        RecordEnds ending = ends.get();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer piece = ByteBuffer.allocate(SMALL_PIECE);
            for (boolean ended = false; !ended; at += piece.position()) {
                if (channel.read(piece.clear(), at) < 0) {
                    if (before > 0 || record.size() == 0) {
                        throw new InputException(
                                "%s has changed since the run began; start a new one.".formatted(file));
                    }
                    break;
                }
                int next = 0;
                while (before > 0 && next < piece.position()) {
                    before -= ending.after(piece.get(next++)) ? 1 : 0;
                }
                int start = next;
                while (!ended && next < piece.position()) {
                    ended = ending.after(piece.get(next++));
                }
                record.write(piece.array(), start, next - start);
                if (record.size() > MOST_BYTES) {
                    throw new InputException("Record %d of %s is longer than %d MB, which no text is; leave it out."
                            .formatted(number + 1, file, MOST_BYTES >> 20));
                }
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        String text = Utf8.text(record.toByteArray(), "record %d of %s".formatted(number + 1, file));
        int end = text.endsWith("\n") ? text.length() - 1 : text.length();
        // A file may begin with a byte order mark.
        return text.substring(number == 0 && text.startsWith("\uFEFF") ? 1 : 0, end);
    }

    private static InputException unreadable(Path file, IOException e) {
        return new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.BitSet;
import java.util.function.Supplier;

/** A file of records, lines say, in blocks of {@link #RECORDS}; of each block is known where it begins, of the records within it when they are asked for. */
final class RecordBlocks {
    /** Records of a block. */
    static final int RECORDS = 1024;

    /** Offsets that are worth keeping, four shuffle buffers: finding those of a block again takes one piece of the file. */
    static final int KEPT_OFFSETS = 4 * Sampling.DEFAULT.buffer();

    private static final int PIECE = 1 << 16;

    private final Path file;
    private final Supplier<RecordEnds> ends;
    private final long[] starts;
    private final long bytes;

    private RecordBlocks(Path file, Supplier<RecordEnds> ends, long[] starts, long bytes) {
        this.file = file;
        this.ends = ends;
        this.starts = starts;
        this.bytes = bytes;
    }

    /**
     * Reads a file once.
     *
     * @param ends tells where records end, from the first byte of one on
     */
    static RecordBlocks of(Path file, Supplier<RecordEnds> ends) {
        var starts = new long[16];
        int blocks = 0;
        long records = 0;
        long offset = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            boolean atStart = true;
            RecordEnds end = ends.get();
            while (channel.read(piece.clear()) >= 0) {
                byte[] content = piece.array();
                for (int i = 0; i < piece.position(); i++, offset++) {
                    if (atStart && records++ % RECORDS == 0) {
                        starts = blocks < starts.length ? starts : Arrays.copyOf(starts, 2 * blocks);
                        starts[blocks++] = offset;
                    }
                    atStart = end.after(content[i]);
                }
            }
            return new RecordBlocks(file, ends, Arrays.copyOf(starts, blocks), offset);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    /** The number of blocks; the last may have fewer records. */
    int count() {
        return starts.length;
    }

    /** Where the records of a block begin, blank lines too. */
    long[] offsets(int block) {
        long start = starts[block];
        long end = block + 1 < starts.length ? starts[block + 1] : bytes;
        long[] offsets = new long[RECORDS];
        int count = 0;
        boolean atStart = true;
        RecordEnds ending = ends.get();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer piece = ByteBuffer.allocate(PIECE);
            for (long offset = start; offset < end; ) {
                int read = channel.read(piece.clear().limit((int) Math.min(PIECE, end - offset)), offset);
                if (read < 0) {
                    throw changed();
                }
                for (int i = 0; i < read; i++, offset++) {
                    if (atStart) {
                        if (count == RECORDS) {
                            throw changed();
                        }
                        offsets[count++] = offset;
                    }
                    atStart = ending.after(piece.get(i));
                }
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        return Arrays.copyOf(offsets, count);
    }

    /**
     * Where those records of a block begin that can be used.
     *
     * @param usable by number of the record in the file
     */
    long[] usableOffsets(int block, BitSet usable) {
        long[] all = offsets(block);
        int first = block * RECORDS;
        int[] numbers = usable.get(first, first + RECORDS).stream().toArray();
        long[] found = new long[numbers.length];
        for (int i = 0; i < numbers.length; i++) {
            if (numbers[i] >= all.length) {
                throw changed();
            }
            found[i] = all[numbers[i]];
        }
        return found;
    }

    /** The record that begins at an offset, without the end of its last line. */
    String record(long offset) {
        var record = new ByteArrayOutputStream();
        RecordEnds ending = ends.get();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            ByteBuffer piece = ByteBuffer.allocate(1 << 12);
            boolean ended = false;
            for (long at = offset; !ended; at += piece.position()) {
                if (channel.read(piece.clear(), at) < 0) {
                    break;
                }
                int length = 0;
                while (length < piece.position() && !ended) {
                    ended = ending.after(piece.get(length++));
                }
                record.write(piece.array(), 0, length);
            }
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        String text = record.toString(StandardCharsets.UTF_8);
        int end = text.endsWith("\n") ? text.length() - 1 : text.length();
        // A file may begin with a byte order mark.
        return text.substring(offset == 0 && text.startsWith("\uFEFF") ? 1 : 0, end);
    }

    private InputException changed() {
        return new InputException("%s has changed since the run began; start a new one.".formatted(file));
    }

    private static InputException unreadable(Path file, IOException e) {
        return new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
    }
}

package io.llm2clip.dataset;

import static java.util.Objects.requireNonNull;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;

/** Values of Parquet files at any place; what was read last is kept. Safe for use by several threads. */
final class ParquetFiles {
    private static final long FOOTER_BYTES = 32L << 20;
    private static final long CHUNK_BYTES = 16L << 20;
    /** About as many texts as a shuffle buffer draws from, where the heap has room for them. */
    private static final long PAGE_BYTES =
            Math.min(128L << 20, Runtime.getRuntime().maxMemory() / 4);
    /** What a value takes beside its bytes. */
    private static final int VALUE_BYTES = 48;

    private static final int TAIL = Integer.BYTES + ParquetChunk.MAGIC.length;

    private final List<Path> files;
    private final Recent<Integer, Footer> footers = new Recent<>(FOOTER_BYTES, Footer::bytes);
    private final Recent<ChunkKey, ParquetChunk> chunks = new Recent<>(CHUNK_BYTES, ParquetChunk::bytes);
    private final Recent<PageKey, List<List<byte[]>>> pages = new Recent<>(PAGE_BYTES, ParquetFiles::bytes);

    /**
     * What the end of a file says of it.
     *
     * @param unread columns that cannot be decompressed, and why
     * @param bytes that it takes there
     */
    record Footer(List<ParquetLeaf> leaves, List<RowGroup> groups, Map<ParquetLeaf, String> unread, long bytes) {}

    private record ChunkKey(int file, int group, ParquetLeaf leaf) {}

    private record PageKey(ChunkKey chunk, int page) {}

    private interface Reading<T> {
        T from(FileChannel channel) throws IOException;
    }

    ParquetFiles(List<Path> files) {
        this.files = List.copyOf(files);
    }

    /**
     * The end of a file.
     *
     * @throws InputException if it is no Parquet file
     */
    Footer footer(int file) {
        return footers.get(file, this::readFooter);
    }

    /** The values of a row of a row group in a column: none, one, or those of a list. */
    List<byte[]> values(int file, int group, ParquetLeaf leaf, int row) {
        ChunkKey key = new ChunkKey(file, group, leaf);
        ParquetChunk chunk = chunks.get(
                key,
                each -> read(
                        file,
                        channel -> ParquetChunk.of(
                                channel, leaf, footer(file).groups().get(group))));
        int page = chunk.pageOf(row);
        return pages.get(new PageKey(key, page), _ -> read(file, channel -> chunk.decode(channel, page)))
                .get(row - chunk.firstRow(page));
    }

    private Footer readFooter(int file) {
        return read(file, channel -> {
            long size = channel.size();
            if (size < TAIL + ParquetChunk.MAGIC.length) {
                throw new IOException("%,d bytes are no Parquet file".formatted(size));
            }
            byte[] tail = ParquetChunk.bytes(channel, size - TAIL, TAIL);
            if (!Arrays.equals(tail, Integer.BYTES, TAIL, ParquetChunk.MAGIC, 0, ParquetChunk.MAGIC.length)) {
                throw new IOException("it does not end as one, perhaps it was cut off");
            }
            int length = ByteBuffer.wrap(tail).order(ByteOrder.LITTLE_ENDIAN).getInt();
            byte[] footer = ParquetChunk.bytes(channel, size - TAIL - length, length);
            FileMetaData metadata = metadata(footer);
            List<RowGroup> groups = requireNonNull(metadata.getRow_groups(), "no row groups");
            if (groups.stream().anyMatch(group -> group.getNum_rows() < 0 || group.getNum_rows() > Integer.MAX_VALUE)) {
                throw new IOException("a row group of an impossible number of rows");
            }
            List<ParquetLeaf> leaves = ParquetLeaf.of(requireNonNull(metadata.getSchema(), "no schema"));
            return new Footer(leaves, groups, ParquetCompression.unread(groups, leaves), length);
        });
    }

    private static FileMetaData metadata(byte[] footer) throws IOException {
        try {
            return Util.readFileMetaData(new ByteArrayInputStream(footer));
        } catch (IOException e) {
            // The reader's words are of a network protocol.
            throw new IOException("what its end says of it is damaged", e);
        }
    }

    private <T> T read(int file, Reading<T> reading) {
        Path path = files.get(file);
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            return reading.from(channel);
        } catch (IOException e) {
            throw new InputException("The Parquet file %s cannot be read (%s).".formatted(path, IoReason.of(e)), e);
        } catch (InputException e) {
            throw e;
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            // Readers answer hostile bytes with any runtime exception, with recursion and with impossible arrays.
            throw new InputException("The Parquet file %s is damaged (%s).".formatted(path, e), e);
        } catch (VirtualMachineError e) {
            throw e;
        } catch (Error e) {
            // Of a library with native code, which has errors of its own for that.
            throw new InputException(
                    "The Parquet file %s cannot be decompressed, because the library for that does not load here (%s); write it with gzip or none."
                            .formatted(path, e),
                    e);
        }
    }

    private static long bytes(List<List<byte[]>> page) {
        long bytes = 0;
        for (List<byte[]> values : page) {
            bytes += VALUE_BYTES;
            for (byte[] value : values) {
                bytes += VALUE_BYTES + value.length;
            }
        }
        return bytes;
    }
}

package io.llm2clip.dataset;

import static java.util.Objects.requireNonNull;

import dev.hardwood.HardwoodContext;
import dev.hardwood.InputFile;
import dev.hardwood.reader.ColumnReader;
import dev.hardwood.reader.LayerKind;
import dev.hardwood.reader.ParquetFileReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.DataPageHeaderV2;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageLocation;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.Util;

/**
 * The pages of one column in one row group. The library decodes row groups from their first row on, which takes seconds where they are
 * large; so a page that is asked for is given to it as a file that has this page alone.
 */
final class ParquetChunk {
    static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    /** A chunk whose pages do not say how many rows they have is decoded as a whole. */
    private static final long MOST_AT_ONCE = 256L << 20;

    private static final String NO_PAGE = "no page of data";
    private static final int HEADER_PIECE = 1 << 12;
    private static final HardwoodContext CONTEXT = HardwoodContext.create(1);

    private final ParquetLeaf leaf;
    private final ColumnMetaData meta;
    private final int rows;
    private final List<Page> pages;
    private final byte[] dictionary;

    /** Bytes of the file from a row on. */
    private record Page(int firstRow, long offset, int bytes) {}

    private record Header(PageHeader header, int bytes) {
        int size() {
            return bytes + header.getCompressed_page_size();
        }

        int rows() {
            DataPageHeaderV2 second = header.getData_page_header_v2();
            return second != null
                    ? second.getNum_rows()
                    : requireNonNull(header.getData_page_header(), NO_PAGE).getNum_values();
        }

        int values() {
            DataPageHeaderV2 second = header.getData_page_header_v2();
            return second != null ? second.getNum_values() : rows();
        }
    }

    private ParquetChunk(ParquetLeaf leaf, ColumnMetaData meta, int rows, List<Page> pages, byte[] dictionary) {
        this.leaf = leaf;
        this.meta = meta;
        this.rows = rows;
        this.pages = pages;
        this.dictionary = dictionary;
    }

    /** Finds the pages, by the file's index where it has one. */
    static ParquetChunk of(FileChannel file, ParquetLeaf leaf, RowGroup group) throws IOException {
        ColumnChunk chunk = requireNonNull(group.getColumns(), "no columns").get(leaf.column());
        ColumnMetaData meta = chunk.getMeta_data();
        if (meta == null || chunk.isSetCrypto_metadata() || chunk.isSetFile_path()) {
            throw new IOException("the column %s is encrypted or in another file".formatted(leaf.name()));
        }
        int rows = Math.toIntExact(group.getNum_rows());
        long start = meta.isSetDictionary_page_offset() && meta.getDictionary_page_offset() > 0
                ? Math.min(meta.getDictionary_page_offset(), meta.getData_page_offset())
                : meta.getData_page_offset();
        long end = Math.addExact(start, meta.getTotal_compressed_size());
        byte[] dictionary = {};
        Header first = header(file, start);
        if (first.header.getType() == PageType.DICTIONARY_PAGE) {
            dictionary = bytes(file, start, first.size());
            start += first.size();
        }
        List<Page> pages = chunk.isSetOffset_index_offset() ? indexed(file, chunk) : scanned(file, leaf, start, end);
        return new ParquetChunk(leaf, meta, rows, pages, dictionary);
    }

    private static List<Page> indexed(FileChannel file, ColumnChunk chunk) throws IOException {
        byte[] index = bytes(file, chunk.getOffset_index_offset(), chunk.getOffset_index_length());
        List<Page> pages = new ArrayList<>();
        for (PageLocation each : requireNonNull(
                Util.readOffsetIndex(new ByteArrayInputStream(index)).getPage_locations(), NO_PAGE)) {
            pages.add(new Page(
                    Math.toIntExact(each.getFirst_row_index()), each.getOffset(), each.getCompressed_page_size()));
        }
        return pages;
    }

    private static List<Page> scanned(FileChannel file, ParquetLeaf leaf, long start, long end) throws IOException {
        List<Page> pages = new ArrayList<>();
        int row = 0;
        for (long at = start; at < end; ) {
            Header header = header(file, at);
            if (leaf.list() && !header.header.isSetData_page_header_v2()) {
                // Pages of lists, in the first format, may begin within a row.
                if (end - start > MOST_AT_ONCE) {
                    throw new IOException(
                            "the lists of column %s have %,d MB in a row group, expected at most %,d; write it with a page index or smaller row groups"
                                    .formatted(leaf.name(), end - start >> 20, MOST_AT_ONCE >> 20));
                }
                return List.of(new Page(0, start, (int) (end - start)));
            }
            pages.add(new Page(row, at, header.size()));
            row = Math.addExact(row, header.rows());
            at += header.size();
        }
        return pages;
    }

    /** The number of the page that has a row. */
    int pageOf(int row) {
        int low = 0;
        int high = pages.size() - 1;
        while (low < high) {
            int middle = (low + high + 1) >>> 1;
            if (pages.get(middle).firstRow <= row) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        return low;
    }

    int firstRow(int page) {
        return pages.get(page).firstRow;
    }

    /** Memory that it takes, in bytes, about. */
    long bytes() {
        return 64L * pages.size() + dictionary.length;
    }

    /** Of each row of a page the values: none, one, or those of a list. */
    List<List<byte[]>> decode(FileChannel file, int number) throws IOException {
        Page page = pages.get(number);
        int count = (number + 1 < pages.size() ? pages.get(number + 1).firstRow : rows) - page.firstRow;
        byte[] content = bytes(file, page.offset, page.bytes);
        try (ParquetFileReader reader =
                        ParquetFileReader.open(InputFile.of(ByteBuffer.wrap(alone(content, count))), CONTEXT);
                ColumnReader column = reader.buildColumnReader(0)
                        .batchSize(Math.max(1, count))
                        .build()) {
            List<List<byte[]>> all = new ArrayList<>();
            while (column.nextBatch()) {
                addRows(column, all);
            }
            if (all.size() != count) {
                throw new IOException(
                        "a page of column %s has %d rows, expected %d".formatted(leaf.name(), all.size(), count));
            }
            return all;
        }
    }

    private void addRows(ColumnReader column, List<List<byte[]>> all) {
        byte[][] values = column.getBinaries();
        int[] starts = leaf.list() ? column.getLayerOffsets(repeated(column)) : new int[0];
        for (int row = 0; row < column.getRecordCount(); row++) {
            int from = leaf.list() ? starts[row] : row;
            int to = leaf.list() ? starts[row + 1] : row + 1;
            all.add(Arrays.stream(values, from, to).filter(Objects::nonNull).toList());
        }
    }

    private static int repeated(ColumnReader column) {
        int layer = 0;
        while (column.getLayerKind(layer) != LayerKind.REPEATED) {
            layer++;
        }
        return layer;
    }

    /** A file with one row group of one column of one page. */
    private byte[] alone(byte[] page, int count) throws IOException {
        var file = new ByteArrayOutputStream(MAGIC.length + dictionary.length + page.length + 1024);
        file.writeBytes(MAGIC);
        file.writeBytes(dictionary);
        file.writeBytes(page);
        int size = dictionary.length + page.length;
        ColumnMetaData column = new ColumnMetaData(
                meta.getType(),
                meta.getEncodings(),
                meta.getPath_in_schema(),
                meta.getCodec(),
                values(page),
                size,
                size,
                (long) MAGIC.length + dictionary.length);
        if (dictionary.length > 0) {
            column.setDictionary_page_offset(MAGIC.length);
        }
        RowGroup group = new RowGroup(List.of(new ColumnChunk(MAGIC.length).setMeta_data(column)), size, count);
        // The library looks ahead of a page's beginning for its header, without regard to where the file ends.
        file.writeBytes(new byte[HEADER_PIECE]);
        int footer = file.size();
        Util.writeFileMetaData(new FileMetaData(2, leaf.schema(), count, List.of(group)), file);
        file.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(file.size() - footer)
                .array());
        file.writeBytes(MAGIC);
        return file.toByteArray();
    }

    /** Values of a page, or of all pages that are decoded at once. */
    private static long values(byte[] content) throws IOException {
        long values = 0;
        for (int at = 0; at < content.length; ) {
            var rest = new ByteArrayInputStream(content, at, content.length - at);
            PageHeader header = Util.readPageHeader(rest);
            Header page = new Header(header, content.length - at - rest.available());
            values += page.values();
            at = Math.addExact(at, page.size());
        }
        return values;
    }

    private static Header header(FileChannel file, long offset) throws IOException {
        // Nearly always a hundred bytes, but statistics may be as long as the values are.
        for (int length = HEADER_PIECE; ; length *= 8) {
            byte[] piece = bytes(file, offset, (int) Math.min(length, file.size() - offset));
            var stream = new ByteArrayInputStream(piece);
            try {
                PageHeader header = Util.readPageHeader(stream);
                if (header.getCompressed_page_size() < 0) {
                    throw new IOException("a page of negative size");
                }
                return new Header(header, piece.length - stream.available());
            } catch (IOException e) {
                if (piece.length < length || length > 1 << 24) {
                    throw new IOException("the header of a page at byte %,d is damaged".formatted(offset), e);
                }
            }
        }
    }

    static byte[] bytes(FileChannel file, long offset, int length) throws IOException {
        if (offset < 0 || length < 0 || offset + length > file.size()) {
            throw new EOFException("it ends before byte %,d".formatted(offset + length));
        }
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, offset + bytes.position()) < 0) {
                throw new EOFException("it ends before byte %,d".formatted(offset + length));
            }
        }
        return bytes.array();
    }
}

package io.llm2clip.embedding;

import io.llm2clip.data.Item;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.parquet.format.ColumnChunk;
import org.apache.parquet.format.ColumnMetaData;
import org.apache.parquet.format.CompressionCodec;
import org.apache.parquet.format.ConvertedType;
import org.apache.parquet.format.DataPageHeader;
import org.apache.parquet.format.Encoding;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.FileMetaData;
import org.apache.parquet.format.Float16Type;
import org.apache.parquet.format.ListType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.PageHeader;
import org.apache.parquet.format.PageType;
import org.apache.parquet.format.RowGroup;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.StringType;
import org.apache.parquet.format.Type;
import org.apache.parquet.format.Util;

/**
 * Writes vectors as a Parquet file of three required columns: {@code key} and {@code kind}, both strings, and {@code embedding}, a list of
 * required floats or, with {@link VectorType#F16}, of {@code FLOAT16}. Pages are plain and not compressed: vectors of length 1 do not get
 * smaller.
 */
public final class ParquetWriter implements VectorFile {
    private static final byte[] MAGIC = "PAR1".getBytes(StandardCharsets.US_ASCII);
    /** The values of a row group are in memory until it is full. */
    private static final long GROUP_BYTES = 32 << 20;

    private static final int GROUP_ROWS = 1 << 16;
    private static final int PAGE_BYTES = 1 << 20;

    private final FileChannel channel;
    private final VectorType type;
    private final int dimension;
    private final int rowsPerGroup;
    private final int rowsPerPage;
    private final List<String> keys = new ArrayList<>();
    private final List<String> kinds = new ArrayList<>();
    private final ByteBuffer vectors;
    private final List<RowGroup> groups = new ArrayList<>();
    private long keyCharacters;
    private long rows;

    /**
     * Begins a file.
     *
     * @param channel of an empty regular file, at its beginning
     * @param dimension E
     */
    public ParquetWriter(FileChannel channel, VectorType type, int dimension) throws IOException {
        this(channel, type, dimension, GROUP_BYTES, PAGE_BYTES);
    }

    ParquetWriter(FileChannel channel, VectorType type, int dimension, long groupBytes, int pageBytes)
            throws IOException {
        this.channel = channel;
        this.type = type;
        this.dimension = dimension;
        int rowBytes = Math.multiplyExact(type.bytes(), dimension);
        rowsPerGroup = Math.clamp(groupBytes / rowBytes, 1, GROUP_ROWS);
        rowsPerPage = Math.max(1, pageBytes / rowBytes);
        vectors = ByteBuffer.allocateDirect(Math.multiplyExact(rowsPerGroup, rowBytes))
                .order(ByteOrder.LITTLE_ENDIAN);
        VectorFile.write(channel, ByteBuffer.wrap(MAGIC));
    }

    @Override
    public void add(Item item, MemorySegment vector) throws IOException {
        VectorFile.requireLength(vector, dimension);
        keys.add(item.label());
        keyCharacters += item.label().length();
        kinds.add(item.kind());
        type.put(vector, vectors);
        if (keys.size() == rowsPerGroup || keyCharacters >= GROUP_BYTES) {
            writeGroup();
        }
    }

    @Override
    public void finish() throws IOException {
        if (!keys.isEmpty()) {
            writeGroup();
        }
        var footer = new ByteArrayOutputStream();
        FileMetaData metadata = new FileMetaData(2, schema(), rows, groups);
        metadata.setCreated_by("llm2clip");
        Util.writeFileMetaData(metadata, footer);
        VectorFile.write(channel, ByteBuffer.wrap(footer.toByteArray()));
        VectorFile.write(
                channel,
                ByteBuffer.allocate(Integer.BYTES + MAGIC.length)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putInt(footer.size())
                        .put(MAGIC)
                        .flip());
    }

    private List<SchemaElement> schema() {
        return List.of(
                new SchemaElement("schema").setNum_children(3),
                string("key"),
                string("kind"),
                required("embedding")
                        .setNum_children(1)
                        .setConverted_type(ConvertedType.LIST)
                        .setLogicalType(LogicalType.LIST(new ListType())),
                new SchemaElement("list")
                        .setRepetition_type(FieldRepetitionType.REPEATED)
                        .setNum_children(1),
                switch (type) {
                    case F32 -> required("element").setType(Type.FLOAT);
                    case F16 ->
                        required("element")
                                .setType(Type.FIXED_LEN_BYTE_ARRAY)
                                .setType_length(Short.BYTES)
                                .setLogicalType(LogicalType.FLOAT16(new Float16Type()));
                });
    }

    private static SchemaElement required(String name) {
        return new SchemaElement(name).setRepetition_type(FieldRepetitionType.REQUIRED);
    }

    private static SchemaElement string(String name) {
        return required(name)
                .setType(Type.BYTE_ARRAY)
                .setConverted_type(ConvertedType.UTF8)
                .setLogicalType(LogicalType.STRING(new StringType()));
    }

    private void writeGroup() throws IOException {
        int count = keys.size();
        long begin = channel.position();
        List<ColumnChunk> columns = List.of(strings("key", keys), strings("kind", kinds), embeddings(count));
        groups.add(new RowGroup(columns, channel.position() - begin, count));
        rows += count;
        keys.clear();
        kinds.clear();
        keyCharacters = 0;
        vectors.clear();
    }

    private ColumnChunk strings(String name, List<String> values) throws IOException {
        long begin = channel.position();
        var page = new ByteArrayOutputStream();
        int inPage = 0;
        for (int i = 0; i < values.size(); i++) {
            byte[] bytes = values.get(i).getBytes(StandardCharsets.UTF_8);
            page.writeBytes(ByteBuffer.allocate(Integer.BYTES)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putInt(bytes.length)
                    .array());
            page.writeBytes(bytes);
            inPage++;
            if (page.size() >= PAGE_BYTES || i == values.size() - 1) {
                writePage(new byte[0], ByteBuffer.wrap(page.toByteArray()), inPage);
                page.reset();
                inPage = 0;
            }
        }
        return chunk(Type.BYTE_ARRAY, List.of(name), values.size(), begin);
    }

    private ColumnChunk embeddings(int count) throws IOException {
        long begin = channel.position();
        int rowBytes = type.bytes() * dimension;
        for (int first = 0; first < count; first += rowsPerPage) {
            int inPage = Math.min(rowsPerPage, count - first);
            writePage(levels(inPage), vectors.slice(first * rowBytes, inPage * rowBytes), inPage * dimension);
        }
        return chunk(
                type == VectorType.F32 ? Type.FLOAT : Type.FIXED_LEN_BYTE_ARRAY,
                List.of("embedding", "list", "element"),
                (long) count * dimension,
                begin);
    }

    /** Repetition levels, 0 where a row begins and 1 within it, then definition levels, all 1; runs of one bit. */
    private byte[] levels(int count) {
        var repetition = new ByteArrayOutputStream();
        for (int row = 0; row < count; row++) {
            run(1, 0, repetition);
            if (dimension > 1) {
                run(dimension - 1, 1, repetition);
            }
        }
        var definition = new ByteArrayOutputStream();
        run(count * dimension, 1, definition);
        return ByteBuffer.allocate(2 * Integer.BYTES + repetition.size() + definition.size())
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(repetition.size())
                .put(repetition.toByteArray())
                .putInt(definition.size())
                .put(definition.toByteArray())
                .array();
    }

    private static void run(int count, int value, ByteArrayOutputStream out) {
        // The lowest bit says that it is a run; seven bits per byte.
        int header = count << 1;
        while (header >>> 7 != 0) {
            out.write(header & 0x7f | 0x80);
            header >>>= 7;
        }
        out.write(header);
        out.write(value);
    }

    private void writePage(byte[] levels, ByteBuffer values, int count) throws IOException {
        int size = levels.length + values.remaining();
        PageHeader header = new PageHeader(PageType.DATA_PAGE, size, size);
        header.setData_page_header(new DataPageHeader(count, Encoding.PLAIN, Encoding.RLE, Encoding.RLE));
        var bytes = new ByteArrayOutputStream();
        Util.writePageHeader(header, bytes);
        VectorFile.write(channel, ByteBuffer.wrap(bytes.toByteArray()));
        VectorFile.write(channel, ByteBuffer.wrap(levels));
        VectorFile.write(channel, values);
    }

    private ColumnChunk chunk(Type physical, List<String> path, long values, long begin) throws IOException {
        long size = channel.position() - begin;
        ColumnMetaData metadata = new ColumnMetaData(
                physical,
                List.of(Encoding.PLAIN, Encoding.RLE),
                path,
                CompressionCodec.UNCOMPRESSED,
                values,
                size,
                size,
                begin);
        return new ColumnChunk(begin).setMeta_data(metadata);
    }
}

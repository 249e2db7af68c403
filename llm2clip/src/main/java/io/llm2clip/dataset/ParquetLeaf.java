package io.llm2clip.dataset;

import static java.util.Objects.requireNonNull;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import org.apache.parquet.format.FieldRepetitionType;
import org.apache.parquet.format.LogicalType;
import org.apache.parquet.format.SchemaElement;
import org.apache.parquet.format.Type;

/**
 * A column of a Parquet file that has values, not further columns.
 *
 * @param column its number among those
 * @param path from the outermost group that it is in to itself
 */
record ParquetLeaf(int column, List<SchemaElement> path) {
    /** Those of a schema, which lists each group before what is in it. */
    static List<ParquetLeaf> of(List<SchemaElement> schema) {
        List<ParquetLeaf> leaves = new ArrayList<>();
        int[] next = {1};
        for (int i = 0; i < schema.getFirst().getNum_children(); i++) {
            collect(schema, next, List.of(), leaves);
        }
        return leaves;
    }

    private static void collect(
            List<SchemaElement> schema, int[] next, List<SchemaElement> above, List<ParquetLeaf> leaves) {
        SchemaElement element = schema.get(next[0]++);
        List<SchemaElement> path = new ArrayList<>(above);
        path.add(element);
        if (!element.isSetNum_children() || element.getNum_children() == 0) {
            leaves.add(new ParquetLeaf(leaves.size(), List.copyOf(path)));
            return;
        }
        for (int i = 0; i < element.getNum_children(); i++) {
            collect(schema, next, path, leaves);
        }
    }

    /** Name of the outermost column. */
    String top() {
        return name(path.getFirst());
    }

    /** The whole name, such as {@code image.bytes}. */
    String name() {
        return path.stream().map(ParquetLeaf::name).collect(Collectors.joining("."));
    }

    private static String name(SchemaElement element) {
        return requireNonNull(element.getName(), "a column without a name");
    }

    /** Whether a row has a list of values. */
    boolean list() {
        return path.stream().anyMatch(each -> each.getRepetition_type() == FieldRepetitionType.REPEATED);
    }

    /** Whether it is a column of its own or a list, not a part of another one. */
    boolean whole() {
        return path.size() == 1 || list() && path.size() <= 3;
    }

    /** Whether it is this part of a column, such as {@code bytes} of {@code image}. */
    boolean isPart(String part) {
        return path.size() == 2 && !list() && name(path.getLast()).equals(part);
    }

    /** Whether the values are texts or bytes. */
    boolean bytes() {
        return path.getLast().getType() == Type.BYTE_ARRAY;
    }

    /** Whether the values are marked as texts. */
    boolean text() {
        LogicalType type = path.getLast().getLogicalType();
        return bytes() && (path.getLast().isSetConverted_type() || type != null && type.isSetSTRING());
    }

    /** What its values are, for messages. */
    String type() {
        return String.valueOf(path.getLast().getType()).toLowerCase(Locale.ROOT);
    }

    /** A schema with this column alone. */
    List<SchemaElement> schema() {
        List<SchemaElement> schema = new ArrayList<>();
        schema.add(new SchemaElement("schema").setNum_children(1));
        for (SchemaElement element : path) {
            SchemaElement copy = new SchemaElement(element);
            schema.add(element.isSetNum_children() ? copy.setNum_children(1) : copy);
        }
        return schema;
    }
}

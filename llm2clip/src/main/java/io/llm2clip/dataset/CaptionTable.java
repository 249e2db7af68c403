package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.io.StringReader;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.commons.csv.CSVFormat;
import org.apache.commons.csv.CSVParser;
import org.apache.commons.csv.CSVRecord;

/**
 * A table with a header: comma-separated values as RFC 4180 and pandas have them, or tab-separated ones without quotes. One column may
 * name image files, whose paths count from the folder of the table; several may have captions. A shard is a block of rows, which are
 * parsed when they are drawn.
 */
public final class CaptionTable implements ExampleSet {
    private final Path file;
    private final CaptionColumns columns;
    private final ImageFolder folder;
    private final CSVFormat format;
    private final RecordBlocks blocks;
    private final List<String> header;
    private final OptionalInt image;
    private final int[] captions;

    private CaptionTable(Path file, CSVFormat format, RecordBlocks blocks, CaptionColumns columns) {
        this.file = file;
        this.columns = columns;
        this.folder = ImageFolder.of(file);
        this.format = format;
        this.blocks = blocks;
        this.header = header();
        this.image = IntStream.range(0, header.size())
                .filter(i -> ImageFolder.isColumn(header.get(i)))
                .findFirst();
        this.captions = IntStream.range(0, header.size())
                .filter(i -> columns.has(header.get(i)))
                .toArray();
        columns.require(file.toString(), header);
        if (size() == 0) {
            throw new InputException("%s has a header only; expected a row for each example below it.".formatted(file));
        }
    }

    /**
     * Looks through a table.
     *
     * @param file {@code .csv} or {@code .tsv}
     * @throws InputException if it cannot be read or has no rows or no column with captions
     */
    public static CaptionTable open(Path file, CaptionColumns columns) {
        boolean tabs = file.toString().toLowerCase(Locale.ROOT).endsWith(".tsv");
        Supplier<RecordEnds> ends = tabs ? RecordEnds.Lines::new : () -> new RecordEnds.Quoted(',');
        RecordBlocks blocks = RecordBlocks.of(file, ends);
        if (blocks.count() == 0) {
            throw new InputException("%s is empty; expected a header and rows.".formatted(file));
        }
        CSVFormat format = tabs
                ? CSVFormat.TDF
                        .builder()
                        .setQuote(null)
                        .setIgnoreSurroundingSpaces(false)
                        .get()
                : CSVFormat.RFC4180;
        return new CaptionTable(file, format, blocks, columns);
    }

    @Override
    public String name() {
        return file.toString();
    }

    @Override
    public int shards() {
        return blocks.count();
    }

    @Override
    public int size(int shard) {
        return blocks.size(shard) - inBlock(shard, 0);
    }

    @Override
    public Example read(int shard, int index) {
        String title = title(shard, index);
        List<String> row = row(shard, index, title);
        List<Example.Caption> texts = captionsOf(row, title);
        Optional<ExampleImage> picture =
                image.isPresent() ? Optional.of(folder.find(title, row.get(image.getAsInt()))) : Optional.empty();
        return new Example(title, file.toString(), picture, texts);
    }

    @Override
    public List<String> captions(int shard, int index) {
        String title = title(shard, index);
        return captionsOf(row(shard, index, title), title).stream()
                .map(Example.Caption::text)
                .toList();
    }

    private String title(int shard, int index) {
        return "row %d of %s".formatted((long) shard * RecordBlocks.RECORDS + inBlock(shard, index), file);
    }

    /** The header is the first of its block. */
    private static int inBlock(int shard, int index) {
        return shard == 0 ? index + 1 : index;
    }

    private List<String> row(int shard, int index, String title) {
        List<String> row = parse(blocks.record(shard, inBlock(shard, index)));
        if (row.size() != header.size()) {
            throw new InputException(
                    "%s has %d fields, the header has %d.".formatted(title, row.size(), header.size()));
        }
        return row;
    }

    private List<Example.Caption> captionsOf(List<String> row, String title) {
        var collected = new CaptionColumns.Collected();
        for (int column : captions) {
            collected.add(header.get(column), row.get(column));
        }
        return collected.require(title);
    }

    @Override
    public String digest() {
        return columns.digest(FileDigests.ofContent(file));
    }

    private List<String> header() {
        List<String> names =
                parse(blocks.record(0, 0)).stream().map(String::strip).toList();
        boolean none = names.stream().allMatch(String::isEmpty)
                || names.stream().anyMatch(name -> name.chars().anyMatch(c -> c == 0));
        if (none) {
            throw new InputException(
                    "The first line of %s names no columns; expected a header such as image,caption.".formatted(file));
        }
        return names;
    }

    private List<String> parse(String record) {
        String text = record.endsWith("\r") ? record.substring(0, record.length() - 1) : record;
        try (CSVParser parser = CSVParser.parse(new StringReader(text), format)) {
            List<CSVRecord> records = parser.getRecords();
            return records.isEmpty() ? List.of("") : records.getFirst().toList();
        } catch (IOException | UncheckedIOException e) {
            throw new InputException("%s has a row that is no CSV (%s).".formatted(file, e.getMessage()), e);
        }
    }
}

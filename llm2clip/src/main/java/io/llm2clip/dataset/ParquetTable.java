package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.data.Utf8;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.parquet.format.RowGroup;

/**
 * Parquet files of the same columns. Captions are texts or lists of texts. Images are bytes, in a column of their own or as {@code bytes}
 * of a column {@code image}, as {@code datasets} writes them, or paths that count from the folder of their file. A shard is a block of
 * rows; pages are decoded when a row of them is drawn.
 */
public final class ParquetTable implements ExampleSet {
    /** Rows of a shard: of some, a shuffle buffer is filled, whose pages can then be kept. */
    private static final int BLOCK = 1 << 14;

    private static final int NAMED = 3;

    private final String name;
    private final List<Path> paths;
    private final ParquetFiles files;
    private final CaptionColumns columns;
    private final List<ParquetLeaf> captions;
    private final Optional<ParquetLeaf> bytes;
    private final Optional<ParquetLeaf> path;
    private final List<ImageFolder> folders;
    private final List<Block> blocks;
    private final List<String> notes;

    private record Block(int file, int group, int first, int rows) {}

    /** A column of a file that cannot be decompressed, and why. */
    private record Unread(Path file, ParquetLeaf leaf, String reason) {}

    private ParquetTable(
            String name,
            List<Path> paths,
            ParquetFiles files,
            List<ParquetLeaf> leaves,
            CaptionColumns columns,
            List<Block> blocks,
            List<String> notes) {
        this.name = name;
        this.paths = paths;
        this.files = files;
        this.columns = columns;
        this.captions = leaves.stream()
                .filter(leaf -> leaf.whole() && columns.has(leaf.top()))
                .toList();
        this.bytes = first(
                leaves,
                leaf -> leaf.bytes()
                        && (leaf.isPart("bytes") && ImageFolder.isColumn(leaf.top())
                                || leaf.path().size() == 1
                                        && !leaf.text()
                                        && (ImageFolder.isColumn(leaf.top()) || ImageKinds.has(leaf.top()))));
        this.path = first(
                leaves,
                leaf -> leaf.text()
                        && ImageFolder.isColumn(leaf.top())
                        && (leaf.path().size() == 1 || leaf.isPart("path")));
        this.folders = paths.stream().map(ImageFolder::of).toList();
        this.blocks = blocks;
        this.notes = notes;
        requireCaptions(leaves, columns);
    }

    private static Optional<ParquetLeaf> first(List<ParquetLeaf> leaves, Predicate<ParquetLeaf> wanted) {
        return leaves.stream().filter(wanted).findFirst();
    }

    private void requireCaptions(List<ParquetLeaf> leaves, CaptionColumns columns) {
        columns.require(
                name,
                leaves.stream().filter(ParquetLeaf::whole).map(ParquetLeaf::top).toList());
        for (ParquetLeaf caption : captions) {
            if (!caption.bytes()) {
                throw new InputException(
                        "The column %s of %s has values of type %s, expected texts; name another column."
                                .formatted(caption.top(), name, caption.type()));
            }
        }
    }

    /**
     * Looks at the ends of files, where what is in them is told.
     *
     * @param name of them, for messages
     * @param paths at least one; those that are damaged are left out
     * @throws InputException if none can be used, their columns differ, or none has captions
     */
    public static ParquetTable open(String name, List<Path> paths, CaptionColumns columns) {
        ParquetFiles files = new ParquetFiles(paths);
        List<Block> blocks = new ArrayList<>();
        List<String> damaged = new ArrayList<>();
        List<Unread> unread = new ArrayList<>();
        List<ParquetLeaf> leaves = List.of();
        for (int file = 0; file < paths.size(); file++) {
            Path path = paths.get(file);
            ParquetFiles.Footer footer;
            try {
                footer = files.footer(file);
            } catch (InputException e) {
                damaged.add(String.valueOf(e.getMessage()));
                continue;
            }
            List<ParquetLeaf> each = footer.leaves();
            if (!leaves.isEmpty() && !each.equals(leaves)) {
                throw new InputException("%s has the columns %s, the files before it have %s; use files of one table."
                        .formatted(path, names(each), names(leaves)));
            }
            leaves = each;
            footer.unread().forEach((leaf, reason) -> unread.add(new Unread(path, leaf, reason)));
            addBlocks(file, footer.groups(), blocks);
        }
        if (blocks.isEmpty()) {
            throw new InputException("%s has no rows%s; expected Parquet files with images and captions."
                    .formatted(name, damaged.isEmpty() ? "" : " (" + damaged.getFirst() + ")"));
        }
        ParquetTable table = new ParquetTable(
                name, List.copyOf(paths), files, leaves, columns, List.copyOf(blocks), notes(paths, damaged));
        table.requireReadable(unread);
        return table;
    }

    private void requireReadable(List<Unread> unread) {
        List<ParquetLeaf> used = Stream.of(captions.stream(), bytes.stream(), path.stream())
                .flatMap(each -> each)
                .toList();
        unread.stream().filter(each -> used.contains(each.leaf)).findFirst().ifPresent(each -> {
            throw new InputException("The column %s of %s is %s.".formatted(each.leaf.name(), each.file, each.reason));
        });
    }

    private static void addBlocks(int file, List<RowGroup> groups, List<Block> blocks) {
        for (int group = 0; group < groups.size(); group++) {
            int rows = Math.toIntExact(groups.get(group).getNum_rows());
            for (int first = 0; first < rows; first += BLOCK) {
                blocks.add(new Block(file, group, first, Math.min(BLOCK, rows - first)));
            }
        }
    }

    private static String names(List<ParquetLeaf> leaves) {
        return leaves.stream().map(ParquetLeaf::name).collect(Collectors.joining(", "));
    }

    private static List<String> notes(List<Path> paths, List<String> damaged) {
        return damaged.isEmpty()
                ? List.of()
                : List.of("%d of %d files are left out: %s%s"
                        .formatted(
                                damaged.size(),
                                paths.size(),
                                String.join(" ", damaged.subList(0, Math.min(NAMED, damaged.size()))),
                                damaged.size() > NAMED ? " ..." : ""));
    }

    @Override
    public List<String> notes() {
        return notes;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public int shards() {
        return blocks.size();
    }

    @Override
    public int size(int shard) {
        return blocks.get(shard).rows;
    }

    @Override
    public Example read(int shard, int index) {
        String title = title(shard, index);
        return new Example(
                title,
                paths.get(blocks.get(shard).file).toString(),
                image(shard, index, title),
                captionsOf(shard, index, title));
    }

    @Override
    public List<String> captions(int shard, int index) {
        return captionsOf(shard, index, title(shard, index)).stream()
                .map(Example.Caption::text)
                .toList();
    }

    private String title(int shard, int index) {
        Block block = blocks.get(shard);
        return "row %d of group %d of %s".formatted(block.first + index + 1, block.group + 1, paths.get(block.file));
    }

    private Optional<ExampleImage> image(int shard, int index, String title) {
        Optional<byte[]> content =
                bytes.flatMap(leaf -> values(shard, index, leaf).stream().findFirst());
        if (content.isPresent()) {
            return Optional.of(new ExampleImage.OfBytes(title, content.get()));
        }
        ImageFolder folder = folders.get(blocks.get(shard).file);
        return path.flatMap(leaf -> values(shard, index, leaf).stream().findFirst())
                .map(text -> folder.find(title, Utf8.text(text, title)));
    }

    private List<Example.Caption> captionsOf(int shard, int index, String title) {
        var collected = new CaptionColumns.Collected();
        for (ParquetLeaf leaf : captions) {
            for (byte[] text : values(shard, index, leaf)) {
                collected.add(leaf.top(), Utf8.text(text, title));
            }
        }
        return collected.require(title);
    }

    private List<byte[]> values(int shard, int index, ParquetLeaf leaf) {
        Block block = blocks.get(shard);
        return files.values(block.file, block.group, leaf, block.first + index);
    }

    @Override
    public String digest() {
        return columns.digest(Fingerprint.hash(FileDigests.ofSizes(paths) + blocks));
    }
}

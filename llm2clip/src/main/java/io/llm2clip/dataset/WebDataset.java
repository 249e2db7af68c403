package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.data.Utf8;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;

/**
 * Tar files as img2dataset and WebDataset write them: of each example an image ({@code jpg}, {@code jpeg}, {@code png}, {@code webp},
 * ...), captions as {@code txt} and in columns of a {@code json}. Beside {@code 00000.tar} may lie {@code 00000_text_embeddings.tar}
 * with vectors of the captions, {@code 000000012.shortSV_captions} and so on, in any order. A shard that is damaged is used up to where it is, and
 * {@link #notes} says so.
 */
public final class WebDataset implements ExampleSet {
    /** Shards named in a note. */
    private static final int NAMED = 3;
    /** Examples that are looked at for their columns. */
    private static final int LOOKED_AT = 16;
    /** Places of vectors that are kept: some shards. */
    private static final long KEPT_VECTORS = 1 << 18;

    private final String name;
    private final List<Path> shards;
    private final List<TarShard.Contents> contents;
    private final CaptionColumns columns;
    private final Recent<Integer, Map<String, Long>> vectors = new Recent<>(KEPT_VECTORS, Map::size);
    private final List<String> notes;

    private WebDataset(
            String name,
            List<Path> shards,
            List<TarShard.Contents> contents,
            CaptionColumns columns,
            List<String> notes) {
        this.name = name;
        this.shards = shards;
        this.contents = contents;
        this.columns = columns;
        this.notes = List.copyOf(notes);
    }

    /**
     * Looks through shards.
     *
     * @param pattern a tar file, a folder of them, or names with ranges such as {@code data/{00000..00287}.tar}
     * @param columns which keys of a JSON file are captions
     * @throws InputException if there are none, or one of a range is missing, or they are compressed, hold no examples, or lack a column
     *     that was named
     */
    public static WebDataset open(String pattern, CaptionColumns columns) {
        List<Path> shards = ShardFiles.of(pattern, TarShard::isName);
        if (shards.isEmpty()) {
            throw new InputException(
                    "The folder %s has no tar files; give one that has, or a pattern such as data/{00000..00287}.tar."
                            .formatted(pattern));
        }
        requireTars(shards);
        List<TarShard.Contents> contents =
                shards.stream().parallel().map(TarShard::scan).toList();
        List<String> cut = new ArrayList<>();
        for (int i = 0; i < contents.size(); i++) {
            if (contents.get(i).cut() != null) {
                cut.add("%s: %s".formatted(shards.get(i), contents.get(i).cut()));
            }
        }
        if (contents.stream().allMatch(each -> each.size() == 0)) {
            throw new InputException(
                    "%s has no examples%s; expected tar files with images and captions of the same name."
                            .formatted(pattern, cut.isEmpty() ? "" : " (" + cut.getFirst() + ")"));
        }
        WebDataset set = new WebDataset(pattern, shards, contents, columns, notes(shards.size(), cut));
        set.requireColumns();
        return set;
    }

    /** Checks that columns that were named are there: in the first examples, as others may lack them. */
    private void requireColumns() {
        if (columns.names().isEmpty()) {
            return;
        }
        Set<String> found = new TreeSet<>();
        int looked = 0;
        for (int shard = 0; shard < contents.size() && looked < LOOKED_AT; shard++) {
            for (int index = 0; index < size(shard) && looked < LOOKED_AT; index++, looked++) {
                try {
                    addColumns(shard, index, found);
                } catch (InputException e) {
                    // Whoever draws it counts it.
                    continue;
                }
            }
        }
        if (!found.isEmpty()) {
            columns.require(name, List.copyOf(found));
        }
    }

    private void addColumns(int shard, int index, Set<String> found) {
        TarShard.Parts parts = parts(shard, index, kind -> !ImageKinds.has(kind));
        for (Map.Entry<String, byte[]> part : parts.content().entrySet()) {
            if (part.getKey().equals("json")) {
                String text = Utf8.text(part.getValue(), parts.key());
                found.addAll(JsonCaptions.parse(parts.key(), text).propertyNames());
            } else {
                found.add(part.getKey());
            }
        }
    }

    private static void requireTars(List<Path> shards) {
        for (Path shard : shards) {
            String file = String.valueOf(shard.getFileName());
            if (file.endsWith(".gz") || file.endsWith(".tgz") || file.endsWith(".zst")) {
                throw new InputException(
                        "The shard %s is compressed, expected a plain tar file, which can be read from the middle; unpack it."
                                .formatted(shard));
            }
        }
    }

    private static List<String> notes(int shards, List<String> cut) {
        if (cut.isEmpty()) {
            return List.of();
        }
        return List.of("%d of %d shards are damaged and used up to there: %s%s."
                .formatted(
                        cut.size(),
                        shards,
                        String.join("; ", cut.subList(0, Math.min(NAMED, cut.size()))),
                        cut.size() > NAMED ? "; ..." : ""));
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
        return shards.size();
    }

    @Override
    public int size(int shard) {
        return contents.get(shard).size();
    }

    @Override
    public Example read(int shard, int index) {
        return read(shard, index, true);
    }

    @Override
    public List<String> captions(int shard, int index) {
        return read(shard, index, false).texts();
    }

    @Override
    public Map<String, byte[]> vectors(int shard, int index) {
        Path file = TarShard.vectorsOf(shards.get(shard));
        if (!Files.isRegularFile(file)) {
            return Map.of();
        }
        Example example = read(shard, index, false);
        Long offset = vectors.get(shard, _ -> TarShard.offsets(file)).get(example.key());
        if (offset == null) {
            return Map.of();
        }
        Map<String, byte[]> stored = TarShard.read(file, offset, _ -> true).content();
        Map<String, byte[]> found = new LinkedHashMap<>();
        for (Example.Caption caption : example.captions()) {
            byte[] vector = stored.get(caption.column().toLowerCase(Locale.ROOT));
            // A list of captions has no vector of each.
            boolean alone = example.captions().stream()
                            .filter(other -> other.column().equals(caption.column()))
                            .count()
                    == 1;
            if (vector != null && alone) {
                found.put(caption.text(), vector);
            }
        }
        return found;
    }

    private TarShard.Parts parts(int shard, int index, Predicate<String> wanted) {
        return TarShard.read(shards.get(shard), contents.get(shard), index, wanted);
    }

    private Example read(int shard, int index, boolean images) {
        Path file = shards.get(shard);
        TarShard.Parts parts = parts(shard, index, kind -> images || !ImageKinds.has(kind));
        String title = parts.key() + " of " + file;
        var captions = new CaptionColumns.Collected();
        ExampleImage image = null;
        for (Map.Entry<String, byte[]> part : parts.content().entrySet()) {
            String kind = part.getKey();
            if (ImageKinds.has(kind)) {
                image = new ExampleImage.OfBytes(title, part.getValue());
            } else if (kind.equals("json")) {
                JsonCaptions.add(JsonCaptions.parse(title, Utf8.text(part.getValue(), title)), columns, captions);
            } else if (columns.has(kind)) {
                captions.add(kind, Utf8.text(part.getValue(), title));
            }
        }
        if (captions.captions().isEmpty()) {
            throw new InputException("%s has no caption; it has %s."
                    .formatted(title, parts.content().keySet()));
        }
        return new Example(parts.key(), file.toString(), Optional.ofNullable(image), captions.captions());
    }

    @Override
    public String digest() {
        return columns.digest(Fingerprint.hash(FileDigests.ofSizes(shards)
                + contents.stream().map(TarShard.Contents::size).toList()));
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Tar files as img2dataset and WebDataset write them: of each example an image ({@code jpg}, {@code jpeg}, {@code png}, {@code webp},
 * ...), captions as {@code txt} and in columns of a {@code json}. A shard that is damaged is used up to where it is, and
 * {@link #notes} says so.
 */
public final class WebDataset implements ExampleSet {
    private static final Set<String> IMAGES = Set.of("jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff");
    private static final JsonMapper JSON = JsonMapper.shared();
    /** Shards named in a note. */
    private static final int NAMED = 3;

    private final String name;
    private final List<Path> shards;
    private final int[] sizes;
    private final CaptionColumns columns;
    private final OffsetIndex offsets;
    private final List<String> notes;

    private WebDataset(String name, List<Path> shards, int[] sizes, CaptionColumns columns, List<String> notes) {
        this.name = name;
        this.shards = shards;
        this.sizes = sizes;
        this.columns = columns;
        this.offsets = new OffsetIndex(shard -> TarShard.scan(shards.get(shard)).offsets());
        this.notes = List.copyOf(notes);
    }

    /**
     * Looks through shards.
     *
     * @param pattern a tar file, a folder of them, or names with ranges such as {@code data/{00000..00287}.tar}
     * @param columns which keys of a JSON file are captions
     * @throws InputException if there are none, or one of a range is missing, or they are compressed, or hold no examples
     */
    public static WebDataset open(String pattern, CaptionColumns columns) {
        List<Path> shards = Files.isDirectory(Path.of(pattern))
                ? TarShard.shards(Path.of(pattern))
                : Braces.expand(pattern).stream().map(Path::of).toList();
        if (shards.isEmpty()) {
            throw new InputException(
                    "The folder %s has no tar files; give one that has, or a pattern such as data/{00000..00287}.tar."
                            .formatted(pattern));
        }
        requireTars(pattern, shards);
        int[] sizes = new int[shards.size()];
        List<String> cut = new ArrayList<>();
        TarShard.Contents[] contents = new TarShard.Contents[sizes.length];
        IntStream.range(0, sizes.length).parallel().forEach(i -> contents[i] = TarShard.scan(shards.get(i)));
        for (int i = 0; i < sizes.length; i++) {
            sizes[i] = contents[i].offsets().length;
            if (contents[i].cut() != null) {
                cut.add("%s: %s".formatted(shards.get(i), contents[i].cut()));
            }
        }
        if (Arrays.stream(sizes).allMatch(size -> size == 0)) {
            throw new InputException(
                    "%s has no examples%s; expected tar files with images and captions of the same name."
                            .formatted(pattern, cut.isEmpty() ? "" : " (" + cut.getFirst() + ")"));
        }
        return new WebDataset(pattern, shards, sizes, columns, notes(shards.size(), cut));
    }

    private static void requireTars(String pattern, List<Path> shards) {
        for (Path shard : shards) {
            String file = String.valueOf(shard.getFileName());
            if (file.endsWith(".gz") || file.endsWith(".tgz") || file.endsWith(".zst")) {
                throw new InputException(
                        "The shard %s is compressed, expected a plain tar file, which can be read from the middle; unpack it."
                                .formatted(shard));
            }
            if (!Files.isRegularFile(shard)) {
                long missing = shards.stream()
                        .filter(each -> !Files.isRegularFile(each))
                        .count();
                throw new InputException(
                        "%d of %d shards of %s are missing, the first is %s; correct the range or fetch them."
                                .formatted(missing, shards.size(), pattern, shard));
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
        return sizes[shard];
    }

    @Override
    public Example read(int shard, int index) {
        return read(shard, index, true);
    }

    @Override
    public List<String> captions(int shard, int index) {
        return read(shard, index, false).texts();
    }

    private Example read(int shard, int index, boolean images) {
        Path file = shards.get(shard);
        TarShard.Parts parts = TarShard.read(file, offsets.get(shard, index), kind -> images || !IMAGES.contains(kind));
        String title = parts.key() + " of " + file;
        var captions = new CaptionColumns.Collected();
        ExampleImage image = null;
        for (Map.Entry<String, byte[]> part : parts.content().entrySet()) {
            String kind = part.getKey();
            if (IMAGES.contains(kind)) {
                image = new ExampleImage.OfBytes(title, part.getValue());
            } else if (kind.equals("json")) {
                addColumns(title, part.getValue(), captions);
            } else if (columns.has(kind)) {
                captions.add(kind, new String(part.getValue(), StandardCharsets.UTF_8));
            }
        }
        if (captions.captions().isEmpty()) {
            throw new InputException("%s has no caption; it has %s."
                    .formatted(title, parts.content().keySet()));
        }
        return new Example(parts.key(), file.toString(), Optional.ofNullable(image), captions.captions());
    }

    private void addColumns(String title, byte[] content, CaptionColumns.Collected captions) {
        try {
            JsonNode object = JSON.readTree(content);
            object.properties().stream()
                    .filter(property -> columns.has(property.getKey()))
                    .forEach(property ->
                            texts(property.getValue()).forEach(text -> captions.add(property.getKey(), text)));
        } catch (JacksonException e) {
            throw new InputException("The JSON of %s is damaged (%s).".formatted(title, e.getOriginalMessage()), e);
        }
    }

    /** What is no string is no caption. */
    private static Stream<String> texts(JsonNode value) {
        return (value.isArray() ? value.valueStream() : Stream.of(value))
                .filter(JsonNode::isString)
                .map(JsonNode::stringValue);
    }

    @Override
    public String digest() {
        return Fingerprint.hash(FileDigests.ofSizes(shards) + Arrays.toString(sizes));
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A file of one JSON object per line, whose keys are the columns of a table: one may name an image file, whose path counts from the
 * folder of the file; several may have captions, texts or lists of texts. A shard is a block of lines, which are parsed when they are
 * drawn.
 */
public final class JsonLinesTable implements ExampleSet {
    /** Lines that are looked at for their keys. */
    private static final int LOOKED_AT = 16;

    private final Path file;
    private final CaptionColumns columns;
    private final RecordBlocks blocks;
    private final ImageFolder folder;

    private JsonLinesTable(Path file, RecordBlocks blocks, CaptionColumns columns) {
        this.file = file;
        this.columns = columns;
        this.blocks = blocks;
        this.folder = ImageFolder.of(file);
        columns.require(file.toString(), keys());
    }

    /**
     * Looks through a file.
     *
     * @throws InputException if it cannot be read, is empty or has no captions
     */
    public static JsonLinesTable open(Path file, CaptionColumns columns) {
        RecordBlocks blocks = RecordBlocks.of(file, RecordEnds.Lines::new);
        if (blocks.count() == 0) {
            throw new InputException(
                    "%s is empty; expected an object with an image and captions per line.".formatted(file));
        }
        return new JsonLinesTable(file, blocks, columns);
    }

    private List<String> keys() {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < Math.min(LOOKED_AT, size(0)); i++) {
            try {
                line(0, i).propertyNames().stream()
                        .filter(key -> !keys.contains(key))
                        .forEach(keys::add);
            } catch (InputException e) {
                // Whoever draws it counts it.
                continue;
            }
        }
        return keys;
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
        return blocks.size(shard);
    }

    @Override
    public Example read(int shard, int index) {
        String title = title(shard, index);
        ObjectNode object = line(shard, index);
        Optional<ExampleImage> image = object.properties().stream()
                .filter(property -> ImageFolder.isColumn(property.getKey()))
                .map(Map.Entry::getValue)
                .filter(JsonNode::isString)
                .findFirst()
                .map(name -> folder.find(title, name.stringValue()));
        return new Example(title, file.toString(), image, captionsOf(title, object));
    }

    @Override
    public List<String> captions(int shard, int index) {
        return captionsOf(title(shard, index), line(shard, index)).stream()
                .map(Example.Caption::text)
                .toList();
    }

    private String title(int shard, int index) {
        return "line %d of %s".formatted((long) shard * RecordBlocks.RECORDS + index + 1, file);
    }

    private ObjectNode line(int shard, int index) {
        return JsonCaptions.parse(title(shard, index), blocks.record(shard, index));
    }

    private List<Example.Caption> captionsOf(String title, ObjectNode object) {
        var collected = new CaptionColumns.Collected();
        JsonCaptions.add(object, columns, collected);
        return collected.require(title);
    }

    @Override
    public String digest() {
        return columns.digest(FileDigests.ofContent(file));
    }
}

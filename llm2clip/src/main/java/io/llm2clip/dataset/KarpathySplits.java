package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Karpathy's {@code dataset_coco.json} and {@code dataset_flickr30k.json}: an object whose list {@code images} has entries
 * {@code {"filename": "1.jpg", "filepath": "val2014", "split": "train", "sentences": [{"raw": "A dog."}]}}. An entry is read again when
 * it is drawn; eight bytes of each are kept. Images lie beside the file, or in a folder {@code images}, {@code flickr30k-images} or
 * {@code flickr30k_images} there.
 */
public final class KarpathySplits implements ExampleSet {
    /** What is learned from where nothing is said: {@code restval} is what COCO's validation images have beside the 10,000 held out. */
    public static final Set<String> TRAINING = Set.of("train", "restval");

    private static final JsonMapper JSON = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();
    private static final List<String> FOLDERS = List.of("", "images", "flickr30k-images", "flickr30k_images");
    /** Entries of a shard. */
    private static final int BLOCK = 1024;

    private final Path file;
    private final Set<String> splits;
    private final long[] offsets;
    private final ImageFolder folder;

    private KarpathySplits(Path file, Set<String> splits, long[] offsets) {
        this.file = file;
        this.splits = splits;
        this.offsets = offsets;
        Path beside = file.toAbsolutePath().getParent();
        Path root = beside == null ? Path.of("").toAbsolutePath() : beside;
        this.folder = new ImageFolder(
                FOLDERS.stream().map(root::resolve).filter(Files::isDirectory).toList());
    }

    /**
     * Looks through a file.
     *
     * @param splits whose images are wanted
     * @throws InputException if it is none of these files or has no image of the splits
     */
    public static KarpathySplits open(Path file, Set<String> splits) {
        Map<String, Integer> found = new TreeMap<>();
        long[] offsets = new long[BLOCK];
        int count = 0;
        try (InputStream input = Files.newInputStream(file);
                JsonParser parser = JSON.createParser(input)) {
            findImages(file, parser);
            while (parser.nextToken() == JsonToken.START_OBJECT) {
                long offset = parser.currentTokenLocation().getByteOffset();
                String split = parser.<JsonNode>readValueAsTree().path("split").asString("none");
                found.merge(split, 1, Integer::sum);
                if (splits.contains(split)) {
                    offsets = count < offsets.length ? offsets : Arrays.copyOf(offsets, 2 * count);
                    offsets[count++] = offset;
                }
            }
        } catch (JacksonException e) {
            throw new InputException(
                    "%s is damaged (%s); get it again from where it was published."
                            .formatted(file, e.getOriginalMessage()),
                    e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
        if (count == 0) {
            throw new InputException("%s: expected images of the split %s, found %s; name others, as in %s:val."
                    .formatted(
                            file,
                            splits.stream().sorted().collect(Collectors.joining(" or ")),
                            found.isEmpty()
                                    ? "none"
                                    : found.entrySet().stream()
                                            .map(split -> "%s (%d)".formatted(split.getKey(), split.getValue()))
                                            .collect(Collectors.joining(", ")),
                            file.getFileName()));
        }
        return new KarpathySplits(file, Set.copyOf(splits), Arrays.copyOf(offsets, count));
    }

    private static void findImages(Path file, JsonParser parser) {
        if (parser.nextToken() == JsonToken.START_OBJECT) {
            while (parser.nextToken() == JsonToken.PROPERTY_NAME) {
                boolean found = parser.currentName().equals("images");
                if (parser.nextToken() == JsonToken.START_ARRAY && found) {
                    return;
                }
                parser.skipChildren();
            }
        }
        throw new InputException(
                "%s: expected a JSON object with a list \"images\", as Karpathy's dataset_coco.json, found none."
                        .formatted(file));
    }

    @Override
    public String name() {
        return file.toString();
    }

    @Override
    public int shards() {
        return Math.ceilDiv(offsets.length, BLOCK);
    }

    @Override
    public int size(int shard) {
        return Math.min(BLOCK, offsets.length - shard * BLOCK);
    }

    @Override
    public Example read(int shard, int index) {
        JsonNode entry = entry(shard, index);
        String title = title(entry);
        String below = entry.path("filepath").asString("");
        ExampleImage image = folder.find(
                title,
                (below.isEmpty() ? "" : below + "/") + entry.path("filename").asString(""));
        return new Example(title, file.toString(), Optional.of(image), captionsOf(entry, title));
    }

    @Override
    public List<String> captions(int shard, int index) {
        JsonNode entry = entry(shard, index);
        return captionsOf(entry, title(entry)).stream()
                .map(Example.Caption::text)
                .toList();
    }

    private String title(JsonNode entry) {
        return "image %s of %s".formatted(entry.path("filename").asString("without a name"), file);
    }

    private static List<Example.Caption> captionsOf(JsonNode entry, String title) {
        var collected = new CaptionColumns.Collected();
        sentences(entry).forEach(text -> collected.add("sentences", text));
        return collected.require(title);
    }

    private static Stream<String> sentences(JsonNode entry) {
        return entry.path("sentences")
                .valueStream()
                .map(sentence -> sentence.path("raw"))
                .filter(JsonNode::isString)
                .map(JsonNode::stringValue);
    }

    private JsonNode entry(int shard, int index) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            channel.position(offsets[shard * BLOCK + index]);
            try (JsonParser parser = JSON.createParser(Channels.newInputStream(channel))) {
                parser.nextToken();
                return parser.readValueAsTree();
            }
        } catch (JacksonException e) {
            throw new InputException("%s has changed since the run began; start a new one.".formatted(file), e);
        } catch (IOException e) {
            throw unreadable(file, e);
        }
    }

    private static InputException unreadable(Path file, IOException e) {
        return new InputException("%s cannot be read (%s).".formatted(file, IoReason.of(e)), e);
    }

    @Override
    public String digest() {
        return FileDigests.ofContent(file) + splits.stream().sorted().collect(Collectors.joining(",", ":", ""));
    }
}

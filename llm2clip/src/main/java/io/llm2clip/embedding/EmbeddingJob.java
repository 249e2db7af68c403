package io.llm2clip.embedding;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.Item;
import io.llm2clip.data.ItemSource;
import io.llm2clip.progress.Progress;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Embeds any number of images and texts, of which only some are in memory at a time. One that cannot be read does not end the job.
 *
 * <p>With a {@link WorkingFile} a job that was interrupted goes on where it ended: what the file has rows of is compared with the input,
 * but not computed again.
 */
public final class EmbeddingJob {
    /** Items in memory at a time: images of which only the paths are, which are read ahead within. */
    private static final int MAX_ITEMS = 4096;

    /** Texts embedded at a time, and their characters: about what a language model computes in one program. */
    private static final int MAX_TEXTS = 256;

    private static final int MAX_CHARACTERS = 1 << 15;

    private final Llm2Clip model;
    private final List<ItemSource> sources;
    private final Progress progress;

    /** @param sources in the order of their results */
    public EmbeddingJob(Llm2Clip model, List<ItemSource> sources, Progress progress) {
        this.model = model;
        this.sources = List.copyOf(sources);
        this.progress = progress;
    }

    /**
     * What vectors of a model depend on: its own vectors of an image and of a text, which are other bits with other weights, formats of
     * weights, preprocessing, templates or devices.
     *
     * @param options what else decides, by name
     */
    public static Map<String, String> dependencies(Llm2Clip model, Map<String, String> options) {
        Map<String, String> parts = new HashMap<>(options);
        BufferedImage image = new BufferedImage(64, 48, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, (3 * x << 16) + (5 * y << 8) + (x * y % 251));
            }
        }
        parts.put("model's vector of an image", hash(model.embedImages(image)));
        parts.put(
                "model's vector of a text",
                hash(model.textEmbeddings(List.of("A red kite with a long tail hangs high above a calm lake."))
                        .vectors()
                        .toArrays()));
        return parts;
    }

    private static String hash(float[][] vectors) {
        return Fingerprint.hash(Arrays.deepToString(vectors));
    }

    /** Embeds all items for {@code target}, which must not use the model. */
    public void run(ItemTarget target) {
        for (ItemSource source : sources) {
            try (Progress.Phase phase = begin(source)) {
                Chunk chunk = new Chunk(target, phase);
                source.forEach(chunk::add);
                chunk.embed();
            }
        }
    }

    /**
     * Embeds what {@code file} has no rows of yet, and appends these.
     *
     * @param reports hears of what is skipped by this run; its vectors are not asked for
     * @throws InputException if the input is not the one that the rows are of, or a row cannot be written
     */
    public void run(WorkingFile file, ItemTarget reports) {
        Resumption resumption = new Resumption(file, reports);
        for (ItemSource source : sources) {
            try (Progress.Phase phase = begin(source)) {
                Chunk chunk = new Chunk(resumption, phase);
                source.forEach(item -> {
                    if (resumption.isDone(item)) {
                        phase.advance(1);
                    } else {
                        chunk.add(item);
                    }
                });
                chunk.embed();
            }
        }
        resumption.requireAllUsed();
    }

    private Progress.Phase begin(ItemSource source) {
        return progress.begin(source.unit() + "s", source.count(), source.unit());
    }

    /** Items that are embedded together. */
    private final class Chunk {
        private final ItemTarget target;
        private final Progress.Phase phase;
        private final List<Item> items = new ArrayList<>();
        private final List<String> texts = new ArrayList<>();
        private final List<Path> images = new ArrayList<>();
        private int characters;
        /** The first item that the target has not received. */
        private int next;
        /** How many texts it has received. */
        private int nextText;

        Chunk(ItemTarget target, Progress.Phase phase) {
            this.target = target;
            this.phase = phase;
        }

        void add(Item item) {
            items.add(item);
            switch (item) {
                case Item.Image image -> images.add(image.file());
                case Item.Text text -> {
                    texts.add(text.name());
                    characters += text.name().length();
                }
                case Item.Unusable _ -> {}
            }
            if (items.size() >= MAX_ITEMS || texts.size() >= MAX_TEXTS || characters >= MAX_CHARACTERS) {
                embed();
            }
        }

        void embed() {
            FloatMatrix vectors = FloatMatrix.allocate(texts.size(), model.embeddingSize());
            if (!texts.isEmpty()) {
                int cut = model.embedTexts(texts, vectors, phase);
                if (cut > 0) {
                    target.cut(cut);
                }
            }
            if (!images.isEmpty()) {
                model.embedImages(
                        model.images(images),
                        (_, vector) -> target.embedded(advanceToImage(vectors), vector),
                        failure -> target.skipped(advanceToImage(vectors), failure.reason()),
                        phase);
            }
            while (next < items.size()) {
                handOn(items.get(next++), vectors);
            }
            items.clear();
            texts.clear();
            images.clear();
            characters = 0;
            next = 0;
            nextText = 0;
        }

        /** The next image, whose result is there; what comes before it is handed on. */
        private Item advanceToImage(FloatMatrix vectors) {
            while (!(items.get(next) instanceof Item.Image)) {
                handOn(items.get(next++), vectors);
            }
            return items.get(next++);
        }

        private void handOn(Item item, FloatMatrix vectors) {
            switch (item) {
                case Item.Text text -> target.embedded(text, vectors.row(nextText++));
                case Item.Unusable unusable -> {
                    target.skipped(unusable, unusable.reason());
                    phase.advance(1);
                }
                case Item.Image image ->
                    throw new IllegalStateException("There is no result of the image %s.".formatted(image.name()));
            }
        }
    }

    /** Appends rows behind those that there are. */
    private static final class Resumption implements ItemTarget {
        private final WorkingFile file;
        private final ItemTarget reports;
        private final RowFormat.Cursor done;
        private long unchecked;
        private int cut;

        Resumption(WorkingFile file, ItemTarget reports) {
            this.file = file;
            this.reports = reports;
            this.done = file.cursor();
            this.unchecked = file.rows();
        }

        /** Whether an item's row is there; the items before it were asked for. */
        boolean isDone(Item item) {
            if (unchecked == 0) {
                return false;
            }
            try {
                RowFormat.Row row = done.next();
                if (row == null || !row.isOf(item, stamp(item))) {
                    throw otherInput(
                            row == null
                                    ? item.label()
                                    : row.label().equals(item.label())
                                            ? "%s has changed since".formatted(item.label())
                                            : "expected %s next, found %s".formatted(row.label(), item.label()));
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            unchecked--;
            return true;
        }

        void requireAllUsed() {
            if (unchecked > 0) {
                throw otherInput("expected %d more items".formatted(unchecked));
            }
        }

        private InputException otherInput(String difference) {
            return new InputException(
                    "%s: has rows of an interrupted run with other input (%s); give that input to go on, or begin anew with --overwrite."
                            .formatted(file.path(), shortened(difference)));
        }

        private static String shortened(String text) {
            return text.length() <= 300 ? text : text.substring(0, 300) + "...";
        }

        @Override
        public void embedded(Item item, MemorySegment vector) {
            file.append(item, new RowFormat.Content(stamp(item), takeCut(), vector, null));
        }

        @Override
        public void skipped(Item item, String reason) {
            file.append(item, new RowFormat.Content(stamp(item), takeCut(), null, reason));
            reports.skipped(item, reason);
        }

        @Override
        public void cut(int count) {
            cut += count;
        }

        private int takeCut() {
            int now = cut;
            cut = 0;
            return now;
        }

        /** What tells an item from another one of its name. */
        private static byte[] stamp(Item item) {
            if (!(item instanceof Item.Image image)) {
                return RowFormat.stamp(item.name());
            }
            try {
                BasicFileAttributes file = Files.readAttributes(image.file(), BasicFileAttributes.class);
                return RowFormat.stamp(
                        image.name(), file.size(), file.lastModifiedTime().toMillis());
            } catch (IOException e) {
                return RowFormat.stamp(image.name(), "unreadable");
            }
        }
    }
}

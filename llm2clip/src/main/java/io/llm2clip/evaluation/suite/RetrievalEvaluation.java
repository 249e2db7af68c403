package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.ScratchVectors;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.evaluation.sets.ReadableImages;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.Thumbnail;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * How well a model finds images by their captions, and captions by images.
 *
 * <pre>{@code
 * RetrievalSet photos = RetrievalSet.of(CaptionedImages.open(Path.of("photos")));
 * Measurement.Retrieval found = RetrievalEvaluation.of(model, photos, Progress.NONE);
 * double recall = found.recall().textToImage().r10();
 * }</pre>
 */
public final class RetrievalEvaluation {
    /** Captions whose tokens are in memory at a time. */
    private static final int CHUNK = 256;

    private final Llm2Clip model;
    private final RetrievalSet set;
    private final Progress progress;
    private final ScratchVectors scratch;
    private final List<String> broken = new ArrayList<>();
    private final List<Integer> readable = new ArrayList<>();
    private @Nullable Gallery gallery;
    private int captions;
    private int cut;

    private RetrievalEvaluation(Llm2Clip model, RetrievalSet set, Progress progress, ScratchVectors scratch) {
        this.model = model;
        this.set = set;
        this.progress = progress;
        this.scratch = scratch;
    }

    /**
     * Measures a model.
     *
     * @throws InputException if most images cannot be read
     */
    public static Measurement.Retrieval of(Llm2Clip model, RetrievalSet set, Progress progress) {
        try (ScratchVectors scratch = new ScratchVectors()) {
            return new RetrievalEvaluation(model, set, progress, scratch).measure();
        }
    }

    private Measurement.Retrieval measure() {
        FloatMatrix images = images();
        Map<String, BothWays> languages = new LinkedHashMap<>();
        set.captions()
                .forEach((language, captionsOf) -> languages.put(language, language(language, images, captionsOf)));
        return new Measurement.Retrieval(
                set.select(readable),
                List.copyOf(broken),
                captions,
                cut,
                BothWays.mean(languages.values()),
                languages,
                Recall.byChance(images.rows()),
                Objects.requireNonNull(gallery, "a set has a language"));
    }

    private FloatMatrix images() {
        FloatMatrix all = scratch.allocate(set.images().size(), model.embeddingSize());
        try (Progress.Phase phase = progress.begin("images", set.images().size(), "image")) {
            model.embedImages(
                    model.images(
                            set.images().stream().map(RetrievalSet.Image::file).toList()),
                    (index, embedding) -> {
                        all.accept(readable.size(), embedding);
                        readable.add(index);
                    },
                    failure -> broken.add(failure.reason()),
                    phase);
        }
        ReadableImages.requireMost(set.folder(), set.images().size(), broken);
        RetrievalSet.requireTwo(set.folder(), readable.size());
        return all.slice(0, readable.size());
    }

    /** Recall among the images that have a caption in a language. */
    private BothWays language(String language, FloatMatrix allImages, List<List<String>> captionsOf) {
        List<String> texts = new ArrayList<>();
        List<Integer> rows = new ArrayList<>();
        List<Integer> imageOf = new ArrayList<>();
        for (int row = 0; row < readable.size(); row++) {
            List<String> each = captionsOf.get(readable.get(row));
            if (!each.isEmpty()) {
                each.forEach(_ -> imageOf.add(rows.size()));
                rows.add(row);
                texts.addAll(each);
            }
        }
        if (rows.size() < 2) {
            throw new InputException(
                    "%s: expected captions of at least two images in each language, found %d in '%s'; get the annotation again."
                            .formatted(set.title(), rows.size(), language));
        }
        captions += texts.size();
        try (ScratchVectors own = new ScratchVectors()) {
            FloatMatrix images = select(allImages, rows, own);
            FloatMatrix embeddings = embed(texts, own);
            RetrievalMetrics metrics = RetrievalMetrics.of(
                    images,
                    embeddings,
                    imageOf.stream().mapToInt(Integer::intValue).toArray());
            if (gallery == null) {
                gallery = new Gallery(
                        Gallery.Kind.IMAGES,
                        Searches.of(new Searches.Model(embeddings, images, metrics.imageRetrieval())),
                        List.of("this model"),
                        texts::get,
                        imageOf::get,
                        image -> {
                            int number = readable.get(rows.get(image));
                            return new Gallery.Item(
                                    captionsOf.get(number).getFirst(),
                                    Thumbnail.of(set.images().get(number).file()));
                        });
            }
            return BothWays.of(metrics);
        }
    }

    private static FloatMatrix select(FloatMatrix images, List<Integer> rows, ScratchVectors scratch) {
        if (rows.size() == images.rows()) {
            return images;
        }
        FloatMatrix selected = scratch.allocate(rows.size(), images.columns());
        for (int row = 0; row < rows.size(); row++) {
            selected.accept(row, images.row(rows.get(row)));
        }
        return selected;
    }

    private FloatMatrix embed(List<String> texts, ScratchVectors scratch) {
        FloatMatrix embeddings = scratch.allocate(texts.size(), model.embeddingSize());
        try (Progress.Phase phase = progress.begin("captions", texts.size(), "caption")) {
            for (int start = 0; start < texts.size(); start += CHUNK) {
                int end = Math.min(texts.size(), start + CHUNK);
                cut += model.embedTexts(texts.subList(start, end), embeddings.slice(start, end), phase);
            }
        }
        return embeddings;
    }
}

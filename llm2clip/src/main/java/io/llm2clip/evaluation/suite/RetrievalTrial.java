package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.ScratchVectors;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.Thumbnail;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;

/** How well models find images by their captions, and captions by images. */
final class RetrievalTrial implements Trial {
    private final RetrievalSet set;
    private final ScratchVectors scratch;
    private final List<RetrievalVectors> models = new ArrayList<>();

    /** @param set what is searched */
    RetrievalTrial(RetrievalSet set) {
        this(set, 1);
    }

    /** @param trials that keep vectors at the same time, this one included */
    RetrievalTrial(RetrievalSet set, int trials) {
        this.set = set;
        scratch = ScratchVectors.oneOf(trials);
    }

    @Override
    public void add(String name, Llm2Clip model, Progress progress) {
        models.add(RetrievalVectors.of(name, model, set, numbers(), progress, scratch));
    }

    /** The images that all models so far could read, with their captions. */
    RetrievalSet readable() {
        return set.select(numbers());
    }

    private List<Integer> numbers() {
        return models.isEmpty()
                ? IntStream.range(0, set.images().size()).boxed().toList()
                : models.getLast().readable();
    }

    @Override
    public Findings findings() {
        RetrievalSet read = readable();
        List<Count> counts = models.stream().map(_ -> new Count(read)).toList();
        Gallery gallery = null;
        for (String language : read.captions().keySet()) {
            Gallery ofLanguage = count(read, language, counts);
            gallery = gallery == null ? ofLanguage : gallery;
        }
        Gallery first = Objects.requireNonNull(gallery, "a set has a language");
        Measurement.Retrieval ours = measurement(read, 0, counts, first);
        if (models.size() == 1) {
            return Findings.of(ours);
        }
        Count our = counts.getFirst();
        Count their = counts.getLast();
        return new Findings(
                ours,
                Optional.of(new Versus(
                        models.getLast().name(),
                        measurement(read, 1, counts, first),
                        List.of(
                                Difference.of(
                                        "r10",
                                        "R@10",
                                        our.hits10,
                                        their.hits10,
                                        ours.chance().r10()),
                                Difference.of(
                                        "r1",
                                        "R@1",
                                        our.hits1,
                                        their.hits1,
                                        ours.chance().r1())))));
    }

    private Measurement.Retrieval measurement(RetrievalSet read, int model, List<Count> counts, Gallery gallery) {
        RetrievalVectors vectors = models.get(model);
        Count count = counts.get(model);
        return new Measurement.Retrieval(
                read,
                vectors.broken(),
                count.captions,
                vectors.cut(),
                vectors.maxLength(),
                BothWays.mean(count.languages.values()),
                count.languages,
                Recall.byChance(read.images().size()),
                gallery);
    }

    /**
     * Counts a language, of the images that have a caption in it.
     *
     * @return searches to look at
     */
    private Gallery count(RetrievalSet read, String language, List<Count> counts) {
        List<List<String>> captionsOf = Objects.requireNonNull(read.captions().get(language));
        List<Integer> images = IntStream.range(0, captionsOf.size())
                .filter(image -> !captionsOf.get(image).isEmpty())
                .boxed()
                .toList();
        if (images.size() < 2) {
            throw new InputException(
                    "%s: expected captions of at least two images in each language, found %d in '%s'; get the annotation again."
                            .formatted(set.title(), images.size(), language));
        }
        List<String> texts = new ArrayList<>();
        List<Integer> imageOf = new ArrayList<>();
        for (int row = 0; row < images.size(); row++) {
            for (String text : captionsOf.get(images.get(row))) {
                texts.add(text);
                imageOf.add(row);
            }
        }
        int[] imageOfCaption = imageOf.stream().mapToInt(Integer::intValue).toArray();
        List<Integer> numbers = images.stream().map(numbers()::get).toList();
        try (ScratchVectors selected = new ScratchVectors()) {
            List<Searches.Model> searched = new ArrayList<>();
            for (int model = 0; model < models.size(); model++) {
                RetrievalVectors vectors = models.get(model);
                FloatMatrix candidates = vectors.images(numbers, selected);
                FloatMatrix queries = vectors.captions(language, numbers, selected);
                RetrievalMetrics metrics = RetrievalMetrics.of(candidates, queries, imageOfCaption);
                counts.get(model).add(language, metrics, images, imageOfCaption);
                searched.add(new Searches.Model(queries, candidates, metrics.imageRetrieval()));
            }
            return new Gallery(
                    Gallery.Kind.IMAGES,
                    searched.size() == 1
                            ? Searches.of(searched.getFirst())
                            : Searches.compared(searched.getFirst(), searched.getLast()),
                    models.stream().map(RetrievalVectors::name).toList(),
                    texts::get,
                    imageOf::get,
                    image -> {
                        int row = images.get(image);
                        return new Gallery.Item(
                                captionsOf.get(row).getFirst(),
                                Thumbnail.of(read.images().get(row).file()));
                    });
        }
    }

    /** What a model comes to, language by language. */
    private static final class Count {
        private final Map<String, BothWays> languages = new LinkedHashMap<>();
        private final int languageCount;
        private final double[] hits1;
        private final double[] hits10;
        private int captions;

        Count(RetrievalSet read) {
            languageCount = read.captions().size();
            hits1 = new double[read.images().size()];
            hits10 = new double[read.images().size()];
        }

        /** @param images numbers of those that the language has captions of */
        void add(String language, RetrievalMetrics metrics, List<Integer> images, int[] imageOf) {
            languages.put(language, BothWays.of(metrics));
            captions += imageOf.length;
            add(hits1, metrics.hitsByImage(1, imageOf), images);
            add(hits10, metrics.hitsByImage(10, imageOf), images);
        }

        /** So that the mean of all images is that of languages, each of which counts the same. */
        private void add(double[] sums, double[] hits, List<Integer> images) {
            double weight = sums.length / (double) (hits.length * languageCount);
            for (int i = 0; i < hits.length; i++) {
                sums[images.get(i)] += weight * hits[i];
            }
        }
    }

    @Override
    public void close() {
        scratch.close();
    }
}

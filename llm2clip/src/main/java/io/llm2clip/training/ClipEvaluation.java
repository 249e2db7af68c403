package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.dataset.ExamplePlaces;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.image.ImageSource;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.ImageEncoder;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.Thumbnail;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.Evaluation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;

/** Measures retrieval between held-out images and all their captions, in the middle of stage 2 and after it. */
final class ClipEvaluation implements Evaluation {
    private final ClipBranches models;
    private final ImageExamples images;
    private final Execution execution;
    private final Progress progress;

    /**
     * An evaluation of models, whatever their weights have become.
     *
     * @param images that are measured, those that can be used
     */
    ClipEvaluation(ClipBranches models, ImageExamples images, Execution execution, Progress progress) {
        this.models = models;
        this.images = images;
        this.execution = execution;
        this.progress = progress;
    }

    /**
     * What was measured; broken images are left out, a sentence says why.
     *
     * @param retrieval by what embedded the captions; the first one is that of the model itself
     * @param embedded the images that could be used
     * @param gallery searches to look at, beside those of a baseline if there is one, found when they are asked for
     */
    record Measured(
            int images,
            List<String> broken,
            Map<CaptionsBy, RetrievalMetrics> retrieval,
            Embedded embedded,
            Function<Optional<ClipBaseline.Found>, Gallery> gallery) {}

    /**
     * Images that can be used, with all their captions.
     *
     * @param embeddings of the images
     * @param numbers of the images in their set
     * @param imageOf by caption
     */
    record Embedded(FloatMatrix embeddings, List<Integer> numbers, List<String> captions, List<Integer> imageOf) {
        int[] images() {
            return imageOf.stream().mapToInt(Integer::intValue).toArray();
        }
    }

    Measured retrieval() {
        ImageSource source = images.source();
        ExamplePlaces places = new ExamplePlaces(images.set());
        FloatMatrix embeddings =
                FloatMatrix.allocate(source.count(), models.vision().config().projectionSize());
        List<String> captions = new ArrayList<>();
        List<Integer> imageOf = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        List<Integer> numbers = new ArrayList<>();
        int[] count = {0};
        try (ImageEncoder encoder = new ImageEncoder(models.vision(), execution);
                Progress.Phase phase = progress.begin("evaluation", source.count(), "image")) {
            encoder.encode(
                    source,
                    (index, embedding) -> {
                        for (String caption : places.captions(index)) {
                            captions.add(caption);
                            imageOf.add(count[0]);
                        }
                        numbers.add(index);
                        embeddings.accept(count[0]++, embedding);
                    },
                    failure -> broken.add(failure.reason()),
                    phase);
            if (count[0] < 2) {
                throw new InputException(
                        "%d of %d images of %s that are to be measured can be used, expected at least 2; the first cannot because: %s"
                                .formatted(
                                        count[0], source.count(), images.set().name(), broken.getFirst()));
            }
        }
        Embedded embedded = new Embedded(embeddings.slice(0, count[0]), numbers, captions, imageOf);
        List<FloatMatrix> texts = models.texts().parts().stream()
                .map(part -> part.embed(captions))
                .toList();
        Map<CaptionsBy, RetrievalMetrics> metrics = metrics(embedded, texts);
        return new Measured(
                count[0], broken, metrics, embedded, baseline -> gallery(embedded, texts, metrics, baseline));
    }

    private Map<CaptionsBy, RetrievalMetrics> metrics(Embedded found, List<FloatMatrix> texts) {
        Map<CaptionsBy, RetrievalMetrics> metrics = new LinkedHashMap<>();
        FloatMatrix embeddings = found.embeddings;
        for (int i = 0; i < texts.size(); i++) {
            metrics.put(
                    models.texts().parts().get(i).captionsBy(),
                    RetrievalMetrics.of(embeddings, texts.get(i), found.images()));
        }
        if (models.texts().joined()) {
            metrics.put(
                    CaptionsBy.JOINED,
                    RetrievalMetrics.of(
                            embeddings.beside(embeddings), texts.getFirst().beside(texts.getLast()), found.images()));
        }
        return metrics;
    }

    /** Below the searches of the model those of a baseline, or else of two text branches those of the text tower. */
    private Gallery gallery(
            Embedded found,
            List<FloatMatrix> texts,
            Map<CaptionsBy, RetrievalMetrics> metrics,
            Optional<ClipBaseline.Found> baseline) {
        List<String> names = new ArrayList<>();
        List<Searches.Model> searched = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            CaptionsBy by = models.texts().parts().get(i).captionsBy();
            names.add(texts.size() == 1 ? "this model" : by.text());
            searched.add(new Searches.Model(
                    texts.get(i),
                    found.embeddings,
                    Objects.requireNonNull(metrics.get(by)).imageRetrieval()));
        }
        baseline.ifPresent(other -> {
            names.add(1, other.name());
            searched.add(1, other.searched());
        });
        ExamplePlaces places = new ExamplePlaces(images.set());
        return new Gallery(
                Gallery.Kind.IMAGES,
                searched.size() == 1
                        ? Searches.of(searched.getFirst())
                        : Searches.compared(searched.getFirst(), searched.get(1)),
                names.subList(0, Math.min(2, names.size())),
                found.captions::get,
                found.imageOf::get,
                image -> item(places, found.numbers.get(image)));
    }

    private Gallery.Item item(ExamplePlaces places, int number) {
        String caption = places.captions(number).getFirst();
        try {
            return new Gallery.Item(
                    caption, places.read(number).image().map(image -> Thumbnail.of(image.whole(images.reader()))));
        } catch (InputException e) {
            // Its file went since it was measured.
            return new Gallery.Item(caption, Optional.empty());
        }
    }

    @Override
    public Map<String, Double> measure() {
        Map<String, Double> recall = new LinkedHashMap<>();
        Map<CaptionsBy, RetrievalMetrics> all = retrieval().retrieval;
        all.forEach((by, metrics) -> {
            String name = all.size() == 1 ? "val_" : "val_" + by.name().toLowerCase(Locale.ROOT) + "_";
            recall.put(name + "image_to_text_r1", metrics.textRetrieval().recall(1));
            recall.put(name + "text_to_image_r1", metrics.imageRetrieval().recall(1));
        });
        return recall;
    }

    @Override
    public void save(Path directory) {
        try (OutputDirectory output = ModelDirectory.claim(directory, Existing.REPLACE)) {
            models.save(output);
        }
    }
}

package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.dataset.ExamplePlaces;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.ImageSource;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.ImageEncoder;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.Evaluation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

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
     */
    record Measured(int images, List<String> broken, Map<CaptionsBy, RetrievalMetrics> retrieval) {}

    Measured retrieval() {
        ImageSource source = images.source();
        ExamplePlaces places = new ExamplePlaces(images.set());
        FloatMatrix embeddings =
                FloatMatrix.allocate(source.count(), models.vision().config().projectionSize());
        List<String> captions = new ArrayList<>();
        List<Integer> imageOf = new ArrayList<>();
        List<String> broken = new ArrayList<>();
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
        return new Measured(
                count[0],
                broken,
                metrics(
                        embeddings.slice(0, count[0]),
                        captions,
                        imageOf.stream().mapToInt(Integer::intValue).toArray()));
    }

    private Map<CaptionsBy, RetrievalMetrics> metrics(FloatMatrix found, List<String> captions, int... imageOf) {
        Map<CaptionsBy, RetrievalMetrics> metrics = new LinkedHashMap<>();
        List<FloatMatrix> texts = new ArrayList<>();
        for (TextPart part : models.texts().parts()) {
            FloatMatrix embedded = part.embed(captions);
            texts.add(embedded);
            metrics.put(part.captionsBy(), RetrievalMetrics.of(found, embedded, imageOf));
        }
        if (models.texts().joined()) {
            metrics.put(
                    CaptionsBy.JOINED,
                    RetrievalMetrics.of(found.beside(found), texts.getFirst().beside(texts.getLast()), imageOf));
        }
        return metrics;
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

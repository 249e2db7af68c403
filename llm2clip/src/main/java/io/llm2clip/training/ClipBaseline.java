package io.llm2clip.training;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.dataset.HeldOutExamples;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.evaluation.Searches;
import io.llm2clip.image.ImageSource;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.progress.Progress;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A model that the result of stage 2 is compared with, on the same held-out images and captions.
 *
 * @param name for people
 * @param model opens it, once the training is over
 */
public record ClipBaseline(String name, Supplier<Llm2Clip> model) {

    /**
     * What it found.
     *
     * @param name of the baseline
     * @param searched what a search by it needs
     */
    public record Found(String name, RetrievalMetrics metrics, Searches.Model searched) {}

    /** Measures it where the trained model was measured; a note says why where that fails, as by then the model is saved. */
    Optional<Found> measure(ClipData data, HeldOutExamples split, ClipEvaluation.Embedded trained, Progress progress) {
        try (Llm2Clip loaded = model.get()) {
            FloatMatrix images = images(loaded, data, split, trained, progress);
            FloatMatrix captions = FloatMatrix.allocate(trained.captions().size(), loaded.embeddingSize());
            try (Progress.Phase phase = progress.begin("captions of the baseline", captions.rows(), "caption")) {
                loaded.embedTexts(trained.captions(), captions, phase);
            }
            RetrievalMetrics metrics = RetrievalMetrics.of(images, captions, trained.images());
            return Optional.of(
                    new Found(name, metrics, new Searches.Model(captions, images, metrics.imageRetrieval())));
        } catch (InputException | CheckpointException e) {
            progress.note("The baseline %s was not measured: %s".formatted(name, e.getMessage()));
            return Optional.empty();
        }
    }

    /** In the order of those that the trained model could read, all of which have to be readable. */
    private FloatMatrix images(
            Llm2Clip loaded, ClipData data, HeldOutExamples split, ClipEvaluation.Embedded trained, Progress progress) {
        ImageSource source = data.measured(
                        split, loaded.description().preprocessing().of(loaded.vision()))
                .source();
        FloatMatrix images = FloatMatrix.allocate(trained.numbers().size(), loaded.embeddingSize());
        int[] row = {0};
        try (Progress.Phase phase = progress.begin("images of the baseline", source.count(), "image")) {
            loaded.embedImages(
                    source,
                    (number, embedding) -> {
                        if (row[0] < images.rows() && trained.numbers().get(row[0]) == number) {
                            images.accept(row[0]++, embedding);
                        }
                    },
                    failure -> {},
                    phase);
        }
        if (row[0] < images.rows()) {
            throw new InputException("%d of %d held-out images could be read again, expected all; measure it with eval."
                    .formatted(row[0], images.rows()));
        }
        return images;
    }
}

package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.dataset.ExamplePlaces;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.ImageSource;
import io.llm2clip.model.ImageEncoder;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.TextProjection;
import io.llm2clip.model.TokenizerFiles;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.Evaluation;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Measures retrieval between held-out images and all their captions, in the middle of stage 2 and after it. */
final class ClipEvaluation implements Evaluation {
    private final Llm2ClipModel model;
    private final TokenizerFiles tokenizer;
    private final ImageExamples images;
    private final VectorLookup vectors;
    private final Execution execution;
    private final Progress progress;

    /**
     * An evaluation of a model, whatever its weights have become.
     *
     * @param tokenizer is saved with it
     * @param images that are measured, those that can be used
     * @param vectors of their captions
     */
    ClipEvaluation(
            Llm2ClipModel model,
            TokenizerFiles tokenizer,
            ImageExamples images,
            VectorLookup vectors,
            Execution execution,
            Progress progress) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.images = images;
        this.vectors = vectors;
        this.execution = execution;
        this.progress = progress;
    }

    /** What was measured; broken images are left out, a sentence says why. */
    record Measured(int images, List<String> broken, RetrievalMetrics retrieval) {}

    Measured retrieval() {
        ImageSource source = images.source();
        ExamplePlaces places = new ExamplePlaces(images.set());
        FloatMatrix embeddings =
                FloatMatrix.allocate(source.count(), model.vision().config().projectionSize());
        List<String> captions = new ArrayList<>();
        List<Integer> imageOf = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        int[] count = {0};
        try (ImageEncoder encoder = new ImageEncoder(model.vision(), execution);
                TextProjection projection = new TextProjection(model.language().adapter(), execution);
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
            return new Measured(
                    count[0],
                    broken,
                    RetrievalMetrics.of(
                            embeddings.slice(0, count[0]),
                            projection.project(vectors.of(captions)),
                            imageOf.stream().mapToInt(Integer::intValue).toArray()));
        }
    }

    @Override
    public Map<String, Double> measure() {
        RetrievalMetrics retrieval = retrieval().retrieval;
        Map<String, Double> recall = new LinkedHashMap<>();
        recall.put("val_image_to_text_r1", retrieval.textRetrieval().recall(1));
        recall.put("val_text_to_image_r1", retrieval.imageRetrieval().recall(1));
        return recall;
    }

    @Override
    public void save(Path directory) {
        try (OutputDirectory output = ModelDirectory.claim(directory, Existing.REPLACE)) {
            ModelDirectory.save(output, model, tokenizer, Saving.DEFAULT);
        }
    }
}

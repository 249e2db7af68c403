package io.llm2clip.training;

import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.ImageCache;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Measures retrieval between held-out images and all their captions, in the middle of stage 2 and after it. */
final class ClipEvaluation implements Evaluation {
    private final Llm2ClipModel model;
    private final TokenizerFiles tokenizer;
    private final ImageCache images;
    private final int[] measured;
    private final CaptionVectors vectors;
    private final Execution execution;
    private final Progress progress;

    /**
     * An evaluation of a model, whatever its weights have become.
     *
     * @param tokenizer is saved with it
     * @param measured numbers of the images
     * @param vectors of the captions of all images
     */
    ClipEvaluation(
            Llm2ClipModel model,
            TokenizerFiles tokenizer,
            ImageCache images,
            List<Integer> measured,
            CaptionVectors vectors,
            Execution execution,
            Progress progress) {
        this.model = model;
        this.tokenizer = tokenizer;
        this.images = images;
        this.measured = measured.stream().mapToInt(Integer::intValue).toArray();
        this.vectors = vectors;
        this.execution = execution;
        this.progress = progress;
    }

    RetrievalMetrics retrieval() {
        int[] imageOf = IntStream.range(0, measured.length)
                .flatMap(i -> IntStream.generate(() -> i).limit(vectors.count(measured[i])))
                .toArray();
        try (ImageEncoder encoder = new ImageEncoder(model.vision(), execution);
                TextProjection projection = new TextProjection(model.language().adapter(), execution);
                Progress.Phase phase = progress.begin("evaluation", measured.length, "image")) {
            return RetrievalMetrics.of(
                    encoder.encode(images.select(measured), phase),
                    projection.project(vectors.ofImages(measured)),
                    imageOf);
        }
    }

    @Override
    public Map<String, Double> measure() {
        RetrievalMetrics retrieval = retrieval();
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

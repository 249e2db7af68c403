package io.llm2clip;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.ImageCache;
import io.llm2clip.progress.Passes;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * How well a model finds the images of a folder by their captions, and captions by images.
 *
 * <pre>{@code
 * FolderRetrieval found = FolderRetrieval.of(model, CaptionedImages.open(Path.of("photos")), Progress.NONE);
 * double recall = found.metrics().imageRetrieval().recall(10);
 * }</pre>
 *
 * @param data which lines of captions.jsonl were used
 * @param broken images that could not be read, with the reasons
 * @param images that were searched
 * @param captions of these images, all of them
 * @param cutCaptions how many of them were too long for the model, so that their ends do not count
 * @param metrics between them
 * @param captionRetrieval whether captions find each other by the language model's vectors, before the adapter
 */
public record FolderRetrieval(
        DataReport data,
        List<String> broken,
        int images,
        int captions,
        int cutCaptions,
        RetrievalMetrics metrics,
        CaptionRetrieval captionRetrieval) {
    /** Images and captions in memory at a time, apart from their vectors. */
    private static final int CHUNK = 256;

    /**
     * Measures a model on a folder of images with a captions.jsonl.
     *
     * @throws InputException if none of the images can be read
     */
    public static FolderRetrieval of(Llm2Clip model, CaptionedImages data, Progress progress) {
        List<String> broken = new ArrayList<>();
        List<float[]> images = new ArrayList<>();
        List<List<String>> captionsOf = new ArrayList<>();
        try (Progress.Phase phase = progress.begin("images", data.size(), "image")) {
            Progress.Phase readAndEmbedded = new Passes(phase, 2);
            for (int start = 0; start < data.size(); start += CHUNK) {
                List<CaptionedImage> chunk = data.items().subList(start, Math.min(data.size(), start + CHUNK));
                ImageCache cache = model.readImages(
                        chunk.stream().map(CaptionedImage::path).toList(), readAndEmbedded);
                images.addAll(List.of(model.embedImages(cache, readAndEmbedded)));
                for (int index : cache.usable()) {
                    captionsOf.add(chunk.get(index).captions());
                }
                cache.failures().forEach(failure -> broken.add(failure.reason()));
            }
        }
        data.requireReadable(broken);
        if (images.size() < 2) {
            throw new InputException(
                    "%s has a single usable image, which nothing can be mistaken for; measure with at least two."
                            .formatted(data.folder()));
        }
        List<String> captions = captionsOf.stream().flatMap(List::stream).toList();
        int[] imageOf = new int[captions.size()];
        int caption = 0;
        for (int image = 0; image < captionsOf.size(); image++) {
            for (int i = 0; i < captionsOf.get(image).size(); i++) {
                imageOf[caption++] = image;
            }
        }
        AtomicInteger cut = new AtomicInteger();
        float[][] texts = inChunks(
                "captions",
                captions,
                (chunk, phase) -> {
                    TextEmbeddings embedded = model.textEmbeddings(chunk, phase);
                    cut.addAndGet(embedded.cut());
                    return embedded.vectors();
                },
                progress);
        return new FolderRetrieval(
                data.report(),
                List.copyOf(broken),
                images.size(),
                captions.size(),
                cut.get(),
                RetrievalMetrics.of(images.toArray(float[][]::new), texts, imageOf),
                captionRetrieval(model, captionsOf, progress));
    }

    private static CaptionRetrieval captionRetrieval(Llm2Clip model, List<List<String>> captionsOf, Progress progress) {
        return CaptionRetrieval.measure(
                captionsOf,
                model::captionKinds,
                texts -> inChunks("caption retrieval", texts, model::captionVectorsUnwarned, progress));
    }

    private interface Encoder {
        float[][] encode(List<String> texts, Progress.Phase phase);
    }

    private static float[][] inChunks(String name, List<String> texts, Encoder encoder, Progress progress) {
        List<float[]> vectors = new ArrayList<>();
        try (Progress.Phase phase = progress.begin(name, texts.size(), "caption")) {
            for (int start = 0; start < texts.size(); start += CHUNK) {
                List<String> chunk = texts.subList(start, Math.min(texts.size(), start + CHUNK));
                vectors.addAll(List.of(encoder.encode(chunk, phase)));
            }
        }
        return vectors.toArray(float[][]::new);
    }
}

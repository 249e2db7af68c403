package io.llm2clip;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.List;

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
 * @param captionRetrieval whether captions find each other by the language model's vectors before the adapter, or by the embeddings
 *     of a text tower
 */
public record FolderRetrieval(
        DataReport data,
        List<String> broken,
        int images,
        int captions,
        int cutCaptions,
        RetrievalMetrics metrics,
        CaptionRetrieval captionRetrieval) {
    /** Captions whose tokens are in memory at a time. */
    private static final int CHUNK = 256;

    /**
     * Measures a model on a folder of images with a captions.jsonl.
     *
     * @throws InputException if none of the images can be read
     */
    public static FolderRetrieval of(Llm2Clip model, CaptionedImages data, Progress progress) {
        List<String> broken = new ArrayList<>();
        List<List<String>> captionsOf = new ArrayList<>();
        FloatMatrix all = FloatMatrix.allocate(data.size(), model.embeddingSize());
        try (Progress.Phase phase = progress.begin("images", data.size(), "image")) {
            model.embedImages(
                    model.images(data.items().stream().map(CaptionedImage::path).toList()),
                    (index, embedding) -> {
                        all.accept(captionsOf.size(), embedding);
                        captionsOf.add(data.items().get(index).captions());
                    },
                    failure -> broken.add(failure.reason()),
                    phase);
        }
        FloatMatrix images = all.slice(0, captionsOf.size());
        data.requireReadable(broken);
        if (images.rows() < 2) {
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
        int[] cut = {0};
        FloatMatrix texts = FloatMatrix.allocate(captions.size(), model.embeddingSize());
        inChunks(
                "captions",
                captions,
                (chunk, target, phase) -> cut[0] += model.embedTexts(chunk, target, phase),
                texts,
                progress);
        return new FolderRetrieval(
                data.report(),
                List.copyOf(broken),
                images.rows(),
                captions.size(),
                cut[0],
                RetrievalMetrics.of(images, texts, imageOf),
                captionRetrieval(model, captionsOf, progress));
    }

    private static CaptionRetrieval captionRetrieval(Llm2Clip model, List<List<String>> captionsOf, Progress progress) {
        return CaptionRetrieval.measure(captionsOf, model::captionKinds, texts -> {
            FloatMatrix vectors = FloatMatrix.allocate(texts.size(), model.textVectorSize());
            inChunks("caption retrieval", texts, model::textVectors, vectors, progress);
            return vectors;
        });
    }

    private interface Encoder {
        void encode(List<String> texts, FloatMatrix target, Progress.Phase phase);
    }

    private static void inChunks(
            String name, List<String> texts, Encoder encoder, FloatMatrix target, Progress progress) {
        try (Progress.Phase phase = progress.begin(name, texts.size(), "caption")) {
            for (int start = 0; start < texts.size(); start += CHUNK) {
                int end = Math.min(texts.size(), start + CHUNK);
                encoder.encode(texts.subList(start, end), target.slice(start, end), phase);
            }
        }
    }
}

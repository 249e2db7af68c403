package io.llm2clip;

import io.llm2clip.image.ImageCache;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.ImageEncoder;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.TextProjection;
import io.llm2clip.progress.Progress;
import io.llm2clip.text.CaptionKinds;
import java.awt.image.BufferedImage;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * A trained LLM2CLIP model, ready to embed images and captions into one space.
 *
 * <pre>{@code
 * try (Llm2Clip model = Llm2Clip.load(Path.of("model"))) {
 *     float[][] cosines = model.similarity(List.of(Path.of("kite.jpg")), List.of("a red kite", "a blue tent"));
 * }
 * }</pre>
 *
 * <p>Embeddings have length 1, so their dot product is the cosine. Safe for use by several threads, one of which computes at a
 * time.
 */
public final class Llm2Clip implements AutoCloseable {
    private final ModelDirectory directory;
    private final Preprocessing preprocessing;
    private final ImageReader reader;
    private final CaptionEncoder captions;
    private final TextProjection texts;
    private final ImageEncoder images;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean closed;

    private Llm2Clip(ModelDirectory directory, LoadOptions options) {
        this.directory = directory;
        Llm2ClipModel model = directory.model();
        ModelDescription description = model.description();
        preprocessing =
                description.preprocessing().ofSize(model.vision().config().imageSize());
        reader = options.reader(description);
        captions = new CaptionEncoder(
                model.llama(), directory.tokenizer(), description.captionFormat(), description.pooling());
        texts = new TextProjection(model.adapter());
        images = new ImageEncoder(model.vision());
    }

    /**
     * Loads a model that training has saved.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a part is missing, damaged or does not fit the others
     * @throws IllegalStateException if the Java runtime lacks what kernels need; the message says which option to add
     */
    public static Llm2Clip load(Path directory) {
        return load(directory, LoadOptions.DEFAULT);
    }

    /** The same, with what the caller decides otherwise than the model says. */
    public static Llm2Clip load(Path path, LoadOptions options) {
        ModelDirectory directory = ModelDirectory.open(path, options.specialTokens());
        try {
            return new Llm2Clip(directory, options);
        } catch (RuntimeException | Error e) {
            directory.close();
            throw e;
        }
    }

    /** Embeddings {@code [captions, E]} of length 1. Captions too long for the model are cut; a warning is logged, once per call. */
    public float[][] embedTexts(List<String> captions) {
        return textEmbeddings(captions).warn().vectors();
    }

    /** The same, with how many captions were cut. */
    public TextEmbeddings textEmbeddings(List<String> captions) {
        return textEmbeddings(captions, Progress.Phase.NONE);
    }

    /** The same, and {@code phase} hears of each caption. */
    public TextEmbeddings textEmbeddings(List<String> captions, Progress.Phase phase) {
        return counted(() -> normalize(texts.project(vectors(captions, phase))));
    }

    /**
     * Embeddings {@code [files, E]} of length 1.
     *
     * @throws io.llm2clip.data.InputException naming the first file that cannot be read as an image
     */
    public float[][] embedImages(List<Path> files) {
        return embed(files.size(), i -> reader.square(files.get(i), preprocessing));
    }

    /** Embeddings {@code [images, E]} of length 1. */
    public float[][] embedImages(BufferedImage... pictures) {
        return embed(pictures.length, i -> preprocessing.square(RgbImage.of(pictures[i])));
    }

    /**
     * Reads image files at the model's size; those that cannot be read are among {@link ImageCache#failures}.
     *
     * @param phase hears of each file
     */
    public ImageCache readImages(List<Path> files, Progress.Phase phase) {
        return ImageCache.load(files, reader, preprocessing, Workers.shared().threads(), phase);
    }

    /**
     * Embeddings {@code [U, E]} of length 1 of the {@link ImageCache#usable usable} images, in order.
     *
     * @param phase hears of each image, unusable ones included
     */
    public float[][] embedImages(ImageCache cache, Progress.Phase phase) {
        phase.advance(cache.failures().size());
        return exclusively(() -> normalize(images.encode(cache.usable(), cache::batch, phase)));
    }

    /** Cosines {@code [images, captions]}. Captions too long for the model are cut; a warning is logged. */
    public float[][] similarity(List<Path> files, List<String> captions) {
        return similarity(files, textEmbeddings(captions).warn());
    }

    /** Cosines {@code [images, captions]} with captions embedded before. */
    public float[][] similarity(List<Path> files, TextEmbeddings captions) {
        return Arrays.stream(embedImages(files))
                .map(image -> cosines(image, captions.vectors()))
                .toArray(float[][]::new);
    }

    /**
     * The language model's vectors {@code [captions, D]} before the adapter, not normalized: what a text cache holds. Captions too
     * long for the model are cut; a warning is logged, once per call.
     */
    public float[][] captionVectors(List<String> captions) {
        return counted(() -> vectors(captions, Progress.Phase.NONE)).warn().vectors();
    }

    /** The same without a warning, for who has counted them already. */
    float[][] captionVectorsUnwarned(List<String> captions, Progress.Phase phase) {
        return exclusively(() -> vectors(captions, phase));
    }

    /** Which captions of one image are short and which are long. */
    CaptionKinds captionKinds(List<String> captions) {
        return exclusively(() -> this.captions.kinds(captions));
    }

    /** The factor that training learned for cosines before a softmax, up to 100. */
    public float logitScale() {
        return exclusively(
                () -> (float) Math.exp(directory.model().logitScale().data().item()));
    }

    /** E, the number of values of an embedding. */
    public int embeddingSize() {
        return directory.model().vision().config().projectionSize();
    }

    /** How the model was made and is used. */
    public ModelDescription description() {
        return directory.model().description();
    }

    /** Frees the model's memory; nothing can be embedded afterwards. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                // In reverse order, each whatever becomes of the others.
                try (directory;
                        images;
                        texts;
                        captions) {}
            }
        } finally {
            lock.unlock();
        }
    }

    /** What work makes of captions, with how many of them were cut meanwhile. */
    private TextEmbeddings counted(Supplier<float[][]> work) {
        return exclusively(() -> {
            long before = captions.cutCaptions();
            float[][] vectors = work.get();
            int cut = Math.toIntExact(captions.cutCaptions() - before);
            return new TextEmbeddings(
                    vectors, cut, description().captionFormat().maxLength());
        });
    }

    private float[][] vectors(List<String> captions, Progress.Phase phase) {
        return this.captions.encode(captions, description().causal(), phase);
    }

    private interface Squares {
        /** The image with this number at the model's size. */
        RgbImage square(int index);
    }

    private float[][] embed(int count, Squares squares) {
        int[] all = IntStream.range(0, count).toArray();
        return exclusively(() -> normalize(images.encode(all, batch -> pixels(batch, squares), Progress.Phase.NONE)));
    }

    private float[] pixels(int[] batch, Squares squares) {
        int length = preprocessing.inputLength();
        float[] input = new float[batch.length * length];
        // Decoding takes longer than a small tower does, and every image has its own part of the array.
        IntStream.range(0, batch.length)
                .parallel()
                .forEach(i -> preprocessing.normalize(squares.square(batch[i]), input, i * length));
        return input;
    }

    private <T> T exclusively(Supplier<T> work) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException(
                        "The model of %s is closed; load it again.".formatted(directory.path()));
            }
            return work.get();
        } finally {
            lock.unlock();
        }
    }

    private static float[] cosines(float[] image, float[][] captions) {
        float[] cosines = new float[captions.length];
        for (int c = 0; c < captions.length; c++) {
            for (int d = 0; d < image.length; d++) {
                cosines[c] += image[d] * captions[c][d];
            }
        }
        return cosines;
    }

    private static float[][] normalize(float[][] vectors) {
        for (float[] vector : vectors) {
            double squares = 0;
            for (float value : vector) {
                squares += (double) value * value;
            }
            float scale = (float) (1 / Math.max(Math.sqrt(squares), 1e-12));
            for (int i = 0; i < vector.length; i++) {
                vector[i] *= scale;
            }
        }
        return vectors;
    }
}

package io.llm2clip;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.UnitVectors;
import io.llm2clip.data.VectorTarget;
import io.llm2clip.hub.HubPath;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageResult;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.ImageStream;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.ImageEncoder;
import io.llm2clip.model.JoinedTextEncoder;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.OpenModel;
import io.llm2clip.model.Probabilities;
import io.llm2clip.model.TextBranch;
import io.llm2clip.model.TextEncoder;
import io.llm2clip.model.TextTower;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionKinds;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Supplier;

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
    /** Captions whose tokens are in memory at a time. */
    private static final int CHUNK = 256;

    private final OpenModel opened;
    // Of joined embeddings only.
    private final Optional<OpenModel> tower;
    private final LoadOptions options;
    private final Preprocessing preprocessing;
    private final ImageReader reader;
    private final TextEncoder texts;
    private final ImageEncoder images;
    private final ReentrantLock lock = new ReentrantLock();
    private boolean closed;

    private Llm2Clip(OpenModel opened, Optional<OpenModel> tower, LoadOptions options) {
        this.opened = opened;
        this.tower = tower;
        this.options = options;
        Llm2ClipModel model = opened.model();
        ModelDescription description = model.description();
        preprocessing = description.preprocessing().of(model.vision().config());
        reader = options.reader(description);
        texts = tower.<TextEncoder>map(other -> new JoinedTextEncoder(texts(opened), texts(other)))
                .orElseGet(() -> texts(opened));
        images = new ImageEncoder(model.vision(), options.execution());
    }

    private TextEncoder texts(OpenModel part) {
        return TextEncoder.of(part.model().text(), part.tokenizer(), options.captions(), options.execution());
    }

    /**
     * Loads a model: the directory that training has saved, or a published LLM2CLIP model, which is a directory or a file of weights
     * whose text encoder lies beside it under its published name ({@link LoadOptions#withTextEncoder} names another place), or a plain
     * CLIP, SigLIP or FG-CLIP 2 with its own text tower.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a part is missing, damaged or does not fit the others
     * @throws InputException if the precision is int8, and no weight is quantized
     * @throws IllegalStateException if the Java runtime lacks what kernels need; the message says which option to add
     */
    public static Llm2Clip load(Path path) {
        return load(path, LoadOptions.DEFAULT);
    }

    /**
     * The same for a path, or for the name of a model on the Hub, {@code owner/name} or {@code owner/name@revision}, that was fetched
     * before.
     *
     * @throws io.llm2clip.hub.HubException if it is neither a path nor in the Hub's cache
     */
    public static Llm2Clip load(String place) {
        return load(HubPath.of(place));
    }

    /**
     * The same, with what the caller decides otherwise than the model says, and where to compute.
     *
     * @throws InputException also if captions are to be embedded by what there is not
     */
    public static Llm2Clip load(Path path, LoadOptions options) {
        if (options.captionsBy().isEmpty()) {
            return load(open(path, options), Optional.empty(), options);
        }
        return switch (options.captionsBy().get()) {
            case LANGUAGE_MODEL -> requireLanguageModel(path, load(open(path, options), Optional.empty(), options));
            case TEXT_TOWER -> load(open(towerOf(path), options), Optional.empty(), options);
            case JOINED -> {
                Path tower = towerOf(path);
                OpenModel language = open(path, options);
                try {
                    yield load(language, Optional.of(open(tower, options)), options);
                } catch (RuntimeException | Error e) {
                    language.close();
                    throw e;
                }
            }
        };
    }

    private static Llm2Clip requireLanguageModel(Path path, Llm2Clip loaded) {
        if (loaded.captionsBy() == CaptionsBy.LANGUAGE_MODEL) {
            return loaded;
        }
        try (loaded) {
            throw new InputException(
                    "%s: expected a model whose captions a language model embeds, found a text tower; embed captions by the model itself."
                            .formatted(path));
        }
    }

    /** Takes over what was opened. */
    private static Llm2Clip load(OpenModel opened, Optional<OpenModel> tower, LoadOptions options) {
        try {
            return new Llm2Clip(opened, tower, options);
        } catch (RuntimeException | Error e) {
            tower.ifPresent(OpenModel::close);
            opened.close();
            throw e;
        }
    }

    private static OpenModel open(Path path, LoadOptions options) {
        OpenModel opened = OpenModel.open(path, options.model());
        try {
            opened.requirePrecision(path, options.execution());
            return opened;
        } catch (RuntimeException | Error e) {
            opened.close();
            throw e;
        }
    }

    private static Path towerOf(Path path) {
        Path tower = path.resolve(ModelDirectory.TOWER);
        if (!Files.isDirectory(tower)) {
            throw new InputException(
                    "%s: expected a language model beside which a text tower was trained, with that in '%s', found none; embed captions by the model itself."
                            .formatted(path, ModelDirectory.TOWER));
        }
        return tower;
    }

    /** Embeddings {@code [captions, E]} of length 1. Captions too long for the model are cut; a warning is logged, once per call. */
    public float[][] embedTexts(List<String> captions) {
        return textEmbeddings(captions).warn().vectors().toArrays();
    }

    /** The same, with how many captions were cut. */
    public TextEmbeddings textEmbeddings(List<String> captions) {
        return textEmbeddings(captions, Progress.Phase.NONE);
    }

    /** The same, and {@code phase} hears of each caption. */
    public TextEmbeddings textEmbeddings(List<String> captions, Progress.Phase phase) {
        FloatMatrix embeddings = FloatMatrix.allocate(captions.size(), embeddingSize());
        int cut = embedTexts(captions, embeddings, phase);
        return new TextEmbeddings(embeddings, cut, texts.maxLength());
    }

    /**
     * Embeds captions into the caller's memory.
     *
     * @param embeddings receives {@code [captions, E]} of length 1
     * @param phase hears of each caption
     * @return how many captions were too long for the model and cut
     */
    public int embedTexts(List<String> captions, FloatMatrix embeddings, Progress.Phase phase) {
        return counted(() -> {
            for (int start = 0; start < captions.size(); start += CHUNK) {
                int end = Math.min(captions.size(), start + CHUNK);
                texts.embed(captions.subList(start, end), embeddings.slice(start, end), phase);
            }
            embeddings.normalizeRows();
        });
    }

    /**
     * Embeddings {@code [files, E]} of length 1.
     *
     * @throws io.llm2clip.data.InputException naming the first file that cannot be read as an image
     */
    public float[][] embedImages(List<Path> files) {
        return embed(images(files)).toArrays();
    }

    /** Embeddings {@code [images, E]} of length 1. */
    public float[][] embedImages(BufferedImage... pictures) {
        return embed(ImageSource.ofPictures(List.of(pictures), preprocessing)).toArrays();
    }

    /** Image files as this model takes images, read when they are embedded. */
    public ImageSource images(List<Path> files) {
        return ImageSource.ofFiles(files, reader, preprocessing);
    }

    /**
     * Embeds images, each of which may fail without the others; while some are computed, the next are read. Those who receive results
     * must not use this model meanwhile.
     *
     * @param embeddings receives those of length 1 of images that can be read
     * @param failures receives the others; both together are in the order of the images
     * @param phase hears of each image
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public void embedImages(
            ImageSource source, VectorTarget embeddings, Consumer<ImageResult.Failure> failures, Progress.Phase phase) {
        FloatMatrix unit = FloatMatrix.allocate(1, vision().projectionSize());
        VectorTarget normalized = (index, vector) -> {
            unit.accept(0, vector);
            FloatMatrix embedding = whole(unit);
            embedding.normalizeRows();
            embeddings.accept(index, embedding.memory());
        };
        exclusively(() -> {
            images.encode(source, normalized, failures, phase);
            return true;
        });
    }

    /** Cosines {@code [images, captions]}. Captions too long for the model are cut; a warning is logged. */
    public float[][] similarity(List<Path> files, List<String> captions) {
        return similarity(files, () -> textEmbeddings(captions).warn());
    }

    /**
     * Cosines {@code [images, captions]} with captions embedded before.
     *
     * @throws InputException also if an embedding is not finite
     */
    public float[][] similarity(List<Path> files, TextEmbeddings captions) {
        return similarity(files, () -> captions);
    }

    /**
     * Cosines {@code [images, captions]} with captions that are embedded while the first images are read.
     *
     * @throws InputException also if an embedding is not finite
     */
    public float[][] similarity(List<Path> files, Supplier<TextEmbeddings> captions) {
        try (ImageStream stream = ImageEncoder.read(images(files))) {
            UnitVectors texts = new UnitVectors(captions.get().vectors(), "caption");
            FloatMatrix embeddings = embed(() -> images.encode(stream, Progress.Phase.NONE));
            return new UnitVectors(embeddings, "image").cosines(texts);
        }
    }

    /**
     * The language model's vectors {@code [captions, D]} before the adapter, not normalized: what a text cache holds. Captions too
     * long for the model are cut; a warning is logged, once per call.
     *
     * @throws IllegalStateException if the model has a text tower of its own, which has no vectors before an adapter
     */
    public float[][] captionVectors(List<String> captions) {
        if (!(opened.model().text() instanceof LanguageBranch)) {
            throw new IllegalStateException(
                    "%s: expected an LLM2CLIP model, whose language model gives caption vectors, found one with a text tower of its own, which has none; use embedTexts."
                            .formatted(opened.path()));
        }
        FloatMatrix vectors = FloatMatrix.allocate(captions.size(), textVectorSize());
        int cut = counted(() -> texts.vectors(captions, vectors, Progress.Phase.NONE));
        return new TextEmbeddings(vectors, cut, texts.maxLength())
                .warn()
                .vectors()
                .toArrays();
    }

    /**
     * What captions are compared with each other by, {@code [captions, V]}, not normalized: the language model's vectors before the
     * adapter, or the embeddings of a text tower.
     */
    public void textVectors(List<String> captions, VectorTarget vectors, Progress.Phase phase) {
        exclusively(() -> {
            vectors(texts, captions, vectors, phase);
            return true;
        });
    }

    /**
     * The same with another instruction before each caption than the model was loaded with; it is read and not pooled.
     *
     * @param instruction empty for none
     * @throws IllegalArgumentException if there is one, and the model has a text tower of its own, which reads none
     */
    public void textVectors(List<String> captions, String instruction, VectorTarget vectors, Progress.Phase phase) {
        exclusively(() -> {
            try (TextEncoder instructed = TextEncoder.of(
                    opened.model().text(),
                    opened.tokenizer(),
                    options.captions().withInstruction(instruction),
                    options.execution())) {
                vectors(instructed, captions, vectors, phase);
            }
            return true;
        });
    }

    private static void vectors(
            TextEncoder encoder, List<String> captions, VectorTarget vectors, Progress.Phase phase) {
        for (int start = 0; start < captions.size(); start += CHUNK) {
            int first = start;
            encoder.vectors(
                    captions.subList(first, Math.min(captions.size(), first + CHUNK)),
                    (index, vector) -> vectors.accept(first + index, vector),
                    phase);
        }
    }

    /** V, the number of values of such a vector. */
    public int textVectorSize() {
        return texts.vectorSize();
    }

    /** Which captions of one image are short and which are long. */
    public CaptionKinds captionKinds(List<String> captions) {
        return exclusively(() -> texts.kinds(captions));
    }

    /** The factor that training learned for cosines, of joined embeddings for the language model's, before a softmax or a sigmoid, for LLM2CLIP and CLIP up to 100. */
    public float logitScale() {
        return exclusively(
                () -> (float) Math.exp(opened.model().logits().scale().data().item()));
    }

    /** What the model was trained to make of cosines: a softmax over captions, or, for a SigLIP, a sigmoid of each. */
    public Probabilities probabilities() {
        float scale = logitScale();
        return opened.model().logits().bias().isPresent()
                ? new Probabilities.Sigmoid(scale, logitBias())
                : new Probabilities.Softmax(scale);
    }

    /** What SigLIP's models add to scaled cosines, before a sigmoid makes a probability of each; 0 for models without. */
    public float logitBias() {
        return exclusively(() ->
                opened.model().logits().bias().map(bias -> bias.data().item()).orElse(0f));
    }

    /** E, the number of values of an embedding. */
    public int embeddingSize() {
        return (tower.isPresent() ? 2 : 1) * vision().projectionSize();
    }

    /** Tokens that are read of a caption, those of its template and instruction included; of longer ones only the beginning counts. */
    public int maxTextLength() {
        return texts.maxLength();
    }

    /** How the model was made and takes images. */
    public ModelDescription description() {
        return opened.model().description();
    }

    /** What embeds captions. */
    public CaptionsBy captionsBy() {
        if (tower.isPresent()) {
            return CaptionsBy.JOINED;
        }
        return text() instanceof TextTower ? CaptionsBy.TEXT_TOWER : CaptionsBy.LANGUAGE_MODEL;
    }

    /** Where and how the model computes. */
    public Execution execution() {
        return options.execution();
    }

    /** The vision tower's sizes and kind. */
    public VisionConfig vision() {
        return opened.model().vision().config();
    }

    /** What a language model reads before each caption, as the model was loaded; empty for nothing. */
    public String instruction() {
        return options.captions().instruction();
    }

    /** What turns captions into embeddings, such as the language model and how it reads captions. */
    public TextBranch text() {
        return opened.model().text();
    }

    /** Frees the model's memory; nothing can be embedded afterwards. */
    @Override
    public void close() {
        lock.lock();
        try {
            if (!closed) {
                closed = true;
                // In reverse order, each whatever becomes of the others.
                try (opened;
                        OpenModel _ = tower.orElse(null);
                        images;
                        texts) {}
            }
        } finally {
            lock.unlock();
        }
    }

    /** How many captions were cut by some work. */
    private int counted(Runnable work) {
        return exclusively(() -> {
            long before = texts.cutCaptions();
            work.run();
            return Math.toIntExact(texts.cutCaptions() - before);
        });
    }

    private FloatMatrix embed(ImageSource source) {
        return embed(() -> images.encode(source, Progress.Phase.NONE));
    }

    private FloatMatrix embed(Supplier<FloatMatrix> computed) {
        FloatMatrix embeddings = whole(exclusively(computed));
        embeddings.normalizeRows();
        return embeddings;
    }

    /** Embeddings of images as they are compared with those of captions. */
    private FloatMatrix whole(FloatMatrix images) {
        return tower.isPresent() ? images.beside(images) : images;
    }

    private <T> T exclusively(Supplier<T> work) {
        lock.lock();
        try {
            if (closed) {
                throw new IllegalStateException("The model of %s is closed; load it again.".formatted(opened.path()));
            }
            return work.get();
        } finally {
            lock.unlock();
        }
    }
}

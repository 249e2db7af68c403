package io.llm2clip.zeroshot;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.UnitVectors;
import io.llm2clip.image.ImageResult;
import io.llm2clip.image.ImageSource;
import io.llm2clip.model.Probabilities;
import io.llm2clip.progress.Progress;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Consumer;

/**
 * Sorts images by labels in words: the cosines between an image and each label, and the probabilities that the model makes of them, which
 * are relative to the other labels, or, of a SigLIP, each label's own. Both have the same order.
 *
 * <pre>{@code
 * ZeroShotClassifier classifier = ZeroShotClassifier.of(
 *         model, List.of(Label.of("cat"), Label.of("dog")), PromptTemplates.SIMPLE, Progress.NONE);
 * classifier.classify(model.images(files), (index, best) -> ..., failure -> ..., Progress.Phase.NONE);
 * }</pre>
 *
 * <p>A label's vector is the mean of the embeddings of its prompts, each of length 1, as in CLIP. The model must stay
 * open. Safe for use by several threads.
 */
public final class ZeroShotClassifier {
    /** Prompts embedded at a time. */
    private static final int CHUNK = 256;

    private final Llm2Clip model;
    private final List<Label> labels;
    private final UnitVectors vectors;
    private final Probabilities probabilities;
    private final int prompts;
    private final int cutPrompts;

    /**
     * How well a label fits an image.
     *
     * @param cosine of image and label
     * @param probability as {@link ZeroShotClassifier#probabilities} makes it: of a softmax relative to the other labels, all together 1;
     *     of a sigmoid this label's own
     */
    public record Score(Label label, float cosine, double probability) {}

    /** Receives the scores of images. */
    @FunctionalInterface
    public interface Target {
        /**
         * Takes the scores of an image.
         *
         * @param index of the image
         * @param scores of all labels, best first; of equal ones the label that was given first
         */
        void accept(int index, List<Score> scores);
    }

    private ZeroShotClassifier(
            Llm2Clip model,
            List<Label> labels,
            UnitVectors vectors,
            Probabilities probabilities,
            int prompts,
            int cutPrompts) {
        this.model = model;
        this.labels = labels;
        this.vectors = vectors;
        this.probabilities = probabilities;
        this.prompts = prompts;
        this.cutPrompts = cutPrompts;
    }

    /**
     * Embeds labels.
     *
     * @throws InputException if the model's vector of a label is not finite
     */
    public static ZeroShotClassifier of(
            Llm2Clip model, List<Label> labels, PromptTemplates templates, Progress progress) {
        int perLabel = templates.templates().size();
        int prompts = Math.multiplyExact(labels.size(), perLabel);
        FloatMatrix vectors = FloatMatrix.allocate(labels.size(), model.embeddingSize());
        FloatMatrix chunk = FloatMatrix.allocate(Math.min(CHUNK, prompts), model.embeddingSize());
        int cut = 0;
        try (Progress.Phase phase = progress.begin("labels", prompts, "prompt")) {
            List<String> texts = new ArrayList<>();
            int first = 0;
            for (int label = 0; label < labels.size(); label++) {
                for (String prompt : templates.of(labels.get(label))) {
                    texts.add(prompt);
                    if (texts.size() == CHUNK || first + texts.size() == prompts) {
                        cut += model.embedTexts(texts, chunk.slice(0, texts.size()), phase);
                        for (int i = 0; i < texts.size(); i++) {
                            add(chunk.row(i), vectors.row((first + i) / perLabel));
                        }
                        first += texts.size();
                        texts.clear();
                    }
                }
            }
        }
        for (int label = 0; label < labels.size(); label++) {
            requireFinite(
                    vectors.row(label), "label '%s'".formatted(labels.get(label).name()));
        }
        return new ZeroShotClassifier(
                model, List.copyOf(labels), new UnitVectors(vectors, "label"), model.probabilities(), prompts, cut);
    }

    private static void add(MemorySegment vector, MemorySegment sum) {
        for (long i = 0; i < sum.byteSize(); i += Float.BYTES) {
            sum.set(
                    ValueLayout.JAVA_FLOAT,
                    i,
                    sum.get(ValueLayout.JAVA_FLOAT, i) + vector.get(ValueLayout.JAVA_FLOAT, i));
        }
    }

    private static void requireFinite(MemorySegment vector, String what) {
        if (!Double.isFinite(FloatMatrix.squares(vector))) {
            throw new InputException(
                    "The model's vector of the %s is not finite, so nothing can be compared with it; check the weights and the format that they are kept in."
                            .formatted(what));
        }
    }

    /** What images are classified as, in the given order. */
    public List<Label> labels() {
        return labels;
    }

    /** What is made of cosines. */
    public Probabilities probabilities() {
        return probabilities;
    }

    /** Prompts of all labels together. */
    public int prompts() {
        return prompts;
    }

    /** How many prompts were too long for the model and cut. */
    public int cutPrompts() {
        return cutPrompts;
    }

    /**
     * Classifies images, each of which may fail without the others. Those who receive results must not use the model meanwhile.
     *
     * @param images as the model takes them, from {@link Llm2Clip#images}
     * @param failures receives what cannot be read; both together are in the order of the images
     * @param phase hears of each image
     * @throws InputException if the model's vector of an image is not finite
     * @throws java.util.concurrent.CancellationException if the thread is interrupted
     */
    public void classify(
            ImageSource images, Target target, Consumer<ImageResult.Failure> failures, Progress.Phase phase) {
        model.embedImages(
                images, (index, vector) -> target.accept(index, scores(images.name(index), vector)), failures, phase);
    }

    /**
     * The scores of all labels, best first, for an image that is embedded already.
     *
     * @param name stands for it in messages
     * @param image {@code [E]} of length 1
     * @throws InputException if it is not finite
     */
    public List<Score> scores(String name, MemorySegment image) {
        requireFinite(image, "image " + name);
        FloatMatrix vector = FloatMatrix.allocate(1, vectors.width());
        vector.accept(0, image);
        float[] cosines = new UnitVectors(vector, "image").cosines(vectors)[0];
        double[] probable = probabilities.of(cosines);
        List<Score> scores = new ArrayList<>(cosines.length);
        for (int label = 0; label < cosines.length; label++) {
            scores.add(new Score(labels.get(label), cosines[label], probable[label]));
        }
        scores.sort(Comparator.comparingDouble((Score score) -> -score.cosine));
        return scores;
    }
}

package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.ScratchVectors;
import io.llm2clip.evaluation.probe.LinearProbe;
import io.llm2clip.evaluation.sets.ClassNames;
import io.llm2clip.evaluation.sets.ClassifiedSet;
import io.llm2clip.evaluation.sets.ImageNet;
import io.llm2clip.evaluation.sets.ReadableImages;
import io.llm2clip.progress.Progress;
import io.llm2clip.zeroshot.ClassificationAccuracy;
import io.llm2clip.zeroshot.PromptTemplates;
import io.llm2clip.zeroshot.ZeroShotClassifier;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** How often images are classified as what they are: by words, or by a linear probe of their vectors. */
final class ClassificationEvaluation {
    /** The one template of the paper. */
    private static final PromptTemplates ONE = new PromptTemplates(List.of("a photo of the {}"));

    private ClassificationEvaluation() {}

    /** By words, with one template and with OpenAI's eighty; images are embedded once. */
    static Measurement.ZeroShot zeroShot(Llm2Clip model, ImageNet.Validation validation, Progress progress) {
        ClassNames names = validation.names();
        ClassifiedSet set = validation.images();
        ZeroShotClassifier one = ZeroShotClassifier.of(model, names.labels(), ONE, progress);
        ZeroShotClassifier eighty = ZeroShotClassifier.of(model, names.labels(), PromptTemplates.IMAGENET, progress);
        ClassificationAccuracy ofOne = new ClassificationAccuracy();
        ClassificationAccuracy ofEighty = new ClassificationAccuracy();
        List<String> broken = new ArrayList<>();
        try (Progress.Phase phase = progress.begin("images", set.images().size(), "image")) {
            model.embedImages(
                    model.images(
                            set.images().stream().map(ClassifiedSet.Image::file).toList()),
                    (index, vector) -> {
                        ClassifiedSet.Image image = set.images().get(index);
                        String truth = names.labels().get(image.label()).name();
                        ofOne.add(truth, one.scores(image.file().toString(), vector));
                        ofEighty.add(truth, eighty.scores(image.file().toString(), vector));
                    },
                    failure -> broken.add(failure.reason()),
                    phase);
        }
        ReadableImages.requireMost(set.folder(), set.images().size(), broken);
        return new Measurement.ZeroShot(
                List.copyOf(broken),
                set.leftOut(),
                ofOne.images(),
                names.labels().size(),
                names.published(),
                new Measurement.Accuracy(ofOne.top1(), ofOne.top5()),
                new Measurement.Accuracy(ofEighty.top1(), ofEighty.top5()));
    }

    /**
     * By a linear classifier that is fitted to the vectors of the training images.
     *
     * @throws InputException if the model's vectors are not finite
     */
    static Measurement.Probe probe(Llm2Clip model, ClassifiedSet training, ClassifiedSet test, Progress progress) {
        try (ScratchVectors scratch = new ScratchVectors()) {
            FloatMatrix all = scratch.allocate(training.images().size(), model.embeddingSize());
            List<String> broken = new ArrayList<>();
            List<Integer> labels = new ArrayList<>();
            embed(model, training, "training images", progress, broken, (label, vector) -> {
                all.accept(labels.size(), vector);
                labels.add(label);
            });
            LinearProbe probe = LinearProbe.fit(
                    all.slice(0, labels.size()),
                    labels.stream().mapToInt(Integer::intValue).toArray(),
                    training.classes().size(),
                    model.execution(),
                    progress);
            int[] counts = new int[2];
            embed(model, test, "test images", progress, broken, (label, vector) -> {
                counts[0]++;
                counts[1] += probe.classify(vector) == label ? 1 : 0;
            });
            return new Measurement.Probe(
                    List.copyOf(broken),
                    Stream.concat(training.leftOut().stream(), test.leftOut().stream())
                            .toList(),
                    labels.size(),
                    counts[0],
                    training.classes().size(),
                    counts[1] / (double) counts[0],
                    probe.iterations(),
                    probe.converged());
        }
    }

    private interface Labeled {
        void accept(int label, MemorySegment vector);
    }

    private static void embed(
            Llm2Clip model, ClassifiedSet set, String name, Progress progress, List<String> allBroken, Labeled target) {
        List<String> broken = new ArrayList<>();
        try (Progress.Phase phase = progress.begin(name, set.images().size(), "image")) {
            model.embedImages(
                    model.images(
                            set.images().stream().map(ClassifiedSet.Image::file).toList()),
                    (index, vector) -> {
                        if (!Double.isFinite(FloatMatrix.squares(vector))) {
                            throw new InputException(
                                    "The model's vector of the image %s is not finite, so that nothing can be learned from it; check the weights."
                                            .formatted(set.images().get(index).file()));
                        }
                        target.accept(set.images().get(index).label(), vector);
                    },
                    failure -> broken.add(failure.reason()),
                    phase);
        }
        ReadableImages.requireMost(set.folder(), set.images().size(), broken);
        allBroken.addAll(broken);
    }
}

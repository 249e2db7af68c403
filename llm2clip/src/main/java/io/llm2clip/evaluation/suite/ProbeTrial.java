package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.Ranks;
import io.llm2clip.evaluation.ScratchVectors;
import io.llm2clip.evaluation.probe.LinearProbe;
import io.llm2clip.evaluation.sets.ClassifiedSet;
import io.llm2clip.progress.Progress;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** How often a linear classifier, fitted to a model's vectors of training images, says what other images are. */
final class ProbeTrial implements Trial {
    private final ClassifiedSet training;
    private final ClassifiedSet test;
    private final List<Seen> models = new ArrayList<>();

    /**
     * What a model has seen.
     *
     * @param ranks 0 where the probe is right, by test image
     */
    private record Seen(
            String name, LabeledImages training, LabeledImages test, LinearProbe probe, List<Integer> ranks) {}

    ProbeTrial(ClassifiedSet training, ClassifiedSet test) {
        this.training = training;
        this.test = test;
    }

    /** @throws InputException also if the model's vectors are not finite */
    @Override
    public void add(String name, Llm2Clip model, Progress progress) {
        List<Integer> labels = new ArrayList<>();
        LabeledImages learned;
        LinearProbe probe;
        try (ScratchVectors scratch = new ScratchVectors()) {
            List<Integer> numbers = models.isEmpty()
                    ? LabeledImages.all(training)
                    : models.getLast().training.numbers();
            FloatMatrix all = scratch.allocate(numbers.size(), model.embeddingSize());
            learned = LabeledImages.embed(model, training, numbers, "training images", progress, (image, vector) -> {
                requireFinite(image, vector);
                all.accept(labels.size(), vector);
                labels.add(image.label());
            });
            probe = LinearProbe.fit(
                    all.slice(0, labels.size()),
                    labels.stream().mapToInt(Integer::intValue).toArray(),
                    training.classes().size(),
                    model.execution(),
                    progress);
        }
        List<Integer> ranks = new ArrayList<>();
        LabeledImages tested =
                LabeledImages.embed(model, test, testNumbers(), "test images", progress, (image, vector) -> {
                    requireFinite(image, vector);
                    ranks.add(probe.classify(vector) == image.label() ? 0 : 1);
                });
        models.add(new Seen(name, learned, tested, probe, ranks));
    }

    private static void requireFinite(ClassifiedSet.Image image, MemorySegment vector) {
        if (!Double.isFinite(FloatMatrix.squares(vector))) {
            throw new InputException(
                    "The model's vector of the image %s is not finite, so that nothing can be learned from it; check the weights."
                            .formatted(image.file()));
        }
    }

    private List<Integer> testNumbers() {
        return models.isEmpty()
                ? LabeledImages.all(test)
                : models.getLast().test.numbers();
    }

    @Override
    public Findings findings() {
        Seen ours = models.getFirst();
        Measurement measurement = measurement(ours);
        if (models.size() == 1) {
            return Findings.of(measurement);
        }
        Seen baseline = models.getLast();
        Difference difference = Difference.of(
                "accuracy",
                "accuracy of a linear probe",
                ranks(ours).hits(1),
                ranks(baseline).hits(1),
                1.0 / training.classes().size());
        return new Findings(
                measurement, Optional.of(new Versus(baseline.name, measurement(baseline), List.of(difference))));
    }

    private Ranks ranks(Seen seen) {
        return seen.test.ranks(seen.ranks, testNumbers());
    }

    private Measurement.Probe measurement(Seen seen) {
        return new Measurement.Probe(
                Stream.concat(seen.training.broken().stream(), seen.test.broken().stream())
                        .toList(),
                Stream.concat(training.leftOut().stream(), test.leftOut().stream())
                        .toList(),
                seen.training.numbers().size(),
                testNumbers().size(),
                training.classes().size(),
                ranks(seen).recall(1),
                seen.probe.iterations(),
                seen.probe.converged());
    }
}

package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.evaluation.Ranks;
import io.llm2clip.evaluation.sets.ClassNames;
import io.llm2clip.evaluation.sets.ClassifiedSet;
import io.llm2clip.evaluation.sets.ImageNet;
import io.llm2clip.progress.Progress;
import io.llm2clip.zeroshot.ClassificationAccuracy;
import io.llm2clip.zeroshot.PromptTemplates;
import io.llm2clip.zeroshot.ZeroShotClassifier;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** How often images are classified as what they are by words, with one template and with OpenAI's eighty; images are embedded once. */
final class ZeroShotTrial implements Trial {
    /** The one template of the paper. */
    private static final PromptTemplates ONE = new PromptTemplates(List.of("a photo of the {}"));

    private final ClassifiedSet set;
    private final ClassNames names;
    private final List<Seen> models = new ArrayList<>();

    /**
     * What a model has seen.
     *
     * @param one where the right class comes with one template, by image
     * @param eighty with eighty
     */
    private record Seen(String name, LabeledImages images, List<Integer> one, List<Integer> eighty) {}

    ZeroShotTrial(ImageNet.Validation validation) {
        set = validation.images();
        names = validation.names();
    }

    @Override
    public void add(String name, Llm2Clip model, Progress progress) {
        ZeroShotClassifier one = ZeroShotClassifier.of(model, names.labels(), ONE, progress);
        ZeroShotClassifier eighty = ZeroShotClassifier.of(model, names.labels(), PromptTemplates.IMAGENET, progress);
        List<Integer> ofOne = new ArrayList<>();
        List<Integer> ofEighty = new ArrayList<>();
        LabeledImages images = LabeledImages.embed(model, set, numbers(), "images", progress, (image, vector) -> {
            String truth = names.labels().get(image.label()).name();
            String file = image.file().toString();
            ofOne.add(ClassificationAccuracy.rank(truth, one.scores(file, vector)));
            ofEighty.add(ClassificationAccuracy.rank(truth, eighty.scores(file, vector)));
        });
        models.add(new Seen(name, images, ofOne, ofEighty));
    }

    private List<Integer> numbers() {
        return models.isEmpty()
                ? LabeledImages.all(set)
                : models.getLast().images.numbers();
    }

    @Override
    public Findings findings() {
        Measurement.ZeroShot ours = measurement(models.getFirst());
        if (models.size() == 1) {
            return Findings.of(ours);
        }
        Seen baseline = models.getLast();
        return new Findings(
                ours, Optional.of(new Versus(baseline.name, measurement(baseline), differences(ours.classes()))));
    }

    private List<Difference> differences(int classes) {
        return List.of(
                difference("top1EightyTemplates", "top-1, 80 templates", eighty(0), eighty(1), 1, classes),
                difference("top1OneTemplate", "top-1, one template", one(0), one(1), 1, classes),
                difference("top5EightyTemplates", "top-5, 80 templates", eighty(0), eighty(1), 5, classes),
                difference("top5OneTemplate", "top-5, one template", one(0), one(1), 5, classes));
    }

    private static Difference difference(String key, String name, Ranks ours, Ranks baseline, int k, int classes) {
        return Difference.of(key, name, ours.hits(k), baseline.hits(k), Math.min(1, k / (double) classes));
    }

    private Ranks one(int model) {
        return models.get(model).images.ranks(models.get(model).one, numbers());
    }

    private Ranks eighty(int model) {
        return models.get(model).images.ranks(models.get(model).eighty, numbers());
    }

    private Measurement.ZeroShot measurement(Seen seen) {
        int model = models.indexOf(seen);
        return new Measurement.ZeroShot(
                seen.images.broken(),
                set.leftOut(),
                numbers().size(),
                names.labels().size(),
                names.published(),
                accuracy(one(model)),
                accuracy(eighty(model)));
    }

    private static Measurement.Accuracy accuracy(Ranks ranks) {
        return new Measurement.Accuracy(ranks.recall(1), ranks.recall(5));
    }
}

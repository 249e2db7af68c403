package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Standing;
import io.llm2clip.evaluation.suite.EvaluationReport.Part;
import io.llm2clip.evaluation.suite.Measurement.Captions;
import io.llm2clip.evaluation.suite.Measurement.Failed;
import io.llm2clip.evaluation.suite.Measurement.Probe;
import io.llm2clip.evaluation.suite.Measurement.Retrieval;
import io.llm2clip.evaluation.suite.Measurement.ZeroShot;
import io.llm2clip.report.Card;
import io.llm2clip.report.Html;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * What evaluations amount to: a verdict and cards.
 *
 * @param model what was measured
 * @param parts the evaluations
 */
record EvaluationSummary(String model, List<Part> parts) {
    private static final int CARDS = 3;

    String verdict() {
        List<Part> compared = parts.stream()
                .filter(part -> part.findings().compared().isPresent())
                .toList();
        List<String> sentences = new ArrayList<>();
        if (compared.isEmpty()) {
            sentences.addAll(alone());
        } else {
            sentences.add(compared.size() == 1 ? single(compared.getFirst()) : several(compared));
        }
        for (Part part : parts) {
            if (part.measurement() instanceof Failed) {
                sentences.add("%s could not be measured.".formatted(part.title()));
            } else {
                part.findings()
                        .versus()
                        .filter(versus -> versus.differences().isEmpty())
                        .ifPresent(versus -> sentences.add(
                                "%s could not be measured with %s.".formatted(part.title(), versus.name())));
            }
        }
        return sentences.isEmpty() ? "How captions of the same image find each other." : String.join(" ", sentences);
    }

    private String single(Part part) {
        Versus versus = part.findings().compared().orElseThrow();
        Difference main = versus.main();
        return "%s is %s %s in %s: %s against %s, %s; guessing reaches %s."
                .formatted(
                        model,
                        main.interval().standing().words(),
                        versus.name(),
                        part.measurement() instanceof Retrieval
                                ? main.name() + ", the share of searches with a right answer among the first ten"
                                : main.name(),
                        Html.percent(main.ours()),
                        Html.percent(main.baseline()),
                        main.interval().words(),
                        chance(main.chance()));
    }

    private String several(List<Part> compared) {
        Map<Standing, List<String>> byStanding = new EnumMap<>(Standing.class);
        for (Part part : compared) {
            Difference main = part.findings().compared().orElseThrow().main();
            byStanding
                    .computeIfAbsent(main.interval().standing(), _ -> new ArrayList<>())
                    .add("%s (%s against %s)"
                            .formatted(part.title(), Html.percent(main.ours()), Html.percent(main.baseline())));
        }
        String baseline =
                compared.getFirst().findings().compared().orElseThrow().name();
        List<String> clauses = new ArrayList<>();
        byStanding.forEach((standing, titles) -> clauses.add("%s %s on %s"
                .formatted(standing.words(), clauses.isEmpty() ? baseline : "it", String.join(", ", titles))));
        return "%s is %s.%s"
                .formatted(
                        model,
                        String.join("; ", clauses),
                        retrievals().isEmpty()
                                ? ""
                                : " For images and captions the figure is R@10, the share of searches with a right answer among the first ten.");
    }

    private List<String> alone() {
        List<String> sentences = new ArrayList<>();
        List<Retrieval> found = retrievals();
        if (!found.isEmpty()) {
            BothWays mean = mean(found);
            sentences.add(
                    "%s finds the right image first for %s of captions and a right caption first for %s of images%s; guessing reaches %s."
                            .formatted(
                                    model,
                                    Html.percent(mean.textToImage().r1()),
                                    Html.percent(mean.imageToText().r1()),
                                    found.size() == 1 ? "" : ", on average of %d data sets".formatted(found.size()),
                                    chance(chance(found, each -> each.chance().r1()))));
        }
        for (Part part : parts) {
            switch (part.measurement()) {
                case ZeroShot classified ->
                    sentences.add("It tells what %s of the images of %s show, by words, among %d classes."
                            .formatted(Html.percent(classified.eighty().top1()), part.title(), classified.classes()));
                case Probe probe ->
                    sentences.add("A linear classifier of its vectors is right about %s of the images (%s)."
                            .formatted(Html.percent(probe.accuracy()), part.title()));
                case Retrieval _, Captions _, Failed _ -> {}
            }
        }
        return sentences;
    }

    List<Card> cards() {
        List<Card> cards = new ArrayList<>();
        List<Retrieval> found = retrievals();
        boolean compared = baselines().filter(all -> !all.isEmpty()).isPresent();
        if (compared) {
            // The verdict is about it.
            cards.add(meanR10());
        }
        if (!found.isEmpty()) {
            cards.add(recall(
                    "R@1, text to image",
                    each -> each.textToImage().r1(),
                    each -> each.chance().r1()));
            cards.add(recall(
                    "R@1, image to text",
                    each -> each.imageToText().r1(),
                    each -> each.chance().r1()));
        }
        for (Part part : parts) {
            switch (part.measurement()) {
                case ZeroShot classified ->
                    cards.add(accuracy(
                            part,
                            part.title() + ", 80 templates",
                            classified.eighty().top1(),
                            1.0 / classified.classes()));
                case Probe probe -> cards.add(accuracy(part, part.title(), probe.accuracy(), 1.0 / probe.classes()));
                case Captions captions ->
                    cards.add(accuracy(
                            part,
                            part.title(),
                            captions.instructed().orElse(captions.accuracy()),
                            1.0 / captions.images()));
                case Retrieval _, Failed _ -> {}
            }
        }
        if (!found.isEmpty() && !compared && cards.size() < CARDS) {
            cards.add(meanR10());
        }
        return cards.stream().limit(CARDS).toList();
    }

    private Card meanR10() {
        return recall(
                "R@10, mean of both directions",
                BothWays::meanR10,
                each -> each.chance().r10());
    }

    private Card recall(String name, ToDoubleFunction<BothWays> figure, ToDoubleFunction<Retrieval> chance) {
        List<Retrieval> found = retrievals();
        Optional<String> baseline = baselines().map(all -> beside(baselineName(), figure.applyAsDouble(mean(all))));
        return new Card(
                Html.percent(figure.applyAsDouble(mean(found))),
                found.size() == 1 ? name : "%s, mean of %d data sets".formatted(name, found.size()),
                baseline.orElse("") + "guessing: " + chance(chance(found, chance)));
    }

    private static Card accuracy(Part part, String name, double figure, double chance) {
        String baseline = part.findings()
                .compared()
                .map(versus -> beside(versus.name(), versus.main().baseline()))
                .orElse("");
        return new Card(Html.percent(figure), name, baseline + "guessing: " + chance(chance));
    }

    private static String beside(String name, double figure) {
        return "%s: %s, ".formatted(name, Html.percent(figure));
    }

    private List<Retrieval> retrievals() {
        return parts.stream()
                .map(Part::measurement)
                .filter(Retrieval.class::isInstance)
                .map(Retrieval.class::cast)
                .toList();
    }

    /** What the baseline has, if it has as many: means of different data sets cannot be compared. */
    private Optional<List<Retrieval>> baselines() {
        List<Retrieval> all = parts.stream()
                .flatMap(part -> part.findings().compared().stream())
                .map(Versus::baseline)
                .filter(Retrieval.class::isInstance)
                .map(Retrieval.class::cast)
                .toList();
        return all.size() == retrievals().size() ? Optional.of(all) : Optional.empty();
    }

    private String baselineName() {
        return parts.stream()
                .flatMap(part -> part.findings().versus().stream())
                .map(Versus::name)
                .findFirst()
                .orElseThrow();
    }

    private static BothWays mean(List<Retrieval> found) {
        return BothWays.mean(found.stream().map(Retrieval::recall).toList());
    }

    private static double chance(List<Retrieval> found, ToDoubleFunction<Retrieval> figure) {
        return found.stream().mapToDouble(figure).average().orElse(0);
    }

    private static String chance(double fraction) {
        return String.format(Locale.ROOT, "%.2f %%", 100 * fraction);
    }
}

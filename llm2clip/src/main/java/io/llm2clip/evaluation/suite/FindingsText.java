package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.suite.Measurement.Accuracy;
import io.llm2clip.evaluation.suite.Measurement.Captions;
import io.llm2clip.evaluation.suite.Measurement.Failed;
import io.llm2clip.evaluation.suite.Measurement.Probe;
import io.llm2clip.evaluation.suite.Measurement.Retrieval;
import io.llm2clip.evaluation.suite.Measurement.ZeroShot;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Findings as text of at most about 100 columns. */
public final class FindingsText {
    private static final String NAME = "%-28s";

    private FindingsText() {}

    /**
     * What was paired with what, the figures, those of a baseline under them, and the differences.
     *
     * @param model what the model is called beside a baseline
     */
    public static String of(String model, Findings findings) {
        return findings.versus()
                .map(versus -> beside(model, findings.measurement(), versus))
                .orElseGet(() -> alone(findings.measurement()));
    }

    private static String beside(String model, Measurement ours, Versus versus) {
        if (versus.differences().isEmpty()) {
            return alone(ours)
                    + "\nnot measured with %s: %s"
                            .formatted(versus.name(), versus.baseline().pairing());
        }
        List<String> lines = new ArrayList<>(List.of(ours.pairing()));
        if (ours instanceof Retrieval found && versus.baseline() instanceof Retrieval baseline) {
            BothWays.columns().forEach(columns -> lines.add((NAME + " %s").formatted("", columns)));
            lines.add((NAME + " %s").formatted(model, found.recall().row()));
            lines.add((NAME + " %s").formatted(versus.name(), baseline.recall().row()));
            lines.add((NAME + " %s").formatted("chance", new BothWays(found.chance(), found.chance()).row()));
            lines.add(
                    "%s minus %s in points [95 %% interval], mean of both directions".formatted(model, versus.name()));
            for (Difference difference : versus.differences()) {
                lines.add("  %-5s %s: %s"
                        .formatted(difference.name(), difference.interval().points(), standing(difference, versus)));
            }
        } else {
            for (Difference difference : versus.differences()) {
                lines.add(difference.name());
                lines.add("  %s %s, %s %s, chance %s: %s, %s"
                        .formatted(
                                model,
                                percent(difference.ours()),
                                versus.name(),
                                percent(difference.baseline()),
                                percent(difference.chance()),
                                difference.interval().points(),
                                standing(difference, versus)));
            }
        }
        return String.join("\n", lines);
    }

    private static String standing(Difference difference, Versus versus) {
        return "%s %s".formatted(difference.interval().standing().words(), versus.name());
    }

    private static String alone(Measurement measurement) {
        return switch (measurement) {
            case Retrieval found -> found.pairing() + "\n" + found.recall().table(found.chance());
            case Captions captions ->
                "%s\n%-28s %6s".formatted(captions.pairing(), "without instruction", percent(captions.accuracy()))
                        + (captions.instructed().isPresent()
                                ? "\n%-28s %6s  (%s)"
                                        .formatted(
                                                "with instruction",
                                                percent(captions.instructed().getAsDouble()),
                                                captions.instruction())
                                : "");
            case ZeroShot classified ->
                String.join(
                        "\n",
                        classified.pairing(),
                        "                top-1  top-5",
                        accuracy("one template", classified.one()),
                        accuracy("80 templates", classified.eighty()),
                        accuracy(
                                "chance",
                                new Accuracy(1.0 / classified.classes(), Math.min(1, 5.0 / classified.classes()))));
            case Probe probe ->
                "%s\n%-14s %6s\n%-14s %6s"
                        .formatted(
                                probe.pairing(),
                                "accuracy",
                                percent(probe.accuracy()),
                                "chance",
                                percent(1.0 / probe.classes()));
            case Failed failed -> failed.reason();
        };
    }

    private static String accuracy(String name, Accuracy accuracy) {
        return "%-14s %6s %6s".formatted(name, percent(accuracy.top1()), percent(accuracy.top5()));
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f", 100 * fraction);
    }
}

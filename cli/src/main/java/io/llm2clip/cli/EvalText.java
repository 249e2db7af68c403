package io.llm2clip.cli;

import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.suite.Findings;
import io.llm2clip.evaluation.suite.FindingsText;
import io.llm2clip.evaluation.suite.Measurement;
import io.llm2clip.progress.Quantity;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Results of a folder as text. */
final class EvalText {
    private EvalText() {}

    /** @param captions how they find each other, by model */
    static String ofFolder(Findings found, List<CaptionRetrieval> captions, EvaluatedModels models) {
        List<String> lines = new ArrayList<>();
        if (found.measurement() instanceof Measurement.Retrieval retrieval) {
            lines.add("%s, %s, embedded by the %s"
                    .formatted(
                            Quantity.of(retrieval.images(), "image"),
                            Quantity.of(retrieval.captions(), "caption"),
                            models.count() == 1
                                    ? models.ours().captionsBy()
                                    : "%s (%s) and the %s (%s)"
                                            .formatted(
                                                    models.ours().captionsBy(),
                                                    models.names().getFirst(),
                                                    models.other().captionsBy(),
                                                    models.names().getLast())));
        }
        lines.add(FindingsText.of(models.names().getFirst(), found));
        CaptionRetrieval ours = captions.getFirst();
        if (!ours.scores().isEmpty()) {
            lines.add("caption retrieval accuracy, mean of both directions");
        }
        ours.scores().forEach((pairing, score) -> {
            StringBuilder line = new StringBuilder(String.format(
                    Locale.ROOT, "  %-26s %5.1f %%", CaptionRetrieval.name(pairing), 100 * score.accuracy()));
            CaptionRetrieval.Score other =
                    captions.size() == 2 ? captions.getLast().scores().get(pairing) : null;
            if (other != null) {
                line.append(String.format(
                        Locale.ROOT, ", %s %.1f %%", models.names().getLast(), 100 * other.accuracy()));
            }
            lines.add(line.append(", among %d images".formatted(score.images())).toString());
        });
        return String.join("\n", lines);
    }
}

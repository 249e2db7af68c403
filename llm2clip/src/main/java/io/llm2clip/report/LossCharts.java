package io.llm2clip.report;

import java.util.List;
import java.util.Map;

/** The losses of trainings, with what has to be known to read them. */
public final class LossCharts {
    private LossCharts() {}

    /** Charts by name of the training, a line per kind of batch. */
    public static String of(Map<String, List<Series>> losses) {
        StringBuilder html = new StringBuilder("<div class=\"charts\">");
        losses.forEach((name, lines) -> html.append(Chart.of(name, lines)));
        html.append(
                "</div><p class=\"soft\">Pale: each step, or the mean of neighboring ones; strong: the mean of about ten.");
        if (losses.values().stream().anyMatch(lines -> lines.size() > 1)) {
            html.append(
                    " A line per kind of batch: pairs of a batch are of one kind, and some kinds are harder to tell apart than others."
                            + " A kind that begins later is the curriculum, no divergence.");
        }
        return html.append("</p>").toString();
    }
}

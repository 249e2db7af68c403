package io.llm2clip.report;

import java.util.List;
import java.util.Map;

/** The losses of trainings, with what has to be known to read them. */
public final class LossCharts {
    private LossCharts() {}

    /** Charts by name of the training, a line per kind of batch. */
    public static String of(Map<String, List<Series>> losses) {
        StringBuilder html = new StringBuilder("<div class=\"charts\">");
        losses.forEach((name, lines) -> html.append(Chart.of(Glossary.explained(name), lines)));
        html.append("</div><p class=\"soft\">The ")
                .append(Glossary.explained("loss"))
                .append(
                        " by step. Pale: each step, or the mean of neighboring ones where there are many; strong: the running mean of up to"
                                + " eleven, centered.");
        if (losses.values().stream().anyMatch(lines -> lines.size() > 1)) {
            html.append(
                    " All pairs of a batch are of one kind, and each kind has a line: some are harder to tell apart than others.");
        }
        if (html.indexOf(Chart.MARK) >= 0) {
            html.append(
                    " A dashed line marks where the curriculum adds a kind; a higher loss there is not divergence.");
        }
        return html.append("</p>").toString();
    }
}

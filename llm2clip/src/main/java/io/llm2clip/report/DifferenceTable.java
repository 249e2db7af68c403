package io.llm2clip.report;

import io.llm2clip.evaluation.Bootstrap.Interval;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Figures of two models in percent, a row per figure; their differences are in a column, which a phone shows as a line below the row
 * instead.
 */
public final class DifferenceTable {
    private final DataTable table = DataTable.ofFigures();

    /**
     * A table without rows.
     *
     * @param ours name of the model
     * @param baseline name of the other one
     */
    public DifferenceTable(String ours, String baseline) {
        table.rawHead("<th></th><th>%s</th><th>%s</th><th>%s</th><th class=\"wide\">difference [%s]</th>"
                .formatted(Html.escape(ours), Html.escape(baseline), Glossary.guessing(), Glossary.interval()));
    }

    /**
     * A row.
     *
     * @param ours the model's figure, a fraction
     * @param baseline the other one's
     * @param chance what guessing reaches
     * @param difference of the first two
     */
    public DifferenceTable row(String name, double ours, double baseline, double chance, Interval difference) {
        String numbers = Stream.of(ours, baseline, chance)
                .map(value -> String.format(Locale.ROOT, "%.1f", 100 * value))
                .collect(Collectors.joining("</td><td>"));
        table.rawRow(
                "",
                "<td>%s</td><td>%s</td><td class=\"wide\">%s</td>"
                        .formatted(Html.escape(name), numbers, Points.html(difference)));
        table.rawRow("narrow", "<td colspan=\"4\">difference: %s</td>".formatted(Points.html(difference)));
        return this;
    }

    /** The table as HTML. */
    public String html() {
        return table.html();
    }
}

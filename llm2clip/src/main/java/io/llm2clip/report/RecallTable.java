package io.llm2clip.report;

import io.llm2clip.evaluation.Bootstrap.Interval;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * R@1, 5, 10 of both directions in percent, a row per model, with differences from it where wanted: in columns, which a phone shows as a
 * line below the row instead.
 */
public final class RecallTable {
    private static final int[] CUT_OFFS = {1, 5, 10, 1, 5, 10};

    private final DataTable table = DataTable.ofFigures();
    private final String minus;
    private final int[] compared;

    /** A table without differences. */
    public RecallTable() {
        this("");
    }

    /**
     * A table with differences of mean recalls.
     *
     * @param ours whose recall it is that a row's is taken from
     * @param compared k of the R@k that are compared, a column each
     */
    public RecallTable(String ours, int... compared) {
        this.compared = compared.clone();
        minus = Html.escape(ours) + " minus this";
        String over = compared.length == 0
                ? ""
                : "<th class=\"wide\" colspan=\"%d\">%s, %s [%s]</th>"
                        .formatted(compared.length, minus, Glossary.mean(), Glossary.interval());
        table.rawHead("<th></th><th colspan=\"3\">%s</th><th colspan=\"3\">%s</th>%s"
                .formatted(Glossary.imageToText(), Glossary.textToImage(), over));
        table.rawHead("<th></th>" + heads(CUT_OFFS, "") + heads(compared, " class=\"wide\""));
    }

    private static String heads(int[] cutOffs, String attributes) {
        return Arrays.stream(cutOffs)
                .mapToObj(k -> "<th%s>%s</th>".formatted(attributes, Glossary.recall(k)))
                .collect(Collectors.joining());
    }

    /** A heading over the rows that follow. */
    public RecallTable group(String name) {
        table.group(name, 1 + CUT_OFFS.length + compared.length);
        return this;
    }

    /**
     * A row.
     *
     * @param style "ours" or empty
     * @param differences from it, one per k that is compared, or none
     */
    public RecallTable row(String style, String name, BothWays ways, List<Interval> differences) {
        return htmlRow(style, Html.escape(name), ways, differences);
    }

    /** What guessing has, both ways. */
    public RecallTable guessing(Recall chance) {
        return htmlRow("chance", Glossary.guessing(), new BothWays(chance, chance), List.of());
    }

    private RecallTable htmlRow(String style, String name, BothWays ways, List<Interval> differences) {
        String cells = Stream.concat(
                        Stream.of(name),
                        Stream.of(ways.imageToText(), ways.textToImage())
                                .flatMap(recall -> Stream.of(recall.r1(), recall.r5(), recall.r10()))
                                .map(value -> String.format(Locale.ROOT, "%.1f", 100 * value)))
                .map(cell -> "<td>" + cell + "</td>")
                .collect(Collectors.joining());
        String wide = IntStream.range(0, compared.length)
                .mapToObj(i -> "<td class=\"wide\">%s</td>"
                        .formatted(differences.isEmpty() ? "" : Points.html(differences.get(i))))
                .collect(Collectors.joining());
        table.rawRow(style, cells + wide);
        if (!differences.isEmpty()) {
            String narrow = IntStream.range(0, compared.length)
                    .mapToObj(i -> "%s %s".formatted(Glossary.recall(compared[i]), Points.html(differences.get(i))))
                    .collect(Collectors.joining("; "));
            table.rawRow("narrow", "<td colspan=\"%d\">%s: %s</td>".formatted(1 + CUT_OFFS.length, minus, narrow));
        }
        return this;
    }

    /** The table as HTML. */
    public String html() {
        return table.html();
    }
}

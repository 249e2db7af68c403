package io.llm2clip.evaluation.suite;

import io.llm2clip.evaluation.suite.Measurement.Failed;
import io.llm2clip.evaluation.suite.PublishedFigures.Figure;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Results beside published figures: a column per data set, a row per model.
 *
 * @param suites the columns
 * @param rows this model's, a baseline's if there is one, published ones
 * @param notes sentences on cells that are missing or not comparable
 */
public record SuiteTable(List<Suite> suites, List<Row> rows, List<String> notes) {
    /** The five whose mean the paper reports. */
    private static final List<Suite> AVERAGED =
            List.of(Suite.FLICKR30K, Suite.COCO, Suite.SHAREGPT4V, Suite.URBAN1K, Suite.DOCCI);

    private static final int NAME = 36;
    private static final int CELL = 15;

    /** Whose figures a row has. */
    public enum Source {
        MODEL,
        BASELINE,
        PAPER
    }

    /**
     * A row.
     *
     * @param source whose figures they are
     * @param cells by suite
     * @param notComparable suites that were measured with other numbers of images than published ones
     * @param mean of the paper's five data sets, if all are there
     */
    public record Row(
            String name,
            Source source,
            Map<Suite, Figure> cells,
            Set<Suite> notComparable,
            @Nullable Figure mean) {
        private static Row of(String name, Source source, Map<Suite, Figure> cells, Set<Suite> notComparable) {
            return new Row(name, source, cells, notComparable, mean(cells));
        }

        /** A figure in percent, such as "95.9/85.4", with a star where it is not comparable; "-" for none. */
        public String cell(Suite suite) {
            return SuiteTable.cell(cells.get(suite)) + (notComparable.contains(suite) ? "*" : "");
        }

        /** The mean in percent; "-" for none. */
        public String meanCell() {
            return SuiteTable.cell(mean)
                    + (mean != null && AVERAGED.stream().anyMatch(notComparable::contains) ? "*" : "");
        }

        private static @Nullable Figure mean(Map<Suite, Figure> cells) {
            double first = 0;
            double second = 0;
            for (Suite suite : AVERAGED) {
                Figure figure = cells.get(suite);
                if (figure == null || figure.second() == null) {
                    return null;
                }
                first += figure.first() / AVERAGED.size();
                second += figure.second() / AVERAGED.size();
            }
            return new Figure(first, second);
        }
    }

    /**
     * Puts results beside what is published.
     *
     * @param model what its row is called beside that of a baseline
     * @param missing suites that were asked for and have no data
     * @param tower what the paper calls the model's vision tower; with it, only its rows are shown
     */
    public static SuiteTable of(String model, List<SuiteResult> results, List<Suite> missing, Optional<String> tower) {
        Map<Suite, Figure> ours = new LinkedHashMap<>();
        Map<Suite, Figure> baseline = new LinkedHashMap<>();
        Set<Suite> notComparable = new LinkedHashSet<>();
        List<String> notes = new ArrayList<>();
        for (SuiteResult result : results) {
            result.figure().ifPresent(figure -> ours.put(result.suite(), figure));
            result.baselineFigure().ifPresent(figure -> baseline.put(result.suite(), figure));
            result.findings()
                    .versus()
                    .filter(versus -> versus.differences().isEmpty())
                    .ifPresent(versus -> notes.add("%s: not measured with %s: %s"
                            .formatted(
                                    result.suite().title(),
                                    versus.name(),
                                    versus.baseline().pairing())));
            if (result.measurement() instanceof Failed failed) {
                notes.add("%s: %s".formatted(result.suite().title(), failed.reason()));
            } else if (!result.comparable()) {
                notComparable.add(result.suite());
                notes.add("* %s: measured with %d images, published figures are of %d; they cannot be compared."
                        .formatted(
                                result.suite().title(),
                                result.images(),
                                result.suite().publishedImages()));
            }
        }
        missing.forEach(
                suite -> notes.add("%s: not measured, there is no folder %s.".formatted(suite.title(), suite.data())));
        List<Suite> suites =
                new ArrayList<>(results.stream().map(SuiteResult::suite).toList());
        suites.addAll(missing);
        suites.sort(null);
        List<Row> rows = new ArrayList<>();
        Optional<String> name = results.stream()
                .flatMap(result -> result.findings().versus().stream())
                .map(Versus::name)
                .findFirst();
        rows.add(Row.of(name.isPresent() ? model : "this model", Source.MODEL, ours, notComparable));
        name.ifPresent(other -> rows.add(Row.of(other, Source.BASELINE, baseline, notComparable)));
        PublishedFigures.rows(suites, tower)
                .forEach(row ->
                        rows.add(Row.of(row.name() + ", " + row.version(), Source.PAPER, row.figures(), Set.of())));
        return new SuiteTable(suites, rows, notes);
    }

    /** The table as text, in blocks of at most 100 columns. */
    public String text() {
        StringBuilder text = new StringBuilder();
        int width = 4;
        for (int first = 0; first < suites.size(); first += width) {
            List<Suite> block = suites.subList(first, Math.min(suites.size(), first + width));
            boolean mean = first + width >= suites.size() && suites.containsAll(AVERAGED);
            line(text, "", block.stream().map(Suite::title).toList(), mean ? "mean of five" : "");
            for (Row row : rows) {
                if (row.source != Source.PAPER || block.stream().anyMatch(row.cells::containsKey)) {
                    line(text, row.name, block.stream().map(row::cell).toList(), mean ? row.meanCell() : "");
                }
            }
        }
        notes.forEach(note -> text.append(note).append('\n'));
        return text.toString().stripTrailing();
    }

    private static void line(StringBuilder text, String name, List<String> cells, String mean) {
        String line = String.format(Locale.ROOT, "%-" + NAME + "s", name)
                + cells.stream()
                        .map(cell -> String.format(Locale.ROOT, "%" + CELL + "s", cell))
                        .collect(Collectors.joining())
                + String.format(Locale.ROOT, "%" + CELL + "s", mean);
        text.append(line.stripTrailing()).append('\n');
    }

    private static String cell(@Nullable Figure figure) {
        if (figure == null) {
            return "-";
        }
        Double second = figure.second();
        return percent(figure.first()) + (second == null ? "" : "/" + percent(second));
    }

    private static String percent(double fraction) {
        return String.format(Locale.ROOT, "%.1f", 100 * fraction);
    }
}

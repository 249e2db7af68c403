package io.llm2clip.training.run;

import io.llm2clip.report.Chart;
import io.llm2clip.report.DataTable;
import io.llm2clip.report.Glossary;
import io.llm2clip.report.Html;
import io.llm2clip.report.LossCharts;
import io.llm2clip.report.Series;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;

/** The metrics of a run as HTML, by phase. */
record RunCharts(RunMetrics metrics) {
    private static final String HELD_OUT = "val_";

    /** What names of metrics stand for, in a chart's title. */
    private static final Map<String, String> WORDS = Map.of(
            "long long",
            "two long captions",
            "short long",
            "a short and a long caption",
            " r1",
            ", R@1",
            " joined",
            ", joined");

    private static final List<Plot> PLOTS = List.of(
            new Plot(Metric.LEARNING_RATE, "learning rate", false),
            new Plot(Metric.LOGIT_SCALE, "logit scale", false),
            new Plot(Metric.LOGIT_BIAS, "logit bias", false),
            new Plot(Metric.GRADIENT_NORM, "gradient norm before clipping", true),
            new Plot(Metric.EXAMPLES_PER_SECOND, "examples per second", true));

    /** A metric to be drawn, smoothed if it has noise. */
    private record Plot(String metric, String title, boolean noisy) {
        String html(Series series) {
            String explained = Glossary.explained(title);
            return noisy ? Chart.of(explained, List.of(series)) : Chart.exact(explained, series);
        }
    }

    /** Of all phases, a line per kind of batch. */
    String losses() {
        Map<String, List<Series>> losses = new LinkedHashMap<>();
        metrics.phases().forEach(phase -> losses.put(phase.name(), phase.losses()));
        return LossCharts.of(losses);
    }

    /** What was measured every so many steps; empty if nothing was. */
    String heldOut() {
        return charts(phase -> phase.metrics().keySet().stream()
                .filter(metric -> metric.startsWith(HELD_OUT))
                .map(metric -> new Plot(metric, words(metric), false))
                .toList());
    }

    private static String words(String metric) {
        String words = metric.substring(HELD_OUT.length()).replace('_', ' ');
        for (Map.Entry<String, String> each : WORDS.entrySet()) {
            words = words.replace(each.getKey(), each.getValue());
        }
        return words;
    }

    /** How steps went. */
    String steps() {
        return charts(_ -> PLOTS);
    }

    /** By phase; empty if there are no values. */
    private String charts(Function<PhaseMetrics, List<Plot>> plots) {
        StringBuilder html = new StringBuilder();
        for (PhaseMetrics phase : metrics.phases()) {
            String charts = plots.apply(phase).stream()
                    .filter(plot -> phase.metric(plot.metric).size() > 0)
                    .map(plot -> plot.html(phase.metric(plot.metric)))
                    .collect(Collectors.joining());
            if (!charts.isEmpty()) {
                html.append("<h3>%s</h3><div class=\"charts\">%s</div>"
                        .formatted(Glossary.explained(phase.name()), charts));
            }
        }
        return html.toString();
    }

    /** What the phases took. */
    String costs() {
        DataTable table = new DataTable()
                .head(List.of(
                        "phase",
                        "steps",
                        Glossary.explained("skipped"),
                        "minutes",
                        Html.term(
                                "examples per second",
                                "the median of all steps: half of them were faster, half of them slower"),
                        Glossary.explained("peak memory") + ", MB"));
        for (PhaseMetrics phase : metrics.phases()) {
            table.row(
                    "",
                    List.of(
                            Glossary.explained(phase.name()),
                            number("%,.0f", phase.steps()),
                            number("%,.0f", phase.metric(Metric.SKIPPED_STEPS).greatest()),
                            number("%.1f", phase.metric(Metric.SECONDS).sum() / 60),
                            number(
                                    "%.3g",
                                    phase.metric(Metric.EXAMPLES_PER_SECOND).median()),
                            number("%,.0f", phase.metric(Metric.MEMORY_BYTES).greatest() / 1e6)));
        }
        return table.html()
                + "<p class=\"soft\">Minutes count steps alone, without reading models, evaluations and checkpoints.</p>";
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }
}

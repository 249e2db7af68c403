package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.report.Card;
import io.llm2clip.report.Chart;
import io.llm2clip.report.DataTable;
import io.llm2clip.report.Facts;
import io.llm2clip.report.Html;
import io.llm2clip.report.LossCharts;
import io.llm2clip.report.Page;
import io.llm2clip.report.Series;
import io.llm2clip.report.ShellWords;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import java.util.stream.Collectors;

/** A run as one page to send to somebody, made of what its folder holds. */
public final class RunReport {
    private static final int CARDS = 3;
    private static final String HELD_OUT = "val_";

    private static final List<Plot> PLOTS = List.of(
            new Plot(Metric.LEARNING_RATE, "learning rate", false),
            new Plot(Metric.LOGIT_SCALE, "logit scale", false),
            new Plot(Metric.LOGIT_BIAS, "logit bias", false),
            new Plot(Metric.GRADIENT_NORM, "gradient norm, before clipping", true),
            new Plot(Metric.EXAMPLES_PER_SECOND, "examples per second", true));

    /** A metric to be drawn, smoothed if it has noise. */
    private record Plot(String metric, String title, boolean noisy) {
        String html(Series series) {
            return noisy ? Chart.of(title, List.of(series)) : Chart.exact(title, series);
        }
    }

    private final String name;
    private final RunFile run;
    private final RunMetrics metrics;
    private final List<Outcome> figures;

    private RunReport(String name, RunFile run, RunMetrics metrics, List<Outcome> figures) {
        this.name = name;
        this.run = run;
        this.metrics = metrics;
        this.figures = figures;
    }

    /**
     * The page of a run, finished or not.
     *
     * @throws CheckpointException if the folder holds no run
     */
    public static Page of(Path directory) {
        RunFile run = RunFile.read(directory)
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected the folder of a run, found no %s.".formatted(directory, RunFile.NAME)));
        return new RunReport(
                        String.valueOf(directory.toAbsolutePath().normalize().getFileName()),
                        run,
                        RunMetrics.read(directory),
                        ResultsFile.read(directory))
                .page();
    }

    private Page page() {
        Page page = new Page(name + ": training", verdict());
        if (run.finished() == null) {
            page.note("This training is not finished: these are figures of its first %s.".formatted(steps()));
        }
        page.cards(cards());
        if (!figures.isEmpty()) {
            page.section("On what was held out", table());
        }
        page.section("Losses", LossCharts.of(losses()));
        String measured = measured();
        if (!measured.isEmpty()) {
            page.section("Measured on the way", measured);
        }
        page.section("Steps", charts(_ -> PLOTS));
        page.section("Time and memory", phases());
        return page.section("How to get this again", facts());
    }

    private String steps() {
        return metrics.phases().stream()
                .map(phase -> "%,d steps of %s".formatted(phase.steps(), phase.name()))
                .collect(Collectors.joining(" and "));
    }

    private String verdict() {
        if (metrics.phases().isEmpty()) {
            return "No step was made.";
        }
        if (figures.isEmpty()) {
            return metrics.phases().stream()
                    .map(phase -> {
                        Series loss = phase.metric(Metric.LOSS);
                        return String.format(
                                Locale.ROOT,
                                "%s: after %,d steps the loss is about %.3g, at first it was %.3g.",
                                phase.name(),
                                phase.steps(),
                                loss.last(),
                                loss.first());
                    })
                    .collect(Collectors.joining(" "));
        }
        Outcome first = figures.getFirst();
        return "After %s, on what was held out: %s is %s%s; guessing has %s."
                .formatted(
                        steps(),
                        first.name(),
                        Html.percent(first.value()),
                        first.before().isPresent()
                                ? ", before the training it was "
                                        + Html.percent(first.before().getAsDouble())
                                : "",
                        Html.percent(first.chance()));
    }

    private List<Card> cards() {
        return figures.stream()
                .limit(CARDS)
                .map(figure -> new Card(
                        Html.percent(figure.value()),
                        figure.name(),
                        figure.before().stream()
                                        .mapToObj(before -> "before: %s, ".formatted(Html.percent(before)))
                                        .collect(Collectors.joining())
                                + "guessing: " + Html.percent(figure.chance())))
                .toList();
    }

    /** What was measured before the training has a column where something was. */
    private String table() {
        boolean before = figures.stream().anyMatch(figure -> figure.before().isPresent());
        DataTable table = new DataTable().head(columns(before, "", "after the training", "before it", "guessing"));
        for (Outcome figure : figures) {
            OptionalDouble earlier = figure.before();
            table.row(
                    "",
                    columns(
                            before,
                            Html.escape(figure.name()),
                            Html.percent(figure.value()),
                            earlier.isPresent() ? Html.percent(earlier.getAsDouble()) : "",
                            Html.percent(figure.chance())));
        }
        return table.html();
    }

    private static List<String> columns(boolean withBefore, String name, String after, String before, String chance) {
        return withBefore ? List.of(name, after, before, chance) : List.of(name, after, chance);
    }

    private Map<String, List<Series>> losses() {
        Map<String, List<Series>> losses = new LinkedHashMap<>();
        metrics.phases().forEach(phase -> losses.put(phase.name(), phase.losses()));
        return losses;
    }

    /** Charts of what was measured every so many steps. */
    private String measured() {
        return charts(phase -> phase.metrics().keySet().stream()
                .filter(metric -> metric.startsWith(HELD_OUT))
                .map(metric ->
                        new Plot(metric, metric.substring(HELD_OUT.length()).replace('_', ' '), false))
                .toList());
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
                html.append("<h3>%s</h3><div class=\"charts\">%s</div>".formatted(Html.escape(phase.name()), charts));
            }
        }
        return html.toString();
    }

    private String phases() {
        DataTable table = new DataTable()
                .head(List.of(
                        "phase", "steps", "skipped", "minutes", "examples per second, median", "most memory, MB"));
        for (PhaseMetrics phase : metrics.phases()) {
            Series seconds = phase.metric(Metric.SECONDS);
            table.row(
                    "",
                    List.of(
                            Html.escape(phase.name()),
                            "%,d".formatted(phase.steps()),
                            number("%,.0f", phase.metric(Metric.SKIPPED_STEPS).greatest()),
                            number("%.1f", seconds.sum() / 60),
                            number(
                                    "%.3g",
                                    phase.metric(Metric.EXAMPLES_PER_SECOND).median()),
                            number("%,.0f", phase.metric(Metric.MEMORY_BYTES).greatest() / 1e6)));
        }
        return table.html()
                + "<p class=\"soft\">Minutes are of steps alone. Memory is the engine's and the Java heap's after a step.</p>";
    }

    private static String number(String format, double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, format, value);
    }

    private String facts() {
        Facts facts = new Facts();
        if (!run.command().isEmpty()) {
            facts.and("command", ShellWords.join(run.command()));
        }
        facts.and("started", run.started().toString());
        facts.and(
                "finished", run.finished() == null ? "not yet" : run.finished().toString());
        for (RunFile.Resumption resumption : run.resumed()) {
            facts.and("went on " + resumption.time(), "after step %,d".formatted(resumption.step()));
        }
        run.versions().forEach(facts::and);
        run.settings().values().forEach(facts::and);
        return facts.html();
    }
}

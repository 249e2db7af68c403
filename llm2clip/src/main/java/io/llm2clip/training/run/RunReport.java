package io.llm2clip.training.run;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.report.Card;
import io.llm2clip.report.DataTable;
import io.llm2clip.report.Facts;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.GalleryFolder;
import io.llm2clip.report.Glossary;
import io.llm2clip.report.Html;
import io.llm2clip.report.Page;
import io.llm2clip.report.Points;
import io.llm2clip.report.Series;
import io.llm2clip.report.ShellWords;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A run as one page to send to somebody, made of what its folder holds. */
public final class RunReport {
    private static final int CARDS = 3;
    private static final String RESUME = "--resume";

    private final String name;
    private final RunFile run;
    private final RunMetrics metrics;
    private final List<Outcome> figures;
    private final Map<String, Gallery> galleries;

    private RunReport(
            String name, RunFile run, RunMetrics metrics, List<Outcome> figures, Map<String, Gallery> galleries) {
        this.name = name;
        this.run = run;
        this.metrics = metrics;
        this.figures = figures;
        this.galleries = galleries;
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
                        ResultsFile.read(directory),
                        GalleryFolder.read(directory.resolve(RunDirectory.SEARCHES)))
                .page();
    }

    private Page page() {
        Page page = new Page(name + ": training", verdict());
        if (run.finished() == null) {
            page.note("This training is not finished: these are figures of its first %s.".formatted(steps()));
        }
        page.cards(cards());
        if (!figures.isEmpty()) {
            page.section("Results on held-out data", table());
        }
        RunCharts charts = new RunCharts(metrics);
        galleries.forEach((searched, gallery) -> page.section("Searches: " + searched, gallery.html()));
        page.section("Losses", charts.losses());
        String heldOut = charts.heldOut();
        if (!heldOut.isEmpty()) {
            page.section("Results during training", heldOut);
        }
        page.section("Steps", charts.steps());
        page.section("Time and memory", charts.costs());
        page.section("How to get this again", facts());
        return run.finished() == null ? goOn(page) : tryIt(page);
    }

    /** A run from a program has no command. */
    private Page goOn(Page page) {
        if (run.command().isEmpty()) {
            return page;
        }
        List<String> command = new ArrayList<>(run.command());
        if (!command.contains(RESUME)) {
            command.add(RESUME);
        }
        return page.section("Go on", command("Goes on from the newest checkpoint", command));
    }

    /** Runs of earlier versions have no commands. */
    private Page tryIt(Page page) {
        return run.next().isEmpty()
                ? page
                : page.section(
                        "Try it",
                        run.next().stream()
                                        .map(next -> command(next.purpose(), next.words()))
                                        .collect(Collectors.joining())
                                + "<p class=\"soft\">In the folder that the training was started in.</p>");
    }

    private static String command(String purpose, List<String> words) {
        return "<p>%s:</p><pre>%s</pre>".formatted(Html.escape(purpose), Html.escape(ShellWords.join(words)));
    }

    private String steps() {
        return metrics.phases().stream()
                .map(phase -> "%,d steps (%s)".formatted(phase.steps(), phase.name()))
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
        return "%s, on held-out data: %s after %s%s%s, %s by guessing. Trained for %s."
                .formatted(
                        first.name().substring(0, 1).toUpperCase(Locale.ROOT)
                                + first.name().substring(1),
                        Html.percent(first.value()),
                        last(),
                        first.before().stream()
                                .mapToObj(before -> ", %s before it".formatted(Html.percent(before)))
                                .collect(Collectors.joining()),
                        first.baseline()
                                .map(other -> ", %s with %s%s"
                                        .formatted(
                                                Html.percent(other.value()),
                                                other.name(),
                                                other.difference()
                                                        .map(difference -> ", " + difference.words())
                                                        .orElse("")))
                                .orElse(""),
                        Html.percent(first.chance()),
                        steps());
    }

    /** What was measured at the end of, and before if anything was: the last phase. */
    private String last() {
        List<PhaseMetrics> phases = metrics.phases();
        return phases.isEmpty() ? "the training" : phases.getLast().name().replaceFirst(",.*", "");
    }

    private List<Card> cards() {
        return figures.stream()
                .limit(CARDS)
                .map(figure -> new Card(
                        Html.percent(figure.value()),
                        figure.name(),
                        Stream.of(
                                        figure.before().stream().mapToObj(before -> "before: " + Html.percent(before)),
                                        figure.baseline().stream()
                                                .map(other ->
                                                        "%s: %s".formatted(other.name(), Html.percent(other.value()))),
                                        Stream.of("guessing: " + Html.percent(figure.chance())))
                                .flatMap(each -> each)
                                .collect(Collectors.joining(", "))))
                .toList();
    }

    private record Column(String head, Function<Outcome, String> cell) {}

    /** What was measured before the training and what a baseline has, each with the difference, have columns where they are. */
    private String table() {
        String baseline = figures.stream()
                .flatMap(figure -> figure.baseline().stream())
                .map(Outcome.Baseline::name)
                .findFirst()
                .orElse("");
        List<Column> columns = Stream.of(
                        new Column("", figure -> Glossary.explained(figure.name())),
                        new Column("after " + last(), figure -> Html.percent(figure.value())),
                        new Column(
                                "before it",
                                figure -> figure.before().stream()
                                        .mapToObj(Html::percent)
                                        .collect(Collectors.joining())),
                        new Column(
                                "difference [%s]".formatted(Glossary.interval()),
                                figure -> figure.gain().map(Points::html).orElse("")),
                        new Column(
                                Glossary.explained(baseline),
                                figure -> figure.baseline()
                                        .map(other -> Html.percent(other.value()))
                                        .orElse("")),
                        new Column(
                                "difference from %s [%s]".formatted(Html.escape(baseline), Glossary.interval()),
                                figure -> figure.baseline()
                                        .flatMap(Outcome.Baseline::difference)
                                        .map(Points::html)
                                        .orElse("")),
                        new Column(Glossary.guessing(), figure -> Html.percent(figure.chance())))
                .filter(column -> figures.stream()
                        .anyMatch(figure -> !column.cell.apply(figure).isEmpty()))
                .toList();
        DataTable table =
                new DataTable().head(columns.stream().map(Column::head).toList());
        figures.forEach(figure -> table.row(
                "", columns.stream().map(column -> column.cell.apply(figure)).toList()));
        return table.html();
    }

    private String facts() {
        Facts facts = new Facts();
        if (!run.command().isEmpty()) {
            facts.and("command", ShellWords.join(run.command()));
        }
        facts.and("started", seconds(run.started()));
        facts.and("finished", run.finished() == null ? "not yet" : seconds(run.finished()));
        for (RunFile.Resumption resumption : run.resumed()) {
            facts.and("resumed " + seconds(resumption.time()), "after step %,d".formatted(resumption.step()));
        }
        run.about().forEach(facts::and);
        run.versions().forEach(facts::and);
        Facts settings = new Facts();
        run.settings().values().forEach(settings::and);
        return facts.html() + "<details><summary>Settings</summary>%s</details>".formatted(settings.html());
    }

    private static String seconds(Instant time) {
        return time.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}

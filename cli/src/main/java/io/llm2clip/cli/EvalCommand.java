package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.evaluation.suite.CaptionEvaluation;
import io.llm2clip.evaluation.suite.EvaluationReport;
import io.llm2clip.evaluation.suite.Measurement;
import io.llm2clip.evaluation.suite.PublishedFigures;
import io.llm2clip.evaluation.suite.RetrievalEvaluation;
import io.llm2clip.evaluation.suite.Suite;
import io.llm2clip.evaluation.suite.SuiteResult;
import io.llm2clip.evaluation.suite.SuiteRun;
import io.llm2clip.evaluation.suite.SuiteTable;
import io.llm2clip.progress.Quantity;
import io.llm2clip.report.Facts;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code llm2clip eval}. */
@Command(
        name = "eval",
        mixinStandardHelpOptions = true,
        description = {
            "Measure how well a model finds images by captions and captions by images: on images of your own, or on"
                    + " published data sets beside published figures."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip eval my-images --model my-model")
@HelpSection.In(HelpSection.INPUT)
final class EvalCommand extends ComputingCommand {
    private static final String PAPER = "paper";

    @Mixin
    private ModelOption model = new ModelOption();

    @Parameters(
            paramLabel = "DIR",
            description =
                    "A folder of images with a captions.jsonl; of suites, a folder with one per data set, or the data set's own.")
    private Path folder = Path.of("");

    @Option(
            names = "--suite",
            split = ",",
            completionCandidates = SuiteNames.class,
            paramLabel = "NAME",
            description = {
                "Published evaluations: flickr30k, coco, sharegpt4v, urban1k, docci, flickr-cn, coco-cn, xm3600, cra (caption"
                        + " retrieval on COCO), imagenet, imagenet-v2, linear-probe (on ImageNet); or paper, all of which DIR has"
                        + " the data."
            })
    private List<String> suites = List.of();

    @Mixin
    private ReportOption report = new ReportOption();

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    /** What {@code --suite} takes. */
    static final class SuiteNames implements Iterable<String> {
        @Override
        public Iterator<String> iterator() {
            return Stream.concat(Arrays.stream(Suite.values()).map(Suite::key), Stream.of(PAPER))
                    .iterator();
        }
    }

    private record Result(
            int images,
            int captions,
            int skippedImages,
            int skippedLines,
            int cutCaptions,
            String pairing,
            String captionsBy,
            RetrievalReport retrieval,
            Map<String, CaptionRetrieval.Score> captionRetrievalAccuracy) {}

    @Override
    public void run() {
        report.require();
        if (suites.isEmpty()) {
            folder();
        } else {
            suites();
        }
    }

    private void folder() {
        RetrievalSet data = RetrievalSet.of(CaptionedImages.open(folder));
        try (Llm2Clip loaded = model.load(device().execution())) {
            Measurement.Retrieval found = RetrievalEvaluation.of(loaded, data, terminal.progress());
            remarks(found, loaded.maxTextLength());
            CaptionRetrieval captions = CaptionEvaluation.of(loaded, found.set(), terminal.progress());
            if (terminal.json()) {
                printJson(
                        terminal,
                        new Result(
                                found.images(),
                                found.captions(),
                                found.broken().size(),
                                data.report().skipped(),
                                found.cutCaptions(),
                                found.pairing(),
                                loaded.captionsBy().text(),
                                RetrievalReport.of(found.recall(), found.chance()),
                                captions.scores()));
            } else {
                print(found, captions, loaded.captionsBy().text());
            }
            report.write(
                    () -> report(loaded, List.of(new EvaluationReport.Part("Retrieval", folder.toString(), found)))
                            .ofFolder(captions),
                    terminal);
        }
    }

    private void print(Measurement.Retrieval found, CaptionRetrieval captions, String captionsBy) {
        terminal.print("%s, %s, embedded by the %s"
                .formatted(Quantity.of(found.images(), "image"), Quantity.of(found.captions(), "caption"), captionsBy));
        terminal.print(SuiteTable.text(found));
        if (!captions.scores().isEmpty()) {
            terminal.print("caption retrieval accuracy, mean of both directions");
        }
        captions.scores()
                .forEach((pairing, score) -> terminal.print(String.format(
                        Locale.ROOT,
                        "  %-26s %5.1f %%, among %d images",
                        CaptionRetrieval.name(pairing),
                        100 * score.accuracy(),
                        score.images())));
    }

    private void suites() {
        boolean paper = suites.contains(PAPER);
        List<Suite> asked = asked();
        SuiteRun run = paper ? SuiteRun.openPresent(asked, folder) : SuiteRun.open(asked, folder);
        try (Llm2Clip loaded = model.load(device().execution())) {
            List<SuiteResult> results = new ArrayList<>();
            run.measure(loaded, terminal.progress(), result -> {
                results.add(result);
                remarks(result.measurement(), loaded.maxTextLength());
                if (!terminal.json()) {
                    terminal.print(result.suite().title() + ": " + SuiteTable.text(result.measurement()) + "\n");
                }
            });
            if (terminal.json()) {
                printJson(terminal, EvalJson.of(results, run.missing()));
            } else {
                terminal.print("R@1 in percent, image to text/text to image, or accuracy");
                terminal.print(SuiteTable.of(results, run.missing(), PublishedFigures.tower(loaded.vision()))
                        .text());
            }
            report.write(
                    () -> report(
                                    loaded,
                                    results.stream()
                                            .map(EvaluationReport.Part::of)
                                            .toList())
                            .ofSuites(SuiteTable.of(results, run.missing(), Optional.empty())),
                    terminal);
            requireAll(results);
        }
    }

    private EvaluationReport report(Llm2Clip loaded, List<EvaluationReport.Part> parts) {
        return new EvaluationReport(
                model.name(),
                parts,
                new Facts()
                        .and("command", ShellCommand.of(arguments()))
                        .and("model", model.name())
                        .and("captions by", loaded.captionsBy().text())
                        .machine(loaded.execution().device().name())
                        .and(
                                "precision",
                                loaded.execution().options().precision().toString()));
    }

    private List<String> arguments() {
        return spec == null
                ? List.of()
                : spec.root().commandLine().getParseResult().originalArgs();
    }

    private static void requireAll(List<SuiteResult> results) {
        List<String> failed = results.stream()
                .filter(result -> result.measurement() instanceof Measurement.Failed)
                .map(result -> result.suite().key())
                .toList();
        if (!failed.isEmpty()) {
            throw new InputException("%d of %d suites could not be measured (%s); see above for the reasons."
                    .formatted(failed.size(), results.size(), String.join(", ", failed)));
        }
    }

    private List<Suite> asked() {
        Set<Suite> asked = new LinkedHashSet<>();
        for (String name : suites) {
            if (name.equals(PAPER)) {
                asked.addAll(List.of(Suite.values()));
            } else {
                asked.add(Suite.of(name).orElseThrow(() -> unknown(name)));
            }
        }
        return List.copyOf(asked);
    }

    private RuntimeException unknown(String name) {
        String sentence = "Expected names of suites for --suite, %s, found '%s'."
                .formatted(String.join(", ", new SuiteNames()), name);
        return spec == null
                ? new IllegalStateException(sentence)
                : new ParameterException(spec.commandLine(), sentence);
    }

    private void remarks(Measurement measurement, int maxLength) {
        measurement.leftOut().forEach(terminal::remark);
        measurement.data().filter(report -> !report.complete()).ifPresent(report -> terminal.remark(report.summary()));
        terminal.skipped(
                measurement.broken(),
                measurement.broken().size(),
                measurement.read() + measurement.broken().size(),
                "image");
        if (measurement instanceof Measurement.Retrieval found) {
            terminal.cut(found.cutCaptions(), found.captions(), maxLength);
        }
    }
}

package io.llm2clip.cli;

import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.InputException;
import io.llm2clip.evaluation.sets.RetrievalSet;
import io.llm2clip.evaluation.suite.EvaluationReport;
import io.llm2clip.evaluation.suite.Findings;
import io.llm2clip.evaluation.suite.FindingsText;
import io.llm2clip.evaluation.suite.FolderTrial;
import io.llm2clip.evaluation.suite.Measurement;
import io.llm2clip.evaluation.suite.Suite;
import io.llm2clip.evaluation.suite.SuiteResult;
import io.llm2clip.evaluation.suite.SuiteRun;
import io.llm2clip.evaluation.suite.SuiteTable;
import io.llm2clip.evaluation.suite.SuiteTrials;
import io.llm2clip.report.Facts;
import io.llm2clip.tensor.Execution;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
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

    @Mixin
    private BaselineOption baseline = new BaselineOption();

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
        EvaluatedModels models = models();
        try (FolderTrial trial = new FolderTrial(data)) {
            models.measure(device().execution(), (name, loaded) -> trial.add(name, loaded, terminal.progress()));
            Findings found = trial.findings();
            remarks(found);
            if (terminal.json()) {
                printJson(terminal, EvalJson.ofFolder(found, trial.captions(), models));
            } else {
                terminal.print(EvalText.ofFolder(found, trial.captions(), models));
            }
            report.write(
                    () -> report(models, List.of(new EvaluationReport.Part("Retrieval", folder.toString(), found)))
                            .ofFolder(trial.captions()),
                    terminal);
            if (found.failed()) {
                throw new InputException("The baseline could not be measured; see above for the reason.");
            }
        }
    }

    private void suites() {
        boolean paper = suites.contains(PAPER);
        List<Suite> asked = asked();
        SuiteRun run = paper ? SuiteRun.openPresent(asked, folder) : SuiteRun.open(asked, folder);
        EvaluatedModels models = models();
        String name = models.names().getFirst();
        List<SuiteResult> results = new ArrayList<>();
        try (SuiteTrials trials = run.begin(models.count())) {
            models.measure(
                    device().execution(),
                    (label, loaded) -> trials.add(label, loaded, terminal.progress(), result -> {
                        results.add(result);
                        remarks(result.findings());
                        if (!terminal.json()) {
                            terminal.print(
                                    result.suite().title() + ": " + FindingsText.of(name, result.findings()) + "\n");
                        }
                    }));
        }
        if (terminal.json()) {
            printJson(terminal, EvalJson.of(results, run.missing()));
        } else {
            terminal.print("R@1 in percent, image to text/text to image, or accuracy");
            terminal.print(
                    SuiteTable.of(name, results, run.missing(), models.ours().tower())
                            .text());
        }
        report.write(
                () -> report(
                                models,
                                results.stream().map(EvaluationReport.Part::of).toList())
                        .ofSuites(SuiteTable.of(name, results, run.missing(), Optional.empty())),
                terminal);
        requireAll(results);
    }

    private EvaluatedModels models() {
        return new EvaluatedModels(model, baseline);
    }

    private EvaluationReport report(EvaluatedModels models, List<EvaluationReport.Part> parts) {
        Execution execution = device().execution();
        return new EvaluationReport(
                models.names(),
                parts,
                models.facts(new Facts().and("command", ShellCommand.of(arguments())))
                        .machine(execution.device().name())
                        .and("precision", execution.options().precision().toString()));
    }

    private List<String> arguments() {
        return spec == null
                ? List.of()
                : spec.root().commandLine().getParseResult().originalArgs();
    }

    private static void requireAll(List<SuiteResult> results) {
        List<String> failed = results.stream()
                .filter(result -> result.findings().failed())
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

    private void remarks(Findings findings) {
        Measurement measurement = findings.measurement();
        measurement.leftOut().forEach(terminal::remark);
        measurement.data().filter(report -> !report.complete()).ifPresent(report -> terminal.remark(report.summary()));
        skipped(measurement);
        if (measurement instanceof Measurement.Retrieval found) {
            terminal.cut(found.cutCaptions(), found.captions(), found.maxLength());
        }
        findings.versus().ifPresent(versus -> {
            skipped(versus.baseline());
            if (versus.baseline() instanceof Measurement.Retrieval found) {
                terminal.cut(versus.name(), found.cutCaptions(), found.captions(), found.maxLength());
            }
        });
    }

    private void skipped(Measurement measurement) {
        terminal.skipped(
                measurement.broken(),
                measurement.broken().size(),
                measurement.read() + measurement.broken().size(),
                "image");
    }
}

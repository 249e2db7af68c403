package io.llm2clip.cli;

import io.llm2clip.hub.HubPath;
import io.llm2clip.nn.Limit;
import io.llm2clip.training.LossCurve;
import io.llm2clip.training.MntpTraining;
import io.llm2clip.training.MntpTrainingJob;
import io.llm2clip.training.run.StopRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code llm2clip train mntp}. */
@Command(
        name = "mntp",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Before stage 1: adapt a causal language model to bidirectional attention by masked next-token prediction.",
            "LLM2Vec starts with it; the paper found no real gain for captions."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip train mntp my-texts.jsonl --llm Llama-3.2-1B --out my-llm")
@HelpSection.In(HelpSection.TRAINING)
final class TrainMntpCommand extends ComputingCommand {
    @Mixin
    private TextDataOption data = new TextDataOption();

    @HelpSection.In(HelpSection.INPUT)
    @Option(
            names = "--llm",
            required = true,
            paramLabel = "PATH|NAME",
            description = "A language model with its head, as 'train caption' takes it.")
    private String model = "";

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--out",
            required = true,
            paramLabel = "TEXTDIR",
            description = "Receives the text encoder, a start for 'train caption'.")
    private Path out = Path.of("");

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--save-adapter",
            paramLabel = "DIR",
            description = "Also receives what was trained alone, as a LoRA adapter that PEFT loads.")
    private @Nullable Path adapter;

    @Mixin
    private OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private RunOption run = new RunOption();

    @Mixin
    private ReportOption report = new ReportOption();

    @Within(Limit.COUNT)
    @Option(names = "--steps", paramLabel = "N", description = "Training steps (default: ${DEFAULT-VALUE}).")
    private int steps = 1000;

    @Within(Limit.COUNT)
    @Option(
            names = "--batch",
            paramLabel = "N",
            description = "Rows that are computed at a time (default: ${DEFAULT-VALUE}).")
    private int batch = 8;

    @Within(Limit.COUNT)
    @Option(
            names = "--accumulate",
            paramLabel = "N",
            description =
                    "Make a step of N times as many rows, whose gradients are summed: the same as a batch of so many, in the memory"
                            + " of one (default: ${DEFAULT-VALUE}).")
    private int accumulate = 1;

    @Within(Limit.COUNT)
    @Option(
            names = "--length",
            paramLabel = "N",
            description = "Tokens per row, into which texts are packed (default: ${DEFAULT-VALUE}).")
    private int length = 512;

    @Within(Limit.REDUCTION)
    @Option(
            names = "--mask-share",
            paramLabel = "X",
            description =
                    "Fraction of the tokens to predict; 80 %% of them are masked, 10 %% replaced by random tokens (default: ${DEFAULT-VALUE}).")
    private float maskShare = 0.2f;

    @Option(
            names = "--mask-token",
            paramLabel = "TOKEN",
            description = "The token that replaces masked ones (default: ${DEFAULT-VALUE}).")
    private String maskToken = MntpTrainingJob.BLANK;

    @Within(Limit.LEARNING_RATE)
    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Peak learning rate (default: 0.00005, as in LLM2Vec).")
    private @Nullable Float learningRate;

    @Within(Limit.COUNT_OR_NONE)
    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description = "Steps until the learning rate is at its peak (default: none).")
    private @Nullable Integer warmUp;

    @Mixin
    private LoraOption lora = new LoraOption();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of weights and sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Mixin
    private OptimizerOptions optimizer = new OptimizerOptions();

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    private record Report(
            long examples, long skippedExamples, int skippedSteps, double firstLoss, double lastLoss, String text) {}

    @Override
    public void run() {
        report.require();
        StopRequest stop = new StopRequest();
        // What options alone speak against is found before any data are read.
        MntpTrainingJob plan = BadUsage.unless(spec, () -> plan(stop));
        MntpTrainingJob job = plan.learningFrom(data.open(terminal));
        report.train(() -> job.run(terminal.progress()), job.run(), this::tell, terminal);
    }

    private void tell(MntpTrainingJob.Result result) {
        LossCurve losses = result.losses();
        terminal.skipped(losses.reasons(), losses.broken(), result.examples(), "example");
        if (terminal.json()) {
            printJson(
                    terminal,
                    new Report(
                            result.examples(),
                            losses.broken(),
                            losses.skipped(),
                            losses.first(),
                            losses.last(),
                            out.toString()));
        } else {
            terminal.print(String.format(
                    Locale.ROOT,
                    "Loss per predicted token: %.2f in the first tenth of the steps, %.2f in the last.",
                    losses.first(),
                    losses.last()));
        }
        terminal.remark("The text encoder is in %s; go on with 'llm2clip train caption --llm %s'.".formatted(out, out));
    }

    /** All but the data. */
    private MntpTrainingJob plan(StopRequest stop) {
        data.check();
        MntpTraining.Config recipe = MntpTraining.Config.pretrained(steps, seed);
        return new MntpTrainingJob(
                List.of(),
                HubPath.of(model),
                maskToken,
                new MntpTraining.Config(
                        steps,
                        batch,
                        accumulate,
                        length,
                        optimizer.with(learningRate, warmUp).over(recipe.optimizer()),
                        lora.settings(),
                        maskShare,
                        seed),
                out,
                Optional.ofNullable(adapter),
                overwrite.existing(),
                specialTokens.choice(),
                device().execution(),
                run.of(out, stop));
    }
}

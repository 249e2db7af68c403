package io.llm2clip.cli;

import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.hub.HubPath;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.nn.Limit;
import io.llm2clip.progress.Quantity;
import io.llm2clip.training.CaptionTraining;
import io.llm2clip.training.CaptionTrainingJob;
import io.llm2clip.training.LanguageModelTraining;
import io.llm2clip.training.TextStart;
import io.llm2clip.training.pair.InstructionTable;
import io.llm2clip.training.run.StopRequest;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code llm2clip train caption}. */
@Command(
        name = "caption",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Stage 1: teach a language model to tell captions apart.",
            "What is held out, a tenth of the captions unless --val says otherwise, is measured before and after."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip train caption my-images --out my-text")
@HelpSection.In(HelpSection.TRAINING)
final class TrainCaptionCommand extends ComputingCommand {
    @Mixin
    private TextDataOption data = new TextDataOption();

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--out", required = true, paramLabel = "TEXTDIR", description = "Receives the text encoder.")
    private Path out = Path.of("");

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--save-adapter",
            paramLabel = "DIR",
            description = "With --llm, also receives what was trained alone, as a LoRA adapter that PEFT loads.")
    private @Nullable Path adapter;

    @Mixin
    private OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private RunOption run = new RunOption();

    @Mixin
    private ReportOption report = new ReportOption();

    @ArgGroup(exclusive = true)
    private LanguageModelOptions model = new LanguageModelOptions();

    @Within(Limit.COUNT)
    @Option(names = "--steps", paramLabel = "N", description = "Steps of stage 1 (default: ${DEFAULT-VALUE}).")
    private int steps = 170;

    @Within(Limit.CONTRASTIVE_BATCH)
    @Option(names = "--batch", paramLabel = "N", description = "Caption pairs per step (default: ${DEFAULT-VALUE}).")
    private int batch = 32;

    @Within(Limit.LEARNING_RATE)
    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Peak learning rate (default: 0.003 from scratch; with --llm 0.0002, as in the paper).")
    private @Nullable Float learningRate;

    @Within(Limit.COUNT_OR_NONE)
    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description =
                    "Steps until the learning rate is at its peak (default: 10 from scratch, with --llm 300, but at most"
                            + " a tenth of the steps).")
    private @Nullable Integer warmUp;

    @Within(Limit.COUNT)
    @Option(
            names = "--max-length",
            paramLabel = "N",
            description =
                    "Tokens per caption; longer captions are truncated during training (default: ${DEFAULT-VALUE}).")
    private int maxLength = 512;

    @Mixin
    private LoraOption lora = new LoraOption();

    @Within(Limit.SCALE)
    @Option(
            names = "--scale",
            paramLabel = "X",
            description = "Factor of the cosines in the loss (default: ${DEFAULT-VALUE}).")
    private float scale = 50;

    @Mixin
    private PairOptions pairs = new PairOptions();

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of weights and sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Mixin
    private StepSettings stepSettings = new StepSettings();

    @Mixin
    private OptimizerOptions optimizer = new OptimizerOptions();

    @Mixin
    private ValidationOption validation = new ValidationOption();

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    /** Where the language model comes from. */
    @HelpSection.In(HelpSection.INPUT)
    static final class LanguageModelOptions {
        @Option(
                names = "--llm",
                paramLabel = "PATH|NAME",
                description =
                        "A Llama, Mistral, Qwen2, Gemma or Phi-3 in the Hugging Face layout: config.json, model.safetensors,"
                                + " tokenizer.json; or a GGUF file of one, a PEFT adapter for one, or the name of any of them on the"
                                + " Hub. Without it, a small language model is trained from scratch on the captions.")
        private @Nullable String directory;

        @ArgGroup(exclusive = false)
        private Scratch scratch = new Scratch();
    }

    /** The language model from scratch. */
    @HelpSection.In(HelpSection.TRAINING)
    static final class Scratch {
        @Within(Limit.COUNT)
        @Option(
                names = "--llm-steps",
                paramLabel = "N",
                description = "Training steps of the language model from scratch (default: ${DEFAULT-VALUE}).")
        private int steps = 110;

        @Within(Limit.COUNT)
        @Option(
                names = "--llm-accumulate",
                paramLabel = "N",
                description =
                        "Make a step of the language model from scratch of N times 32 rows, whose gradients are summed: the same as a"
                                + " batch of so many, in the memory of one (default: ${DEFAULT-VALUE}).")
        private int accumulate = 1;

        @Within(Limit.VOCABULARY)
        @Option(
                names = "--vocabulary",
                paramLabel = "N",
                description = "Vocabulary size of the language model from scratch (default: ${DEFAULT-VALUE}).")
        private int vocabulary = 1024;

        @HelpSection.In(HelpSection.OUTPUT)
        @Option(
                names = "--save-llm",
                paramLabel = "DIR",
                description =
                        "Also receives the language model from scratch as it is before stage 1, a text encoder like that after it.")
        private @Nullable Path saved;
    }

    private record Report(
            long trainingGroups,
            int measuredGroups,
            long skippedExamples,
            int cutCaptions,
            int skippedSteps,
            Map<String, CaptionRetrieval.Change> captionRetrievalAccuracy,
            String text) {}

    @Override
    public void run() {
        CaptionTraining.Config training = BadUsage.unless(spec, this::training);
        report.require();
        StopRequest stop = new StopRequest();
        // What options alone speak against is found before any data are read.
        CaptionTrainingJob plan = BadUsage.unless(spec, () -> plan(training, stop));
        CaptionTrainingJob job = plan.learningFrom(data.open(terminal), pairs.instructions());
        report.train(() -> job.run(terminal.progress()), job.run(), this::tell, terminal);
    }

    private void tell(CaptionTrainingJob.Result result) {
        terminal.skipped(result.reasons(), result.broken(), result.trainingGroups() + result.broken(), "example");
        terminal.cut(result.cutCaptions(), result.captions());
        if (terminal.json()) {
            printJson(
                    terminal,
                    new Report(
                            result.trainingGroups(),
                            result.measuredGroups(),
                            result.broken(),
                            result.cutCaptions(),
                            result.skippedSteps(),
                            result.captionRetrieval(),
                            out.toString()));
        } else {
            terminal.print("Caption retrieval accuracy on %s:"
                    .formatted(Quantity.of(result.measuredGroups(), "held-out group")));
            result.captionRetrieval()
                    .forEach((pairing, accuracy) -> terminal.print(String.format(
                            Locale.ROOT,
                            "  %-26s %5.1f %% before, %5.1f %% after, among %d",
                            CaptionRetrieval.name(pairing),
                            100 * accuracy.before(),
                            100 * accuracy.after(),
                            accuracy.images())));
        }
        terminal.remark("The text encoder is in %s; go on with 'llm2clip train clip'.".formatted(out));
    }

    /** All but the data. */
    private CaptionTrainingJob plan(CaptionTraining.Config training, StopRequest stop) {
        data.check();
        return new CaptionTrainingJob(
                List.of(),
                InstructionTable.NONE,
                start(),
                training,
                validation.validation(data.columns()),
                out,
                Optional.ofNullable(adapter),
                overwrite.existing(),
                specialTokens.choice(),
                device().execution(),
                run.of(out, stop));
    }

    /** The recipe of the start, with what options say otherwise. */
    private CaptionTraining.Config training() {
        CaptionTraining.Config defaults = model.directory == null
                ? CaptionTraining.Config.fromScratch(steps, seed)
                : CaptionTraining.Config.pretrained(steps, seed);
        return new CaptionTraining.Config(
                steps,
                batch,
                optimizer.with(learningRate, warmUp).over(defaults.optimizer()),
                lora.settings(),
                scale,
                pairs.bothDirections(),
                pairs.over(defaults.pairing()),
                maxLength,
                seed,
                stepSettings.options());
    }

    private TextStart start() {
        if (model.directory != null) {
            return new TextStart.Pretrained(HubPath.of(model.directory));
        }
        return new TextStart.FromScratch(
                LlamaConfig.miniature(model.scratch.vocabulary),
                LanguageModelTraining.Config.fromScratch(model.scratch.steps, seed)
                        .withAccumulate(model.scratch.accumulate),
                Optional.ofNullable(model.scratch.saved));
    }
}

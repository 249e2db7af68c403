package io.llm2clip.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.llm2clip.LoadOptions;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.hub.HubPath;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.nn.Limit;
import io.llm2clip.progress.Quantity;
import io.llm2clip.training.ClipBaseline;
import io.llm2clip.training.ClipData;
import io.llm2clip.training.ClipDataChoices;
import io.llm2clip.training.ClipText;
import io.llm2clip.training.ClipTraining;
import io.llm2clip.training.ClipTrainingJob;
import io.llm2clip.training.VisionStart;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.StopRequest;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code llm2clip train clip}. */
@Command(
        name = "clip",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Stage 2: teach a vision tower from the vectors of a text encoder, from a text tower that is trained along, or both.",
            "What is held out, a tenth of the images unless --val says otherwise, is measured at the end."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip train clip my-images --text my-text --out my-model")
@HelpSection.In(HelpSection.TRAINING)
final class TrainClipCommand extends ComputingCommand {
    @Mixin
    private DataOption data = new DataOption();

    @Mixin
    private ClipTextOptions text = new ClipTextOptions();

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--out", required = true, paramLabel = "MODELDIR", description = "Receives the model.")
    private Path out = Path.of("");

    @Mixin
    private OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private RunOption run = new RunOption();

    @Mixin
    private BaselineOption baseline = new BaselineOption();

    @Mixin
    private ReportOption report = new ReportOption();

    @ArgGroup(exclusive = true)
    private VisionOptions vision = new VisionOptions();

    @Mixin
    private ImageOptions reading = new ImageOptions();

    @Mixin
    private ClipDataOptions choices = new ClipDataOptions();

    @Within(Limit.COUNT)
    @Option(names = "--steps", paramLabel = "N", description = "Training steps (default: ${DEFAULT-VALUE}).")
    private int steps = 300;

    @Within(Limit.CONTRASTIVE_BATCH)
    @Option(names = "--batch", paramLabel = "N", description = "Images per step (default: ${DEFAULT-VALUE}).")
    private int batch = 64;

    @Within(Limit.LEARNING_RATE)
    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Peak learning rate (default: 0.0005 from scratch; with --vision 0.00001, as in the paper).")
    private @Nullable Float learningRate;

    @Within(Limit.COUNT_OR_NONE)
    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description =
                    "Steps until the learning rate is at its peak (default: 20 from scratch, but at most a tenth of the"
                            + " steps; none with --vision).")
    private @Nullable Integer warmUp;

    @Within(Limit.REDUCTION)
    @Option(
            names = "--layer-decay",
            paramLabel = "X",
            description =
                    "Factor by which the learning rate of each block is below that of the next (default: 1 from scratch,"
                            + " with --vision 0.85).")
    private @Nullable Float layerDecay;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of weights and sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Within(Limit.CHANNELS)
    @Option(
            names = "--embedding-size",
            paramLabel = "N",
            description =
                    "Channels of an embedding (default: 128 from scratch; with --vision those of its projection, which is drawn anew"
                            + " for another number. The reference has 1280).")
    private @Nullable Integer embeddingSize;

    @Mixin
    private ClipLossOptions loss = new ClipLossOptions();

    @Mixin
    private VisionTrainingOptions visionTraining = new VisionTrainingOptions();

    @Mixin
    private StepSettings stepSettings = new StepSettings();

    @Mixin
    private ParameterOptions parameterOptions = new ParameterOptions();

    @Mixin
    private OptimizerOptions optimizer = new OptimizerOptions();

    @Mixin
    private ValidationOption validation = new ValidationOption();

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private Terminal terminal = new Terminal();

    /** Where the vision tower comes from. */
    @HelpSection.In(HelpSection.INPUT)
    static final class VisionOptions {
        @Option(
                names = "--vision",
                paramLabel = "PATH|NAME",
                description =
                        "A pretrained tower of CLIP, EVA-CLIP or SigLIP: its directory, a file of weights, a PEFT adapter for one, or its name"
                                + " on the Hub.")
        private @Nullable String path;

        @ArgGroup(exclusive = false)
        private Scratch scratch = new Scratch();
    }

    /** The sizes of a tower from scratch. */
    @HelpSection.In(HelpSection.TRAINING)
    static final class Scratch {
        @Option(
                names = "--architecture",
                paramLabel = "NAME",
                description =
                        "Architecture of a tower from scratch: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
        private VisionConfig.Architecture architecture = VisionConfig.Architecture.CLIP;

        @Within(Limit.IMAGE_SIZE)
        @Option(
                names = "--image-size",
                paramLabel = "N",
                description = "Side of an image, in pixels (default: ${DEFAULT-VALUE}).")
        private int imageSize = 64;

        @Within(Limit.IMAGE_SIZE)
        @Option(
                names = "--patch-size",
                paramLabel = "N",
                description = "Side of a patch, in pixels (default: ${DEFAULT-VALUE}).")
        private int patchSize = 16;

        @Within(Limit.CHANNELS)
        @Option(names = "--width", paramLabel = "N", description = "Hidden size (default: ${DEFAULT-VALUE}).")
        private int width = 192;

        @Within(Limit.LAYERS)
        @Option(names = "--layers", paramLabel = "N", description = "Transformer blocks (default: ${DEFAULT-VALUE}).")
        private int layers = 4;

        VisionConfig config(int embeddingSize) {
            return VisionConfig.small(architecture, imageSize, patchSize, width, layers, embeddingSize);
        }
    }

    @Spec
    private @Nullable CommandSpec spec;

    private record Report(
            long trainingImages,
            int measuredImages,
            long skippedImages,
            long cutCaptions,
            int skippedSteps,
            RetrievalReport retrieval,
            Map<String, RetrievalReport> retrievalByText,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            RetrievalReport baseline,

            String model) {}

    @Override
    public void run() {
        VisionStart start = BadUsage.unless(spec, this::start);
        ClipDataChoices recipe = start.choices();
        ClipTraining.Config training = BadUsage.unless(spec, () -> training(start, recipe));
        ClipText captions = BadUsage.unless(
                spec, () -> text.text(out.resolveSibling(out.getFileName() + "-vectors"), specialTokens.choice()));
        report.require();
        StopRequest stop = new StopRequest();
        RunOptions recorded = run.of(out, stop);
        List<ExampleSet> sets = data.open(terminal);
        DataMix mix = BadUsage.unless(spec, () -> choices.mix(sets));
        ClipTrainingJob job = BadUsage.unless(
                spec,
                () -> new ClipTrainingJob(
                        new ClipData(
                                mix, choices.over(recipe), reading.reader(), validation.validation(data.columns())),
                        captions,
                        start,
                        training,
                        out,
                        visionTraining.adapter(),
                        baseline(),
                        overwrite.existing(),
                        device().execution(),
                        recorded));
        baseline.require(baselineOptions());
        report.train(() -> job.run(terminal.progress()), recorded, result -> tell(result, job), terminal);
    }

    private Optional<ClipBaseline> baseline() {
        return baseline.name().map(name -> new ClipBaseline(name, () -> baseline.load(baselineOptions())));
    }

    private LoadOptions baselineOptions() {
        return LoadOptions.DEFAULT.withExecution(device().execution());
    }

    private void tell(ClipTrainingJob.Result result, ClipTrainingJob job) {
        terminal.skipped(result.reasons(), result.broken(), job.data().mix().size(), "image");
        terminal.cut(result.cutCaptions(), result.captions());
        Map<String, RetrievalReport> retrieval = new LinkedHashMap<>();
        result.retrieval().forEach((by, metrics) -> retrieval.put(by.text(), RetrievalReport.of(metrics)));
        if (terminal.json()) {
            printJson(
                    terminal,
                    new Report(
                            result.trainingImages(),
                            result.measuredImages(),
                            result.broken(),
                            result.cutCaptions(),
                            result.losses().skipped(),
                            retrieval.values().iterator().next(),
                            retrieval,
                            result.baseline()
                                    .map(other -> RetrievalReport.of(other.metrics()))
                                    .orElse(null),
                            out.toString()));
        } else {
            terminal.print("%s of %d"
                    .formatted(
                            Quantity.of(result.measuredImages(), "held-out image"),
                            result.measuredImages() + result.trainingImages()));
            retrieval.forEach((branch, found) -> {
                if (retrieval.size() > 1) {
                    terminal.print("captions by " + branch);
                }
                terminal.print(found.table());
            });
            result.baseline().ifPresent(other -> {
                terminal.print("baseline " + other.name());
                terminal.print(RetrievalReport.of(other.metrics()).table());
            });
        }
        terminal.remark("The model is in %s.".formatted(out));
        job.adapter()
                .ifPresent(path -> terminal.remark(
                        "What was trained of the vision tower is in %s, for PEFT and --vision.".formatted(path)));
        if (job.text() instanceof ClipText.Both) {
            terminal.remark("That of the text tower is in %s.".formatted(out.resolve(ModelDirectory.TOWER)));
        }
    }

    /** The recipe of the start, with what options say otherwise. */
    private ClipTraining.Config training(VisionStart start, ClipDataChoices recipe) {
        ClipTraining.Config defaults = start.recipe(steps, seed);
        return new ClipTraining.Config(
                steps,
                batch,
                optimizer.with(learningRate, warmUp).over(defaults.optimizer()),
                layerDecay == null ? defaults.layerDecay() : layerDecay,
                defaults.logitScaleRate(),
                choices.shift(recipe, ClipTraining.Config.SHIFT),
                seed,
                stepSettings.options(),
                parameterOptions.rules(),
                loss.settings(),
                visionTraining.training(),
                visionTraining.locks());
    }

    private VisionStart start() {
        return vision.path == null
                ? new VisionStart.FromScratch(vision.scratch.config(embeddingSize == null ? 128 : embeddingSize))
                : new VisionStart.Pretrained(
                        HubPath.of(vision.path),
                        embeddingSize == null ? OptionalInt.empty() : OptionalInt.of(embeddingSize));
    }
}

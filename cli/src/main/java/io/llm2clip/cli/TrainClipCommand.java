package io.llm2clip.cli;

import io.llm2clip.model.VisionConfig;
import io.llm2clip.progress.Quantity;
import io.llm2clip.training.ClipTraining;
import io.llm2clip.training.ClipTrainingJob;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code llm2clip train clip}. */
@Command(
        name = "clip",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Stage 2: teach a vision tower from the vectors of a text encoder.",
            "A tenth of the images is held out to measure with."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip train clip my-images --text my-text --out my-model")
@HelpSection.In(HelpSection.TRAINING)
final class TrainClipCommand extends ComputingCommand {
    @Parameters(paramLabel = "DIR", description = "A folder of images with a captions.jsonl.")
    private Path images = Path.of("");

    @HelpSection.In(HelpSection.INPUT)
    @Option(
            names = "--text",
            required = true,
            paramLabel = "TEXTDIR",
            description = "The text encoder of 'train caption', or the text directory of a model.")
    private Path text = Path.of("");

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--out", required = true, paramLabel = "MODELDIR", description = "Receives the model.")
    private Path out = Path.of("");

    @ArgGroup(exclusive = true)
    private VisionOptions vision = new VisionOptions();

    @Mixin
    private ImageOptions reading = new ImageOptions();

    @Option(names = "--steps", paramLabel = "N", description = "Training steps (default: ${DEFAULT-VALUE}).")
    private int steps = 300;

    @Option(names = "--batch", paramLabel = "N", description = "Images per step (default: ${DEFAULT-VALUE}).")
    private int batch = 64;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Peak learning rate (default: ${DEFAULT-VALUE}; 1e-5 suits a pretrained tower).")
    private float learningRate = 5e-4f;

    @Option(
            names = "--layer-decay",
            paramLabel = "X",
            description =
                    "Factor by which the learning rate of each block is below that of the next (default: ${DEFAULT-VALUE}).")
    private float layerDecay = 1;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--vectors",
            paramLabel = "DIR",
            description = "Where caption vectors are cached for further runs (default: MODELDIR-vectors).")
    private @Nullable Path vectors;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of weights and sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private Terminal terminal = new Terminal();

    /** Where the vision tower comes from. */
    @HelpSection.In(HelpSection.INPUT)
    static final class VisionOptions {
        @Option(
                names = "--vision",
                paramLabel = "DIR",
                description = "A pretrained tower: config.json and model.safetensors of CLIP or EVA02-CLIP.")
        private @Nullable Path directory;

        @ArgGroup(exclusive = false)
        private Scratch scratch = new Scratch();
    }

    /** The sizes of a tower from scratch. */
    @HelpSection.In(HelpSection.TRAINING)
    static final class Scratch {
        @Option(
                names = "--architecture",
                paramLabel = "clip|eva02",
                description = "Architecture of a tower from scratch (default: ${DEFAULT-VALUE}).")
        private VisionConfig.Architecture architecture = VisionConfig.Architecture.CLIP;

        @Option(
                names = "--image-size",
                paramLabel = "N",
                description = "Side of an image, in pixels (default: ${DEFAULT-VALUE}).")
        private int imageSize = 64;

        @Option(
                names = "--patch-size",
                paramLabel = "N",
                description = "Side of a patch, in pixels (default: ${DEFAULT-VALUE}).")
        private int patchSize = 16;

        @Option(names = "--width", paramLabel = "N", description = "Hidden size (default: ${DEFAULT-VALUE}).")
        private int width = 192;

        @Option(names = "--layers", paramLabel = "N", description = "Transformer blocks (default: ${DEFAULT-VALUE}).")
        private int layers = 4;

        @Option(
                names = "--embedding-size",
                paramLabel = "N",
                description = "Dimensions of an embedding (default: ${DEFAULT-VALUE}).")
        private int embeddingSize = 128;

        VisionConfig config() {
            Positive.require("--image-size", imageSize);
            Positive.require("--patch-size", patchSize);
            Positive.require("--width", width);
            Positive.require("--layers", layers);
            Positive.require("--embedding-size", embeddingSize);
            return VisionConfig.small(architecture, imageSize, patchSize, width, layers, embeddingSize);
        }
    }

    private record Report(
            int trainingImages,
            int measuredImages,
            int skippedImages,
            int cutCaptions,
            RetrievalReport retrieval,
            String model) {}

    @Override
    public void run() {
        Positive.require("--steps", steps);
        Positive.require("--batch", batch);
        ClipTraining.Config training = ClipTraining.Config.standard(steps, seed).with(batch, learningRate, layerDecay);
        ClipTrainingJob.Start start = vision.directory == null
                ? new ClipTrainingJob.FromScratch(vision.scratch.config())
                : new ClipTrainingJob.Pretrained(vision.directory);
        Path store = vectors == null ? Path.of(out + "-vectors") : vectors;
        ClipTrainingJob.Result result = new ClipTrainingJob(
                        images, reading.reader(), text, start, training, store, out, specialTokens.choice())
                .run(terminal.progress());
        terminal.skipped(result.data(), result.broken());
        terminal.cut(result.cutCaptions(), result.captions());
        RetrievalReport retrieval = RetrievalReport.of(result.retrieval());
        if (terminal.json()) {
            terminal.printJson(new Report(
                    result.trainingImages(),
                    result.measuredImages(),
                    result.broken().size(),
                    result.cutCaptions(),
                    retrieval,
                    out.toString()));
        } else {
            terminal.print("%s of %d"
                    .formatted(
                            Quantity.of(result.measuredImages(), "held-out image"),
                            result.measuredImages() + result.trainingImages()));
            terminal.print(retrieval.table());
        }
        terminal.remark("The model is in %s.".formatted(out));
    }
}

package io.llm2clip.cli;

import io.llm2clip.model.LlamaConfig;
import io.llm2clip.progress.Quantity;
import io.llm2clip.training.CaptionTraining;
import io.llm2clip.training.CaptionTrainingJob;
import io.llm2clip.training.LanguageModelTraining;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code llm2clip train caption}. */
@Command(
        name = "caption",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Stage 1: teach a language model to tell captions apart.",
            "A tenth of the captions is held out to measure with."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip train caption my-images --out my-text")
@HelpSection.In(HelpSection.TRAINING)
final class TrainCaptionCommand extends ComputingCommand {
    @Parameters(
            paramLabel = "DATA",
            description = "A file of lines {\"captions\": [\"...\", \"...\"]}, or a folder with such a captions.jsonl.")
    private Path captions = Path.of("");

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(names = "--out", required = true, paramLabel = "TEXTDIR", description = "Receives the text encoder.")
    private Path out = Path.of("");

    @HelpSection.In(HelpSection.INPUT)
    @Option(
            names = "--llm",
            paramLabel = "DIR",
            description =
                    "A Llama in the Hugging Face layout: config.json, model.safetensors, tokenizer.json. Without it, a"
                            + " small language model is trained from scratch on the captions.")
    private @Nullable Path languageModel;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of stage 1 (default: ${DEFAULT-VALUE}).")
    private int steps = 170;

    @Option(names = "--batch", paramLabel = "N", description = "Caption pairs per step (default: ${DEFAULT-VALUE}).")
    private int batch = 32;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "Peak learning rate (default: ${DEFAULT-VALUE}; 2e-4 suits a pretrained Llama).")
    private float learningRate = 3e-3f;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description =
                    "Tokens per caption; longer captions are truncated during training (default: ${DEFAULT-VALUE}).")
    private int maxLength = 512;

    @Option(names = "--rank", paramLabel = "N", description = "Rank of the LoRA updates (default: ${DEFAULT-VALUE}).")
    private int rank = 16;

    @Option(
            names = "--alpha",
            paramLabel = "X",
            description = "LoRA updates are scaled by alpha / rank (default: ${DEFAULT-VALUE}).")
    private float alpha = 32;

    @Option(
            names = "--scale",
            paramLabel = "X",
            description = "Factor of the cosines in the loss (default: ${DEFAULT-VALUE}).")
    private float scale = 50;

    @Option(
            names = "--hard-negatives",
            description = "Add a caption of one other image to each pair as a negative, as the paper does.")
    private boolean hardNegatives;

    @Option(
            names = "--llm-steps",
            paramLabel = "N",
            description = "Training steps of the language model from scratch (default: ${DEFAULT-VALUE}).")
    private int languageModelSteps = 110;

    @Option(
            names = "--vocabulary",
            paramLabel = "N",
            description = "Vocabulary size of the language model from scratch (default: ${DEFAULT-VALUE}).")
    private int vocabulary = 1024;

    @Option(
            names = "--seed",
            paramLabel = "N",
            description = "Seed of weights and sampling (default: ${DEFAULT-VALUE}).")
    private long seed = 1;

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private Terminal terminal = new Terminal();

    private record Accuracy(double before, double after) {}

    private record Report(
            int trainingGroups,
            int measuredGroups,
            int skippedLines,
            int cutCaptions,
            Accuracy captionRetrievalAccuracy,
            String text) {}

    @Override
    public void run() {
        Positive.require("--steps", steps);
        Positive.require("--batch", batch);
        Positive.require("--max-length", maxLength);
        Positive.require("--rank", rank);
        Positive.require("--llm-steps", languageModelSteps);
        CaptionTraining.Config training = CaptionTraining.Config.standard(steps, seed)
                .with(batch, learningRate, maxLength, rank, alpha, scale, hardNegatives);
        CaptionTrainingJob.Result result = new CaptionTrainingJob(
                        captions, start(), training, out, specialTokens.choice())
                .run(terminal.progress());
        terminal.skipped(result.data(), List.of());
        terminal.cut(result.cutCaptions(), result.captions());
        if (terminal.json()) {
            terminal.printJson(new Report(
                    result.trainingGroups(),
                    result.measuredGroups(),
                    result.data().skipped(),
                    result.cutCaptions(),
                    new Accuracy(result.before(), result.after()),
                    out.toString()));
        } else {
            terminal.print(String.format(
                    Locale.ROOT,
                    "Caption retrieval accuracy on %s: %.1f %% before, %.1f %% after.",
                    Quantity.of(result.measuredGroups(), "held-out group"),
                    100 * result.before(),
                    100 * result.after()));
        }
        terminal.remark("The text encoder is in %s; go on with 'llm2clip train clip'.".formatted(out));
    }

    private CaptionTrainingJob.Start start() {
        if (languageModel != null) {
            return new CaptionTrainingJob.Pretrained(languageModel);
        }
        return new CaptionTrainingJob.FromScratch(
                LlamaConfig.miniature(vocabulary), LanguageModelTraining.Config.standard(languageModelSteps, seed));
    }
}

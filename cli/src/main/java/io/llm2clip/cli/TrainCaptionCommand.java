package io.llm2clip.cli;

import io.llm2clip.model.LlamaConfig;
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
        })
final class TrainCaptionCommand extends ComputingCommand {
    @Parameters(
            paramLabel = "DATA",
            description = "A file of lines {\"captions\": [\"...\", \"...\"]}, or a folder with such a captions.jsonl.")
    private Path captions = Path.of("");

    @Option(names = "--out", required = true, paramLabel = "TEXTDIR", description = "Receives the text encoder.")
    private Path out = Path.of("");

    @Option(
            names = "--llm",
            paramLabel = "DIR",
            description = "A Llama of Hugging Face: config.json, model.safetensors, tokenizer.json. Without, a small"
                    + " language model is trained from scratch on the captions.")
    private @Nullable Path languageModel;

    @Option(names = "--steps", paramLabel = "N", description = "Steps of stage 1 (default: ${DEFAULT-VALUE}).")
    private int steps = 170;

    @Option(names = "--batch", paramLabel = "N", description = "Caption pairs a step (default: ${DEFAULT-VALUE}).")
    private int batch = 32;

    @Option(
            names = "--learning-rate",
            paramLabel = "RATE",
            description = "At its peak (default: ${DEFAULT-VALUE}; 2e-4 suits a pretrained Llama).")
    private float learningRate = 3e-3f;

    @Option(
            names = "--max-length",
            paramLabel = "N",
            description =
                    "Tokens of a caption; longer ones are cut on the right while training (default: ${DEFAULT-VALUE}).")
    private int maxLength = 512;

    @Option(names = "--rank", paramLabel = "N", description = "Of the low-rank updates (default: ${DEFAULT-VALUE}).")
    private int rank = 16;

    @Option(
            names = "--alpha",
            paramLabel = "X",
            description = "Updates count alpha / rank (default: ${DEFAULT-VALUE}).")
    private float alpha = 32;

    @Option(names = "--scale", paramLabel = "X", description = "Factor of the cosines (default: ${DEFAULT-VALUE}).")
    private float scale = 50;

    @Option(
            names = "--hard-negatives",
            description = "Compare with a caption of one more image each, as the paper does.")
    private boolean hardNegatives;

    @Option(
            names = "--llm-steps",
            paramLabel = "N",
            description = "Steps of the language model from scratch (default: ${DEFAULT-VALUE}).")
    private int languageModelSteps = 110;

    @Option(
            names = "--vocabulary",
            paramLabel = "N",
            description = "Tokens of the language model from scratch (default: ${DEFAULT-VALUE}).")
    private int vocabulary = 1024;

    @Option(names = "--seed", paramLabel = "N", description = "Of weights and sampling (default: ${DEFAULT-VALUE}).")
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
                    "Caption retrieval accuracy on %d held-out groups: %.1f %% before, %.1f %% after.",
                    result.measuredGroups(),
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

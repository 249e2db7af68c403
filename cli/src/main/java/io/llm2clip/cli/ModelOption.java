package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.data.InputException;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.tensor.Execution;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which model a command uses. */
@HelpSection.In(HelpSection.INPUT)
final class ModelOption {
    /** Where the demo puts its model. */
    static final Path USUAL = Path.of("runs", "demo", "model");

    @Option(
            names = "--model",
            paramLabel = "PATH",
            description = {
                "The model: a directory that training wrote, or a published model, a directory or a file of weights: an"
                        + " LLM2CLIP, or a CLIP or SigLIP with its own text tower"
                        + " (default: ${DEFAULT-VALUE}, which the demo makes)."
            })
    private Path model = USUAL;

    @Option(
            names = "--text-encoder",
            paramLabel = "DIR|FILE",
            description =
                    "The text encoder of a published LLM2CLIP, a directory or a GGUF file (default: the directory of its"
                            + " published name beside the model).")
    private @Nullable Path textEncoder;

    private @Nullable Boolean normalizeCaptions;

    @Option(
            names = "--image-size",
            paramLabel = "PIXELS",
            description =
                    "Side of the pictures that the vision tower sees: its position embeddings are interpolated (default: the model's).")
    private @Nullable Integer imageSize;

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private ImageOptions images = new ImageOptions();

    @Option(
            names = "--normalize-captions",
            negatable = true,
            description =
                    "Scale caption vectors to length 1 before the adapter, or not (default: as the model was trained).")
    void normalizeCaptions(boolean normalize) {
        normalizeCaptions = normalize;
    }

    /** @param execution where and how it computes */
    Llm2Clip load(Execution execution) {
        // A run that died while it replaced the model may have left it under another name.
        OutputDirectory.recover(model);
        if (!Files.exists(model)) {
            throw new InputException(
                    "There is no model %s; run 'llm2clip demo' or give one with --model.".formatted(model));
        }
        LoadOptions options = images.forModel(LoadOptions.DEFAULT.withExecution(execution));
        if (specialTokens.choice().isPresent()) {
            options = options.withSpecialTokens(specialTokens.choice().get());
        }
        if (textEncoder != null) {
            options = options.withTextEncoder(textEncoder);
        }
        if (normalizeCaptions != null) {
            options = options.withNormalizedCaptions(normalizeCaptions);
        }
        if (imageSize != null) {
            options = options.withVision(VisionOptions.STORED.withImageSize(imageSize));
        }
        return Llm2Clip.load(model, options);
    }
}

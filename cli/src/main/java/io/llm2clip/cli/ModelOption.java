package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.hub.HubPath;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.tensor.Execution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
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
            paramLabel = "PATH|NAME",
            description = {
                "The model: a directory that training wrote, or a published one: its directory, file of weights, or name on the"
                        + " Hub after 'llm2clip pull'; an LLM2CLIP, or a CLIP, SigLIP or FG-CLIP 2 with its own text tower"
                        + " (default: ${DEFAULT-VALUE}, which the demo makes)."
            })
    private String model = USUAL.toString();

    @Option(
            names = "--text-encoder",
            paramLabel = "PATH|NAME",
            description =
                    "The text encoder of a published LLM2CLIP: its directory, a GGUF file, or its name on the Hub (default: the"
                            + " one of its published name beside the model).")
    private @Nullable String textEncoder;

    private @Nullable Boolean normalizeCaptions;

    @Option(
            names = "--image-size",
            paramLabel = "PIXELS",
            description =
                    "Side of the pictures that the vision tower sees: its position embeddings are interpolated; where pictures keep their"
                            + " proportions, they get as many patches as such a square (default: the model's).")
    private @Nullable Integer imageSize;

    @Option(
            names = "--captions-by",
            paramLabel = "WHAT",
            description =
                    "What embeds captions where 'train clip' trained a text tower beside the language model: the LANGUAGE_MODEL, the"
                            + " TEXT_TOWER, or both, JOINED (default: what the model itself has).")
    private @Nullable CaptionsBy captionsBy;

    @Mixin
    private SpecialTokensOption specialTokens = new SpecialTokensOption();

    @Mixin
    private CaptionOption captions = new CaptionOption();

    @Mixin
    private WeightsOption weights = new WeightsOption();

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

    /** What the user calls it. */
    String name() {
        return model;
    }

    /** @param execution where and how it computes */
    Llm2Clip load(Execution execution) {
        Path place = HubPath.of(model);
        if (!Files.exists(place)) {
            throw new InputException(
                    "There is no model %s; run 'llm2clip demo' or give one with --model.".formatted(model));
        }
        return Llm2Clip.load(place, options(execution));
    }

    /** What of these options holds for any model of the command: how pictures are read, and in what weights are kept. */
    LoadOptions shared(Execution execution) {
        return weights.in(images.forModel(LoadOptions.DEFAULT.withExecution(execution)));
    }

    /** What of these options decides on vectors, but for what the vectors themselves show. */
    Map<String, String> dependencies() {
        LoadOptions options = options(Execution.cpu());
        String stored = "as the model says";
        return Map.of(
                "--captions-by", options.captionsBy().map(String::valueOf).orElse(stored),
                "--max-megapixels", Long.toString(options.maxPixels()),
                "--exif-orientation",
                        options.exifOrientation().map(String::valueOf).orElse(stored),
                "--parse-special-tokens",
                        options.specialTokens().map(String::valueOf).orElse(stored),
                "--instruction", Fingerprint.hash(options.captions().instruction()),
                "--max-length", options.captions().maxLength().toString(),
                "--max-caption-length", options.captions().captionMaxLength().toString());
    }

    private LoadOptions options(Execution execution) {
        LoadOptions options = shared(execution).withCaptions(captions.options());
        if (captionsBy != null) {
            options = options.withCaptionsBy(captionsBy);
        }
        if (specialTokens.choice().isPresent()) {
            options = options.withSpecialTokens(specialTokens.choice().get());
        }
        if (textEncoder != null) {
            options = options.withTextEncoder(HubPath.of(textEncoder));
        }
        if (normalizeCaptions != null) {
            options = options.withNormalizedCaptions(normalizeCaptions);
        }
        if (imageSize != null) {
            options = options.withVision(VisionOptions.STORED.withImageSize(imageSize));
        }
        return options;
    }
}

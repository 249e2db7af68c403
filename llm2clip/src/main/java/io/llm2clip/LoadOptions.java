package io.llm2clip;

import io.llm2clip.image.ImageReader;
import io.llm2clip.model.CaptionOptions;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelOptions;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * What a caller may decide otherwise than a model says.
 *
 * @param textEncoder directory or GGUF file of the text encoder of a published LLM2CLIP model; empty for the one that lies beside it under its
 *     published name
 * @param normalizeCaptions whether caption vectors are scaled to length 1 before the adapter; empty for what the model was trained
 *     with, which is so in all but models that were trained with the text encoder in the same process
 * @param vision how the vision tower is opened, such as for images of another size
 * @param specialTokens what becomes of special tokens that are spelled out in captions; {@link SpecialTokens#PARSED} is what the
 *     reference does
 * @param captions an instruction before captions, and how long they may be
 * @param exifOrientation whether pictures are turned upright as their EXIF orientation says; empty for what the model was
 *     trained with
 * @param maxPixels larger pictures are refused
 * @param captionsBy what embeds captions; empty for what the model itself has
 * @param weights in which format weights are kept in memory: quantized ones take less and are less exact
 * @param execution where and how to compute
 */
public record LoadOptions(
        Optional<Path> textEncoder,
        Optional<Boolean> normalizeCaptions,
        VisionOptions vision,
        Optional<SpecialTokens> specialTokens,
        CaptionOptions captions,
        Optional<Boolean> exifOrientation,
        long maxPixels,
        Optional<CaptionsBy> captionsBy,
        WeightFormat weights,
        Execution execution) {
    /** Everything as the model says, on the CPU. */
    public static final LoadOptions DEFAULT = new LoadOptions(
            Optional.empty(),
            Optional.empty(),
            VisionOptions.STORED,
            Optional.empty(),
            CaptionOptions.STORED,
            Optional.empty(),
            ImageReader.DEFAULT_MAX_PIXELS,
            Optional.empty(),
            WeightFormat.STORED,
            Execution.cpu());

    /** The same with the text encoder of a directory or a GGUF file. */
    public LoadOptions withTextEncoder(Path encoder) {
        return with(draft -> draft.textEncoder = Optional.of(encoder));
    }

    /** The same with caption vectors scaled to length 1 before the adapter, or as they are. */
    public LoadOptions withNormalizedCaptions(boolean normalize) {
        return with(draft -> draft.normalizeCaptions = Optional.of(normalize));
    }

    /** The same with the vision tower opened so. */
    public LoadOptions withVision(VisionOptions options) {
        return with(draft -> draft.vision = options);
    }

    /** The same with special tokens taken so. */
    public LoadOptions withSpecialTokens(SpecialTokens tokens) {
        return with(draft -> draft.specialTokens = Optional.of(tokens));
    }

    /** The same with captions read so. */
    public LoadOptions withCaptions(CaptionOptions options) {
        return with(draft -> draft.captions = options);
    }

    /** The same with pictures turned upright, or taken as they are stored. */
    public LoadOptions withExifOrientation(boolean follow) {
        return with(draft -> draft.exifOrientation = Optional.of(follow));
    }

    /** The same with larger pictures refused. */
    public LoadOptions withMaxPixels(long pixels) {
        return with(draft -> draft.maxPixels = pixels);
    }

    /** The same with captions embedded so. */
    public LoadOptions withCaptionsBy(CaptionsBy encoder) {
        return with(draft -> draft.captionsBy = Optional.of(encoder));
    }

    /** The same with weights kept so. */
    public LoadOptions withWeights(WeightFormat format) {
        return with(draft -> draft.weights = format);
    }

    /** The same, computed there. */
    public LoadOptions withExecution(Execution other) {
        return with(draft -> draft.execution = other);
    }

    private LoadOptions with(Consumer<Draft> change) {
        Draft draft = new Draft(this);
        change.accept(draft);
        return draft.finish();
    }

    /** Options of which one is about to become another. */
    private static final class Draft {
        private Optional<Path> textEncoder;
        private Optional<Boolean> normalizeCaptions;
        private VisionOptions vision;
        private Optional<SpecialTokens> specialTokens;
        private CaptionOptions captions;
        private Optional<Boolean> exifOrientation;
        private long maxPixels;
        private Optional<CaptionsBy> captionsBy;
        private WeightFormat weights;
        private Execution execution;

        Draft(LoadOptions options) {
            textEncoder = options.textEncoder;
            normalizeCaptions = options.normalizeCaptions;
            vision = options.vision;
            specialTokens = options.specialTokens;
            captions = options.captions;
            exifOrientation = options.exifOrientation;
            maxPixels = options.maxPixels;
            captionsBy = options.captionsBy;
            weights = options.weights;
            execution = options.execution;
        }

        LoadOptions finish() {
            return new LoadOptions(
                    textEncoder,
                    normalizeCaptions,
                    vision,
                    specialTokens,
                    captions,
                    exifOrientation,
                    maxPixels,
                    captionsBy,
                    weights,
                    execution);
        }
    }

    ModelOptions model() {
        return new ModelOptions(textEncoder, normalizeCaptions, vision, specialTokens, weights, execution.device());
    }

    ImageReader reader(ModelDescription description) {
        return new ImageReader(exifOrientation.orElse(description.exifOrientation()), maxPixels);
    }
}

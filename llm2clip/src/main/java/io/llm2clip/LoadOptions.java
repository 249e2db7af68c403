package io.llm2clip;

import io.llm2clip.image.ImageReader;
import io.llm2clip.model.CaptionOptions;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelOptions;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.Optional;

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
 * @param captionsBy what embeds captions
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
        CaptionsBy captionsBy,
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
            CaptionsBy.MODEL,
            WeightFormat.STORED,
            Execution.cpu());

    /** The same with the text encoder of a directory or a GGUF file. */
    public LoadOptions withTextEncoder(Path encoder) {
        return new LoadOptions(
                Optional.of(encoder),
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

    /** The same with caption vectors scaled to length 1 before the adapter, or as they are. */
    public LoadOptions withNormalizedCaptions(boolean normalize) {
        return new LoadOptions(
                textEncoder,
                Optional.of(normalize),
                vision,
                specialTokens,
                captions,
                exifOrientation,
                maxPixels,
                captionsBy,
                weights,
                execution);
    }

    /** The same with the vision tower opened so. */
    public LoadOptions withVision(VisionOptions options) {
        return new LoadOptions(
                textEncoder,
                normalizeCaptions,
                options,
                specialTokens,
                captions,
                exifOrientation,
                maxPixels,
                captionsBy,
                weights,
                execution);
    }

    /** The same with special tokens taken so. */
    public LoadOptions withSpecialTokens(SpecialTokens tokens) {
        return new LoadOptions(
                textEncoder,
                normalizeCaptions,
                vision,
                Optional.of(tokens),
                captions,
                exifOrientation,
                maxPixels,
                captionsBy,
                weights,
                execution);
    }

    /** The same with captions read so. */
    public LoadOptions withCaptions(CaptionOptions options) {
        return new LoadOptions(
                textEncoder,
                normalizeCaptions,
                vision,
                specialTokens,
                options,
                exifOrientation,
                maxPixels,
                captionsBy,
                weights,
                execution);
    }

    /** The same with pictures turned upright, or taken as they are stored. */
    public LoadOptions withExifOrientation(boolean follow) {
        return new LoadOptions(
                textEncoder,
                normalizeCaptions,
                vision,
                specialTokens,
                captions,
                Optional.of(follow),
                maxPixels,
                captionsBy,
                weights,
                execution);
    }

    /** The same with larger pictures refused. */
    public LoadOptions withMaxPixels(long pixels) {
        return new LoadOptions(
                textEncoder,
                normalizeCaptions,
                vision,
                specialTokens,
                captions,
                exifOrientation,
                pixels,
                captionsBy,
                weights,
                execution);
    }

    /** The same with captions embedded so. */
    public LoadOptions withCaptionsBy(CaptionsBy branches) {
        return new LoadOptions(
                textEncoder,
                normalizeCaptions,
                vision,
                specialTokens,
                captions,
                exifOrientation,
                maxPixels,
                branches,
                weights,
                execution);
    }

    /** The same with weights kept so. */
    public LoadOptions withWeights(WeightFormat format) {
        return new LoadOptions(
                textEncoder,
                normalizeCaptions,
                vision,
                specialTokens,
                captions,
                exifOrientation,
                maxPixels,
                captionsBy,
                format,
                execution);
    }

    /** The same, computed there. */
    public LoadOptions withExecution(Execution other) {
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
                other);
    }

    ModelOptions model() {
        return new ModelOptions(textEncoder, normalizeCaptions, vision, specialTokens, weights, execution.device());
    }

    ImageReader reader(ModelDescription description) {
        return new ImageReader(exifOrientation.orElse(description.exifOrientation()), maxPixels);
    }
}

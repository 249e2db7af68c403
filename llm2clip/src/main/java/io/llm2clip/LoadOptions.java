package io.llm2clip;

import io.llm2clip.image.ImageReader;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import java.util.Optional;

/**
 * What a caller may decide otherwise than a model says.
 *
 * @param specialTokens what becomes of special tokens that are spelled out in captions; {@link SpecialTokens#PARSED} is what the
 *     reference does
 * @param exifOrientation whether pictures are turned upright as their EXIF orientation says; empty for what the model was
 *     trained with
 * @param maxPixels larger pictures are refused
 * @param weights in which format weights are kept in memory: quantized ones take less and are less exact
 * @param execution where and how to compute
 */
public record LoadOptions(
        Optional<SpecialTokens> specialTokens,
        Optional<Boolean> exifOrientation,
        long maxPixels,
        WeightFormat weights,
        Execution execution) {
    /** Everything as the model says, on the CPU. */
    public static final LoadOptions DEFAULT = new LoadOptions(
            Optional.empty(), Optional.empty(), ImageReader.DEFAULT_MAX_PIXELS, WeightFormat.STORED, Execution.cpu());

    /** The same with special tokens taken so. */
    public LoadOptions withSpecialTokens(SpecialTokens tokens) {
        return new LoadOptions(Optional.of(tokens), exifOrientation, maxPixels, weights, execution);
    }

    /** The same with weights kept so. */
    public LoadOptions withWeights(WeightFormat format) {
        return new LoadOptions(specialTokens, exifOrientation, maxPixels, format, execution);
    }

    /** The same, computed there. */
    public LoadOptions withExecution(Execution other) {
        return new LoadOptions(specialTokens, exifOrientation, maxPixels, weights, other);
    }

    ImageReader reader(ModelDescription description) {
        return new ImageReader(exifOrientation.orElse(description.exifOrientation()), maxPixels);
    }
}

package io.llm2clip.model;

import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.Device;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How a model is opened, where that is not as its files say.
 *
 * @param textEncoder directory or GGUF file of the text encoder; empty for the one that lies within the model or beside it
 * @param normalizeCaptions whether caption vectors are scaled to length 1 before the adapter
 * @param vision how the vision tower is opened
 * @param specialTokens what becomes of special tokens that are spelled out in captions
 * @param weights in which format weights are kept in memory
 * @param device which is to compute with them
 */
public record ModelOptions(
        Optional<Path> textEncoder,
        Optional<Boolean> normalizeCaptions,
        VisionOptions vision,
        Optional<SpecialTokens> specialTokens,
        WeightFormat weights,
        Device device) {
    /** As the files say, on the CPU. */
    public static final ModelOptions STORED = new ModelOptions(
            Optional.empty(),
            Optional.empty(),
            VisionOptions.STORED,
            Optional.empty(),
            WeightFormat.STORED,
            Device.cpu());
}

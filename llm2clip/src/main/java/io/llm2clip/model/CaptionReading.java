package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.SpecialTokens;
import tools.jackson.databind.node.ObjectNode;

/**
 * How a language model reads a caption.
 *
 * @param format from a caption to its token row
 * @param pooling from hidden states to the caption vector
 * @param causal whether the model keeps its causal mask; LLM2CLIP's does not
 */
public record CaptionReading(CaptionFormat format, Pooling pooling, boolean causal) {

    static final String POOLING = "pooling";

    /** As LLM2CLIP reads: the mean of the hidden states of caption and end token, without a causal mask. */
    public static CaptionReading of(CaptionFormat format) {
        return new CaptionReading(format, Pooling.MEAN, false);
    }

    /** The same with special tokens in captions taken so. */
    CaptionReading with(SpecialTokens specialTokens) {
        return new CaptionReading(format.with(specialTokens), pooling, causal);
    }

    /** @throws CheckpointException naming what is missing */
    static CaptionReading read(ConfigFile caption) {
        return new CaptionReading(
                TextFiles.readFormat(caption),
                caption.constant(POOLING, Pooling.class),
                caption.truth("causal", false));
    }

    void write(ObjectNode caption) {
        TextFiles.writeFormat(caption, format);
        caption.put(POOLING, ConfigFile.nameOf(pooling)).put("causal", causal);
    }
}

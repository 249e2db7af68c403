package io.llm2clip.training;

import io.llm2clip.nn.Limit;
import org.jspecify.annotations.Nullable;

/**
 * How the steps of a contrastive training are made, whatever its recipe.
 *
 * @param chunk most examples that are embedded at a time, see {@link io.llm2clip.nn.optimizer.GradientCache}; null for the whole batch
 * @param recompute whether the backward pass computes blocks again, see {@link io.llm2clip.nn.Blocks}
 * @param ema decay of the average of the parameters that is measured and saved, see {@link
 *     io.llm2clip.nn.optimizer.AdamW#average}; null for the parameters themselves
 */
public record StepOptions(
        @Nullable Integer chunk,
        boolean recompute,
        @Nullable Float ema) {
    /** Every batch in one program, and the parameters themselves. */
    public static final StepOptions PLAIN = new StepOptions(null, false, null);

    public StepOptions {
        if (chunk != null) {
            Limit.COUNT.require("chunk", chunk);
        }
        if (ema != null) {
            Limit.BETA.require("ema", ema);
        }
    }

    /** How many examples of a batch are embedded at a time. */
    int part(int batch) {
        return chunk == null ? batch : Math.min(chunk, batch);
    }

    /** The same by chunks. */
    public StepOptions withChunk(int examples) {
        return new StepOptions(examples, recompute, ema);
    }

    /** The same with blocks that are computed again. */
    public StepOptions withRecompute() {
        return new StepOptions(chunk, true, ema);
    }
}

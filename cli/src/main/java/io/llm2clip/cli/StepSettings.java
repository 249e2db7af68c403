package io.llm2clip.cli;

import io.llm2clip.nn.Limit;
import io.llm2clip.training.StepOptions;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How the steps of a training are made, whatever its recipe. */
@HelpSection.In(HelpSection.TRAINING)
final class StepSettings {
    @Within(Limit.COUNT)
    @Option(
            names = "--chunk",
            paramLabel = "N",
            description =
                    "Compute a batch N examples at a time, by gradient caching: the same result as at once, in the memory that a"
                            + " batch of N takes, and in about a third more time (default: all at once).")
    private @Nullable Integer chunk;

    @Option(
            names = "--recompute",
            description =
                    "Compute each transformer block again in the backward pass instead of keeping what it computed (activation"
                            + " checkpointing): the same result in a fraction of the memory and about a third more time.")
    private boolean recompute;

    @Within(Limit.BETA)
    @Option(
            names = "--ema",
            paramLabel = "DECAY",
            description =
                    "Measure and save an exponential moving average of the weights instead of the last ones, such as 0.999: over"
                            + " about 1 / (1 - DECAY) steps, at first over fewer (default: none).")
    private @Nullable Float ema;

    @Option(
            names = "--accumulate",
            hidden = true,
            paramLabel = "N",
            description = "Not for a loss that tells all examples of a batch apart.")
    private @Nullable Integer accumulate;

    /** @throws IllegalArgumentException if gradients are to be summed over batches */
    StepOptions options() {
        if (accumulate != null) {
            throw new IllegalArgumentException(
                    "--accumulate %d with a contrastive loss, which tells all examples of a batch apart; expected --chunk N, which computes one batch N examples at a time."
                            .formatted(accumulate));
        }
        return new StepOptions(chunk, recompute, ema);
    }
}

package io.llm2clip.cli;

import io.llm2clip.nn.Limit;
import io.llm2clip.training.OptimizerChoices;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Settings of AdamW, for which every start has a recipe; training begins with a line that says what was chosen and why. */
@HelpSection.In(HelpSection.TRAINING)
final class OptimizerOptions {
    @Within(Limit.WEIGHT_DECAY)
    @Option(
            names = "--weight-decay",
            paramLabel = "X",
            description = "Decoupled weight decay of matrices (default: 0 in stage 1, 0.05 in stage 2).")
    private @Nullable Float weightDecay;

    @Within(Limit.BETA)
    @Option(names = "--beta1", paramLabel = "X", description = "AdamW's decay of the running mean (default: 0.9).")
    private @Nullable Float beta1;

    @Within(Limit.BETA)
    @Option(
            names = "--beta2",
            paramLabel = "X",
            description = "AdamW's decay of the running variance (default: 0.999, in stage 2 from scratch 0.98).")
    private @Nullable Float beta2;

    @Within(Limit.CLIP_NORM)
    @Option(
            names = "--clip",
            paramLabel = "NORM",
            description =
                    "Global norm that longer gradients are scaled to; Infinity for no clipping (default: 1, in stage 2"
                            + " with --vision 5).")
    private @Nullable Float clip;

    OptimizerChoices with(@Nullable Float learningRate, @Nullable Integer warmUp) {
        return new OptimizerChoices(learningRate, warmUp, weightDecay, beta1, beta2, clip);
    }
}

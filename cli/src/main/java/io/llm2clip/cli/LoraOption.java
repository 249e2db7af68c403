package io.llm2clip.cli;

import io.llm2clip.nn.Limit;
import picocli.CommandLine.Option;

/** The size of low-rank updates. */
@HelpSection.In(HelpSection.TRAINING)
final class LoraOption {
    @Within(Limit.RANK)
    @Option(names = "--rank", paramLabel = "N", description = "Rank of the LoRA updates (default: ${DEFAULT-VALUE}).")
    private int rank = 16;

    @Within(Limit.ALPHA)
    @Option(
            names = "--alpha",
            paramLabel = "X",
            description = "LoRA updates are scaled by alpha / rank (default: ${DEFAULT-VALUE}).")
    private float alpha = 32;

    int rank() {
        return rank;
    }

    float alpha() {
        return alpha;
    }
}

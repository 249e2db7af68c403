package io.llm2clip.cli;

import io.llm2clip.nn.Limit;
import io.llm2clip.nn.LoraSettings;
import picocli.CommandLine.Option;

/** Low-rank updates of a language model. */
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

    @Within(Limit.DROPOUT)
    @Option(
            names = "--lora-dropout",
            paramLabel = "SHARE",
            description = "Share of the inputs of LoRA updates that a step sets to 0 (default: ${DEFAULT-VALUE}).")
    private float dropout;

    LoraSettings settings() {
        return new LoraSettings(rank, alpha, dropout);
    }
}

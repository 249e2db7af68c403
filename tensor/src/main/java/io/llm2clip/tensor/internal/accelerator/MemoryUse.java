package io.llm2clip.tensor.internal.accelerator;

/**
 * What memory is taken for. Variables stay while programs come and go, so each use begins with arenas at another end: as far as
 * there are several, weights and optimizer state are in others than the values of programs.
 */
enum MemoryUse {
    /** Weights, optimizer state and other variables, and their converted copies: the first arenas first. */
    VARIABLE,
    /** Workspace, inputs, outputs and scratch memory of programs: the last arenas first. */
    PROGRAM
}

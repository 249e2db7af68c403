package io.llm2clip.demo;

import java.nio.file.Path;

/**
 * What to run.
 *
 * @param directory receives data, models and report
 * @param seed of data, initial weights and sampling
 * @param quick the small recipe, for continuous integration
 * @param ablations also vectors without stage 1, and baselines with other windows
 * @param validation measure on the validation images instead of the held-out ones, for choosing a recipe
 */
public record DemoOptions(Path directory, long seed, boolean quick, boolean ablations, boolean validation) {}

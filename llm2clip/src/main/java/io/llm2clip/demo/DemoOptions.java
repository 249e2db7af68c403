package io.llm2clip.demo;

import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.tensor.Execution;
import java.nio.file.Path;

/**
 * What to run.
 *
 * @param directory receives data, models and report
 * @param seed of data, initial weights and sampling
 * @param quick the small recipe, for continuous integration
 * @param ablations also vectors without stage 1, and baselines with other windows
 * @param existing what to do with the model of an earlier run
 * @param validation measure on the validation images instead of the held-out ones, for choosing a recipe
 * @param execution where and how to compute
 */
public record DemoOptions(
        Path directory,
        long seed,
        boolean quick,
        boolean ablations,
        Existing existing,
        boolean validation,
        Execution execution) {}

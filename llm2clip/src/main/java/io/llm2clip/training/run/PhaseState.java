package io.llm2clip.training.run;

import java.util.List;

/**
 * How far a phase of a training is. Together with the parameters and the moments of their optimizer it is all that the next step
 * depends on, because random numbers are functions of a seed and a step's number.
 *
 * @param steps that were begun, those that were skipped included
 * @param losses of the steps that were made, in order
 * @param skipped steps that were not made because loss or gradients were not finite
 * @param skippedInARow how many of them were the last ones
 * @param flops floating-point operations so far
 * @param data where the data of the next step are; empty if the number of steps says it
 */
public record PhaseState(int steps, List<Float> losses, int skipped, int skippedInARow, long flops, String data) {
    /** Of a phase that has not begun. */
    public static final PhaseState START = new PhaseState(0, List.of(), 0, 0, 0, "");

    public PhaseState {
        losses = List.copyOf(losses);
    }
}

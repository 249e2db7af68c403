package io.llm2clip.training;

import io.llm2clip.nn.Limit;
import io.llm2clip.nn.optimizer.AdamW;

/**
 * How far each step of a training goes.
 *
 * @param learningRate peak, after {@code warmUp} steps; then it falls to 0 at the last step
 * @param warmUp steps of linear growth, fewer than the training's
 * @param weightDecay of the matrices
 * @param adamW decays of the running moments, and the norm that gradients are clipped to
 */
public record OptimizerSettings(float learningRate, int warmUp, float weightDecay, AdamW.Options adamW) {
    public OptimizerSettings {
        Limit.LEARNING_RATE.require("learningRate", learningRate);
        Limit.COUNT_OR_NONE.require("warmUp", warmUp);
        Limit.WEIGHT_DECAY.require("weightDecay", weightDecay);
    }

    /**
     * Checks that a training can do this.
     *
     * @throws IllegalArgumentException if the training ends before its warm-up does
     */
    void requireFewerThan(int steps) {
        Limit.COUNT.require("steps", steps);
        if (warmUp >= steps) {
            throw new IllegalArgumentException(
                    "The warm-up must be shorter than the training, found %d steps of %d; shorten it or train longer."
                            .formatted(warmUp, steps));
        }
    }
}

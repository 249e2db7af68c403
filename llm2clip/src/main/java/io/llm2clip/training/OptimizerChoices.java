package io.llm2clip.training;

import io.llm2clip.nn.optimizer.AdamW;
import org.jspecify.annotations.Nullable;

/** Settings that are given in place of a recipe's; null leaves the recipe's. See {@link OptimizerSettings} and {@link AdamW.Options}. */
public record OptimizerChoices(
        @Nullable Float learningRate,
        @Nullable Integer warmUp,
        @Nullable Float weightDecay,
        @Nullable Float beta1,
        @Nullable Float beta2,
        @Nullable Float clipNorm) {

    /** The recipe's settings, but for those that are given. */
    public OptimizerSettings over(OptimizerSettings recipe) {
        AdamW.Options adamW = recipe.adamW();
        return new OptimizerSettings(
                or(learningRate, recipe.learningRate()),
                warmUp == null ? recipe.warmUp() : warmUp,
                or(weightDecay, recipe.weightDecay()),
                new AdamW.Options(
                        or(beta1, adamW.beta1()),
                        or(beta2, adamW.beta2()),
                        adamW.epsilon(),
                        or(clipNorm, adamW.clipNorm())));
    }

    private static float or(@Nullable Float given, float otherwise) {
        return given == null ? otherwise : given;
    }
}

package io.llm2clip.nn.optimizer;

import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import java.util.List;

/**
 * Parameters that are updated alike.
 *
 * @param learningRateScale factor of the schedule's learning rate
 * @param weightDecay decoupled weight decay
 */
public record ParameterGroup(List<Parameter> parameters, float learningRateScale, float weightDecay) {
    public ParameterGroup {
        Limit.STEP_LEARNING_RATE.require("learningRateScale", learningRateScale);
        Limit.WEIGHT_DECAY.require("weightDecay", weightDecay);
        parameters = List.copyOf(parameters);
    }
}

package io.llm2clip.nn.optimizer;

import io.llm2clip.nn.Parameter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** The usual rules by which parameters fall into groups. */
public final class ParameterGroups {
    private static final List<String> UNDECAYED = List.of(
            "pos_embed",
            "position_embedding",
            "positional_embedding",
            "cls_token",
            "class_embedding",
            "logit_scale",
            "logit_bias");

    private record Key(float learningRateScale, float weightDecay) {}

    private ParameterGroups() {}

    /** All parameters at the full learning rate, in a decayed and an undecayed group. */
    public static List<ParameterGroup> of(List<Parameter> parameters, float weightDecay) {
        return of(parameters, weightDecay, _ -> 1);
    }

    /**
     * Groups in the order of their first parameters.
     *
     * @param weightDecay of the parameters that {@link #decays}
     * @param learningRateScale factor of the learning rate, by a parameter's name, such as {@link LayerDecay#scale}
     */
    public static List<ParameterGroup> of(
            List<Parameter> parameters, float weightDecay, ToDoubleFunction<String> learningRateScale) {
        Map<Key, List<Parameter>> groups = new LinkedHashMap<>();
        for (Parameter parameter : parameters) {
            Key key = new Key(
                    (float) learningRateScale.applyAsDouble(parameter.name()), decays(parameter) ? weightDecay : 0);
            groups.computeIfAbsent(key, _ -> new ArrayList<>()).add(parameter);
        }
        List<ParameterGroup> result = new ArrayList<>();
        groups.forEach(
                (key, members) -> result.add(new ParameterGroup(members, key.learningRateScale, key.weightDecay)));
        return result;
    }

    /** Whether weight decay applies: not to vectors, scalars and biases, positions, the class token and the logit scale. */
    public static boolean decays(Parameter parameter) {
        return parameter.shape().rank() > 1
                && !parameter.name().endsWith(".bias")
                && UNDECAYED.stream().noneMatch(parameter.name()::contains);
    }
}

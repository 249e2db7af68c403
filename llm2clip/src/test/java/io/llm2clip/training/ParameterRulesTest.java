package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Logits;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroup;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class ParameterRulesTest {
    /** Factors of the learning rate by parameter, of those that are trained. */
    private static Map<String, Double> rates(ParameterRules rules) {
        OptimizerSettings optimizer = new OptimizerSettings(1e-3f, 0, 0.05f, AdamW.Options.DEFAULT);
        ClipTraining.Config config =
                new ClipTraining.Config(10, 4, optimizer, 0.5f, 20, 0, 1, StepOptions.PLAIN, rules);
        try (Parameters parameters = new Parameters(1)) {
            VisionTower vision =
                    VisionTower.create(parameters, VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 2, 4));
            Linear layer =
                    Linear.create(parameters.root().scope("text_adapter"), 5, 4, false, Initializer.fanInNormal());
            Map<String, Double> rates = new TreeMap<>();
            VisionSide side = new VisionSide(vision, config.vision(), 1);
            TextSide<?> text = new NoCaptions(List.of(CaptionsBy.LANGUAGE_MODEL), layer.parameters());
            for (ParameterGroup group : ClipTraining.groups(
                    side, text.parameters(), Contrast.alone(text, Logits.softmax(parameters)), config)) {
                group.parameters()
                        .forEach(parameter -> rates.put(parameter.name(), (double) group.learningRateScale()));
            }
            return rates;
        }
    }

    @Test
    void withoutRulesTheRecipeHolds() {
        assertThat(rates(ParameterRules.NONE))
                .containsEntry("logit_scale", 20.0)
                .containsEntry("text_adapter.weight", 1.0)
                .containsEntry("visual_projection.weight", 1.0)
                .containsEntry("vision_model.encoder.layers.1.mlp.fc1.weight", 0.5)
                .containsEntry("vision_model.encoder.layers.0.mlp.fc1.weight", 0.25)
                .containsEntry("vision_model.embeddings.patch_embedding.weight", 0.125);
    }

    @Test
    void whatIsFrozenIsNotTrained() {
        Map<String, Double> all = rates(ParameterRules.NONE);
        Map<String, Double> found = rates(new ParameterRules(List.of("vision_model.*", "logit_scale"), Map.of()));
        assertThat(found.keySet()).containsExactly("text_adapter.weight", "visual_projection.weight");
        assertThat(rates(new ParameterRules(List.of("*.layers.0.*.bias"), Map.of())))
                .hasSize(all.size() - 8)
                .containsKey("vision_model.encoder.layers.1.mlp.fc1.bias")
                .containsKey("vision_model.encoder.layers.0.mlp.fc1.weight")
                .doesNotContainKey("vision_model.encoder.layers.0.mlp.fc1.bias");
    }

    @Test
    void ratesOfPartsComeOnTopOfTheRecipe() {
        Map<String, Float> rules = new LinkedHashMap<>();
        rules.put("vision_model.encoder.layers.1.*", 3f);
        rules.put("vision_model.*", 0.1f);
        rules.put("logit_scale", 0.5f);
        Map<String, Double> found = rates(new ParameterRules(List.of("visual_projection.*"), rules));
        assertThat(found.get("vision_model.encoder.layers.1.mlp.fc1.weight")).isEqualTo(1.5);
        assertThat(found.get("vision_model.encoder.layers.0.mlp.fc1.weight")).isCloseTo(0.025, within(1e-8));
        assertThat(found).containsEntry("logit_scale", 10.0).containsEntry("text_adapter.weight", 1.0);
    }

    /** A dot is a dot, and a pattern is of the whole name. */
    @Test
    void rulesOfOtherParametersAreRefused() {
        assertThatThrownBy(() -> rates(new ParameterRules(List.of("visoin_model.*"), Map.of())))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageMatching(
                        "No parameter has a name like 'visoin_model\\.\\*'; expected one of 42, such as vision_model\\.\\S+,"
                                + " vision_model\\.\\S+, \\S+ \\(\\* stands for anything\\)\\.");
        for (String pattern : List.of("logit", "logit.scale", "text_adapter")) {
            assertThatThrownBy(() -> rates(new ParameterRules(List.of(), Map.of(pattern, 2f))))
                    .hasMessageStartingWith("No parameter has a name like '" + pattern + "'");
        }
        assertThatThrownBy(() -> rates(new ParameterRules(List.of("vis*", "text*", "logit*"), Map.of())))
                .hasMessage("All 42 parameters are frozen, by vis*, text*, logit*; leave some to be trained.");
        assertThatThrownBy(() -> new ParameterRules(List.of(), Map.of("a", 0f)))
                .hasMessage("The rate of 'a' must be above 0 and at most 1000, found 0.");
    }
}

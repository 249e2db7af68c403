package io.llm2clip.nn.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.tensor.Shape;
import java.util.List;
import org.junit.jupiter.api.Test;

class ParameterGroupsTest {

    @Test
    void onlyMatricesDecayAndNotAllOfThem() {
        try (Parameters parameters = new Parameters(0)) {
            Scope root = parameters.root();
            for (String name : List.of(
                    "fc.weight",
                    "fc.bias",
                    "visual.pos_embed",
                    "visual.cls_token",
                    "embeddings.position_embedding.weight",
                    "logit_scale",
                    "odd.bias")) {
                root.create(name, name.startsWith("fc.b") ? Shape.of(2) : Shape.of(2, 2), Initializer.zeros());
            }
            root.create("norm.weight", Shape.of(2), Initializer.zeros());
            List<ParameterGroup> groups = ParameterGroups.of(parameters.all(), 0.05f);
            assertThat(groups).hasSize(2);
            assertThat(groups.getFirst().weightDecay()).isEqualTo(0.05f);
            assertThat(groups.getFirst().parameters())
                    .extracting(Parameter::name)
                    .containsExactly("fc.weight");
            assertThat(groups.getLast().weightDecay()).isZero();
            assertThat(groups.getLast().parameters()).hasSize(7);
        }
    }

    @Test
    void groupsAreByLearningRateToo() {
        try (Parameters parameters = new Parameters(0)) {
            for (int i = 0; i < 3; i++) {
                parameters.root().create("blocks." + i + ".weight", Shape.of(1, 1), Initializer.zeros());
            }
            List<ParameterGroup> groups = ParameterGroups.of(parameters.all(), 0.05f, new LayerDecay(0.5, 3)::scale);
            assertThat(groups).extracting(ParameterGroup::learningRateScale).containsExactly(0.125f, 0.25f, 0.5f);
        }
    }

    /** Values of the specification, section 7.3. */
    @Test
    void layerDecayOfALargeTower() {
        LayerDecay decay = new LayerDecay(0.85, 24);
        scale(decay, "visual.patch_embed.proj.weight", 0.017198);
        scale(decay, "vision_model.embeddings.patch_embedding.weight", 0.017198);
        scale(decay, "visual.conv1.weight", 0.017198);
        scale(decay, "visual.pos_embed", 0.017198);
        scale(decay, "visual.cls_token", 0.017198);
        scale(decay, "visual.blocks.0.attn.q_proj.weight", 0.020233);
        scale(decay, "vision_model.encoder.layers.23.mlp.fc1.bias", 0.85);
        scale(decay, "visual.transformer.resblocks.23.ln_1.weight", 0.85);
        scale(decay, "vision_model.embeddings.class_embedding", 1);
        scale(decay, "vision_model.pre_layrnorm.weight", 1);
        scale(decay, "visual.head.weight", 1);
        assertThatThrownBy(() -> decay.scale("visual.blocks.24.norm1.weight"))
                .hasMessageContaining("over 24 blocks")
                .hasMessageContaining("is of block 24");
    }

    private static void scale(LayerDecay decay, String name, double expected) {
        assertThat(decay.scale(name)).as(name).isCloseTo(expected, within(1e-6));
    }
}

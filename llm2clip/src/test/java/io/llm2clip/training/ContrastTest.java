package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Logits;
import io.llm2clip.model.PatchDropout;
import io.llm2clip.model.ReferenceTower;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Loss and gradients of the strategies are PyTorch's; a file of {@code tests/reference/contrasts.py}. */
class ContrastTest {
    /** Two embeddings of captions. */
    private static final TextSide<?> TWO =
            new NoCaptions(List.of(CaptionsBy.LANGUAGE_MODEL, CaptionsBy.TEXT_TOWER), List.of());

    @TempDir
    private Path folder;

    private static JsonNode golden() throws IOException {
        try (InputStream in = ContrastTest.class.getResourceAsStream("contrasts.json")) {
            return JsonMapper.shared().readTree(Objects.requireNonNull(in).readAllBytes());
        }
    }

    @ParameterizedTest
    @EnumSource(TextStrategy.class)
    void lossAndGradientsOfAStrategy(TextStrategy strategy) throws IOException {
        JsonNode golden = golden();
        JsonNode expected = golden.path(strategy.toString());
        Shape shape = Shape.of(golden.path("batch").asInt(), golden.path("size").asInt());
        try (Parameters parameters = new Parameters(1);
                Parameters tower = new Parameters(1)) {
            List<Parameter> all = new ArrayList<>();
            for (String name : List.of("image", "language", "tower")) {
                Parameter embedding = parameters.root().create(name, shape, Initializer.zeros());
                embedding.data().fill(ReferenceTower.values(name, shape.size(), 0, 2));
                all.add(embedding);
            }
            List<Tensor> embeddings = all.stream().map(Parameter::tensor).toList();
            List<Contrast> contrasts = strategy.contrasts(CaptionsBy.LANGUAGE_MODEL, parameters, Logits.Values.SOFTMAX);
            for (Contrast contrast : contrasts) {
                Parameter scale = contrast.logits().scale();
                scale.data().fill(ReferenceTower.values(scale.name(), 1, 1.5, 1));
                all.add(scale);
            }
            if (strategy == TextStrategy.REPLACE) {
                all.remove(2);
            }
            VisionTower vision =
                    VisionTower.create(tower, VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 1, 4));
            ClipLoss loss = new ClipLoss(vision, PatchDropout.NONE, TWO, contrasts);
            Path file = folder.resolve("moments.safetensors");
            try (AdamW optimizer = new AdamW(ParameterGroups.of(all, 0), AdamW.Options.DEFAULT, Device.cpu());
                    TrainStep step = TrainStep.compile(
                            _ -> loss.loss(embeddings, List.of()),
                            TrainStep.inputsLike(List.of()),
                            optimizer,
                            ProgramOptions.DEFAULT)) {
                assertThat(step.run(List.of(), 0))
                        .isCloseTo((float) expected.path("loss").asDouble(), within(1e-5f));
                optimizer.save(file);
            }
            assertThat(all)
                    .extracting(Parameter::name)
                    .containsExactlyInAnyOrderElementsOf(
                            expected.path("gradients").propertyNames());
            try (Checkpoint moments = Checkpoint.open(file)) {
                for (Parameter parameter : all) {
                    float[] found = moments.readFloats(parameter.name() + ".exp_avg");
                    JsonNode values = expected.path("gradients").path(parameter.name());
                    assertThat(found).hasSize(values.size());
                    for (int i = 0; i < found.length; i++) {
                        // After one step a moment is a tenth of the gradient.
                        assertThat(10 * found[i])
                                .as("gradient %d of %s", i, parameter)
                                .isCloseTo((float) values.get(i).asDouble(), within(2e-6f));
                    }
                }
            }
        }
    }

    @Test
    void embeddingsThatCannotBeComparedAreRefused() {
        try (Parameters parameters = new Parameters(1)) {
            Logits logits = Logits.softmax(parameters);
            assertThatThrownBy(() -> new Contrast(Optional.of(CaptionsBy.LANGUAGE_MODEL), CaptionsBy.JOINED, logits))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "A contrast of captions by the language model and by the language model and the text tower, joined; expected two different embeddings of one length.");
        }
    }
}

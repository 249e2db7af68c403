package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.TrainingRun;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Steps of a language model from scratch. */
class LanguageModelTrainingTest {
    private static final int STEPS = 6;
    private static final int LENGTH = 12;

    private final Notes notes = new Notes();

    private record Trained(List<Float> losses, float[] weights) {}

    /** @param rows of packed tokens that there are, one more token each than is predicted */
    private Trained train(int rows, int batch, int accumulate) {
        CounterRandom random = new CounterRandom(3);
        List<int[]> captions = new ArrayList<>();
        for (int i = 0; i < rows; i++) {
            int[] caption = new int[LENGTH + 1];
            for (int t = 0; t < caption.length; t++) {
                caption[t] = t % 3 == 0 ? 5 : random.integer(i, t, 60);
            }
            captions.add(caption);
        }
        LlamaConfig config = new LlamaConfig(60, 32, 48, 1, 2, 1, 16, 1e-5f, 10_000, null, 64, false);
        try (Parameters parameters = new Parameters(7)) {
            Llama llama = Llama.languageModel(parameters, config, LlamaInitialization.FAST);
            LanguageModelTraining.Config training = LanguageModelTraining.Config.of(STEPS, batch, LENGTH, 1e-2f, 1, 5)
                    .withAccumulate(accumulate);
            LossCurve losses =
                    LanguageModelTraining.run(llama, captions, training, Execution.cpu(), TrainingRun.NONE, notes);
            assertThat(losses.flops()).isPositive();
            return new Trained(
                    losses.losses(),
                    parameters.get("layers.0.mlp.down_proj.weight").data().toFloats());
        }
    }

    /** Gradients that are summed are those of all rows at once. */
    @Test
    void stepsOfSeveralBatchesAreThoseOfALargeOne() {
        Trained whole = train(40, 12, 1);
        Trained parts = train(40, 3, 4);
        assertThat(whole.losses).hasSize(STEPS);
        assertThat(whole.losses.getLast()).isLessThan(whole.losses.getFirst() - 0.3f);
        for (int i = 0; i < STEPS; i++) {
            assertThat(parts.losses.get(i)).isCloseTo(whole.losses.get(i), within(1e-4f));
        }
        assertThat(parts.weights).containsExactly(whole.weights, within(1e-3f));
        assertThat(train(40, 3, 1).losses.getLast()).isNotCloseTo(whole.losses.getLast(), within(1e-3f));
        assertThat(notes.sentences()).isEmpty();
    }

    /** As many whole batches as the captions fill. */
    @Test
    void whatTheCaptionsDoNotFillIsSaid() {
        assertThat(train(11, 3, 5).losses).hasSize(STEPS);
        assertThat(notes.sentences())
                .containsExactly(
                        "Batches of the language model have 9 rows instead of 15, because the captions fill no more.");
    }

    @Test
    void stepsOfMoreTokensThanAnArrayHoldsAreRefused() {
        assertThatThrownBy(() -> LanguageModelTraining.Config.fromScratch(10, 1).withAccumulate(Integer.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "A step of 2147483647 times 32 rows of 128 tokens; expected at most 2147483647 tokens in all, lower one of the three.");
    }
}

package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.TextFile;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.CaptionTraining;
import io.llm2clip.training.CaptionTrainingJob;
import io.llm2clip.training.TextStart;
import io.llm2clip.training.Validation;
import io.llm2clip.training.pair.InstructionTable;
import io.llm2clip.training.run.RunOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Stage 1 from a GGUF file: what comes of it opens as a whole model, and as an adapter upon that file. */
class GgufTrainingTest {
    private static final List<String> THINGS =
            List.of("kite", "boat", "lamp", "tree", "dog", "train", "house", "bridge");
    private static final List<String> COLORS = List.of("red", "blue", "green", "yellow", "black");
    private static final List<String> PLACES = List.of("a harbor", "a forest", "a market", "a desert");
    private static final String QUERY = "A green boat near the water";
    private static final double TOLERANCE = 1e-4;
    private static final int STEPS = 12;

    @TempDir
    private Path folder;

    @Test
    void aTinyFileBecomesATextEncoder() throws IOException {
        train(Golden.path("gguf/tiny.gguf"), 4, 256);
    }

    /** A few steps: the loss sinks, though a model that was always causal has yet to learn to look ahead. */
    @Test
    void theRealSmolLm2BecomesATextEncoder() throws IOException {
        String file = System.getProperty(GgufTextTest.SMOLLM2);
        assumeTrue(
                file != null,
                "skipped, since the system property " + GgufTextTest.SMOLLM2
                        + " does not name SmolLM2-135M-Instruct.Q4_1.gguf");
        List<Double> losses = train(Path.of(file), 8, 48);
        assertThat(mean(losses.subList(STEPS - 4, STEPS))).isLessThan(0.9 * mean(losses.subList(0, 4)));
    }

    private static double mean(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).average().orElseThrow();
    }

    /** Returns the loss of each step. */
    private List<Double> train(Path file, int batch, int maxLength) throws IOException {
        Path captions = Files.writeString(folder.resolve("captions.jsonl"), captions());
        Path out = folder.resolve("text");
        Path adapter = folder.resolve("adapter");
        CaptionTraining.Config recipe = CaptionTraining.Config.pretrained(STEPS, 1);
        Losses losses = new Losses();
        CaptionTrainingJob.Result result = new CaptionTrainingJob(
                        List.of(DataSource.of(TextFile.open(captions))),
                        InstructionTable.NONE,
                        new TextStart.Pretrained(file),
                        new CaptionTraining.Config(
                                recipe.steps(),
                                batch,
                                recipe.optimizer(),
                                recipe.lora(),
                                recipe.scale(),
                                recipe.bothDirections(),
                                recipe.pairing(),
                                maxLength,
                                recipe.seed()),
                        Validation.TENTH,
                        out,
                        Optional.of(adapter),
                        Existing.REFUSE,
                        Optional.empty(),
                        Execution.cpu(),
                        RunOptions.beside(out))
                .run(losses);
        assertThat(result.skippedSteps()).isZero();
        assertThat(losses.values).hasSize(STEPS).allMatch(Double::isFinite);
        float[] before = vector(file, List.of());
        float[] whole = vector(out, List.of());
        float[] apart = vector(file, List.of(adapter));
        double largest = 0;
        double changed = 0;
        for (float value : whole) {
            largest = Math.max(largest, Math.abs(value));
        }
        for (int i = 0; i < whole.length; i++) {
            assertThat((double) apart[i]).isCloseTo(whole[i], within(TOLERANCE * largest));
            changed = Math.max(changed, Math.abs(before[i] - whole[i]));
        }
        assertThat(changed).isGreaterThan(10 * TOLERANCE * largest);
        return losses.values;
    }

    private static float[] vector(Path model, List<Path> adapters) {
        try (TextModel text = TextModel.open(model, adapters, Optional.empty(), WeightFormat.STORED)) {
            return text.vectors(List.of(QUERY)).toArrays()[0];
        }
    }

    /** Two long captions of each of 160 pictures. */
    private static String captions() {
        StringBuilder lines = new StringBuilder();
        for (String thing : THINGS) {
            for (String color : COLORS) {
                for (String place : PLACES) {
                    lines.append("""
                            {"captions": ["A large %2$s, which is %1$s, can be seen from far away on this bright morning in %3$s.", "In %3$s, on a bright morning, stands a large %2$s, whose %1$s color is seen from far away."]}
                            """.formatted(color, thing, place));
                }
            }
        }
        return lines.toString();
    }

    /** Keeps the losses that are told. */
    private static final class Losses implements Progress {
        private final List<Double> values = new ArrayList<>();

        @Override
        public Phase begin(String name, long total, String unit) {
            return new Phase() {
                @Override
                public void metric(String metric, double value) {
                    if (metric.equals("loss")) {
                        values.add(value);
                    }
                }
            };
        }
    }
}

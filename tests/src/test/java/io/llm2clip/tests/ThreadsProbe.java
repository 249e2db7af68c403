package io.llm2clip.tests;

import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.LanguageModelTraining;
import io.llm2clip.training.run.TrainingRun;
import java.util.ArrayList;
import java.util.List;

/** Trains a small language model for a few steps and prints what came out to the bit; run with different numbers of threads. */
final class ThreadsProbe {
    private ThreadsProbe() {}

    public static void main(String[] arguments) {
        CounterRandom random = new CounterRandom(3);
        List<int[]> rows = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            int[] row = new int[40];
            for (int t = 0; t < row.length; t++) {
                row[t] = random.integer(i, t, 512);
            }
            rows.add(row);
        }
        LlamaConfig config = new LlamaConfig(512, 96, 256, 2, 3, 1, 32, 1e-5f, 10_000, null, 256, false);
        try (Parameters parameters = new Parameters(7)) {
            Llama llama = Llama.languageModel(parameters, config, LlamaInitialization.FAST);
            LanguageModelTraining.Config training = LanguageModelTraining.Config.of(4, 16, 96, 3e-3f, 1, 5);
            List<Float> losses = LanguageModelTraining.run(
                            llama, rows, training, Execution.cpu(), TrainingRun.NONE, Progress.NONE)
                    .losses();
            System.out.println(losses + " " + parameters.digest());
        }
    }
}

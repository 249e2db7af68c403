package io.llm2clip.training;

import io.llm2clip.kernels.DType;
import io.llm2clip.model.Llama;
import io.llm2clip.nn.loss.CrossEntropy;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.Arrays;
import java.util.List;

/** Next-token training of a small Llama from scratch on captions packed one after another. */
public final class LanguageModelTraining {
    private static final AdamW.Options OPTIMIZER = new AdamW.Options(0.9f, 0.95f, 1e-8f, 1);

    private LanguageModelTraining() {}

    /**
     * How to train.
     *
     * @param steps optimiser steps
     * @param batch rows a step
     * @param length tokens a row
     * @param learningRate peak, after {@code warmup} steps; then a cosine to 0
     * @param warmup steps of linear growth
     * @param weightDecay of the matrices
     * @param seed of the rows' order
     */
    public record Config(
            int steps, int batch, int length, float learningRate, int warmup, float weightDecay, long seed) {

        /** What suits a small model: batches of 32 rows of 128 tokens, rate 3e-3. */
        public static Config standard(int steps, long seed) {
            return new Config(steps, 32, 128, 3e-3f, Math.min(20, steps / 5), 0.05f, seed);
        }
    }

    /**
     * Trains all of a model's parameters.
     *
     * @param rows token rows, each with its begin and end token; shuffled here and packed into rows of equal length
     * @return loss of every step, in nats a token
     */
    public static LossCurve run(Llama model, List<int[]> rows, Config config, Progress progress) {
        int[][] packed = pack(rows, config.length + 1, new CounterRandom(config.seed));
        EpochSampler sampler =
                new EpochSampler(packed.length, Math.min(config.batch, packed.length), new CounterRandom(config.seed));
        int batch = sampler.batch();
        Shape shape = Shape.of(batch, config.length);
        int[] full = new int[batch];
        Arrays.fill(full, config.length);
        Tensor lengths = Tensor.variable("lengths", TensorData.ofInts(Shape.of(batch), full));
        Schedule schedule = new Schedule.Cosine(config.learningRate, config.warmup, config.steps);
        LossCurve losses = new LossCurve();
        try (AdamW optimizer = new AdamW(ParameterGroups.of(model.parameters(), config.weightDecay), OPTIMIZER);
                Progress.Phase phase = progress.begin("language model", config.steps, "step");
                TrainStep step = compile(model, lengths, shape, optimizer, phase)) {
            for (int i = 0; i < config.steps; i++) {
                int[] drawn = sampler.next();
                int[] input = new int[batch * config.length];
                int[] next = new int[batch * config.length];
                for (int b = 0; b < batch; b++) {
                    System.arraycopy(packed[drawn[b]], 0, input, b * config.length, config.length);
                    System.arraycopy(packed[drawn[b]], 1, next, b * config.length, config.length);
                }
                float loss = step.run(
                        List.of(TensorData.ofInts(shape, input), TensorData.ofInts(shape, next)), schedule.at(i));
                losses.add(loss);
                phase.metric("loss", loss);
                phase.advance(1);
            }
            losses.countFlops(step.flops() * config.steps);
        }
        return losses;
    }

    private static TrainStep compile(Llama model, Tensor lengths, Shape shape, AdamW optimizer, Progress.Phase phase) {
        phase.preparing("compiling");
        return TrainStep.compile(
                in -> CrossEntropy.mean(model.logits(in.get(0), lengths), in.get(1)),
                List.of(new TrainStep.Input("ids", shape, DType.I32), new TrainStep.Input("targets", shape, DType.I32)),
                optimizer);
    }

    /** Shuffles captions, joins them and cuts the stream into rows of equal length; the rest is dropped. */
    static int[][] pack(List<int[]> rows, int length, CounterRandom random) {
        int[] order = new EpochSampler(rows.size(), rows.size(), random).next();
        int total = rows.stream().mapToInt(r -> r.length).sum();
        if (total < length) {
            throw new IllegalArgumentException("The captions have " + total + " tokens, fewer than one row of " + length
                    + "; add captions or shorten the rows.");
        }
        int[] stream = new int[total];
        int position = 0;
        for (int index : order) {
            int[] row = rows.get(index);
            System.arraycopy(row, 0, stream, position, row.length);
            position += row.length;
        }
        int[][] packed = new int[total / length][];
        for (int i = 0; i < packed.length; i++) {
            packed[i] = Arrays.copyOfRange(stream, i * length, (i + 1) * length);
        }
        return packed;
    }
}

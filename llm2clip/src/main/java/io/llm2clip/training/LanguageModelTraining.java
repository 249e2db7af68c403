package io.llm2clip.training;

import io.llm2clip.model.Llama;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.loss.CrossEntropy;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.run.TrainingRun;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** Next-token training of a small Llama from scratch on captions packed one after another. */
public final class LanguageModelTraining {
    private static final String NAME = "language model";
    private static final String OTHERWISE = "lower --vocabulary";

    private LanguageModelTraining() {}

    /**
     * How to train.
     *
     * @param steps optimizer steps
     * @param batch rows that are computed at a time
     * @param accumulate how many times as many make a step
     * @param length tokens per row
     * @param optimizer how far a step goes; the rate falls as a cosine after its peak
     * @param seed of the rows' order
     */
    public record Config(int steps, int batch, int accumulate, int length, OptimizerSettings optimizer, long seed) {
        private static final AdamW.Options ADAMW = new AdamW.Options(0.9f, 0.95f, 1e-8f, 1);

        public Config {
            optimizer.requireFewerThan(steps);
            Limit.COUNT.require("batch", batch);
            Limit.COUNT.require("accumulate", accumulate);
            Limit.COUNT.require("length", length);
            RowStep.requireTokens(batch, accumulate, length);
        }

        /** What suits a small model: batches of 32 rows of 128 tokens, rate 3e-3. */
        public static Config fromScratch(int steps, long seed) {
            return of(steps, 32, 128, 3e-3f, Math.min(20, steps / 5), seed);
        }

        /** The same with other sizes; the decays are always those of language models, 0.9 and 0.95. */
        public static Config of(int steps, int batch, int length, float learningRate, int warmUp, long seed) {
            return new Config(steps, batch, 1, length, new OptimizerSettings(learningRate, warmUp, 0.05f, ADAMW), seed);
        }

        /** The same with steps of so many batches. */
        public Config withAccumulate(int batches) {
            return new Config(steps, batch, batches, length, optimizer, seed);
        }
    }

    /**
     * Trains all of a model's parameters.
     *
     * @param captions token rows, each with its begin and end token; shuffled here and packed into rows of equal length
     * @param execution where and how to compute
     * @param run keeps a record, and says where to begin
     * @return loss of every step, in nats per token
     * @throws IllegalArgumentException if the captions do not fill one row
     * @throws DivergedException if loss or gradients of many steps in a row are not finite
     */
    public static LossCurve run(
            Llama model, List<int[]> captions, Config config, Execution execution, TrainingRun run, Progress progress) {
        PackedRows packed = new PackedRows(captions, config.length + 1, new CounterRandom(config.seed));
        int batch = Math.min(config.batch, packed.count());
        int parts = Math.min(config.accumulate, packed.count() / batch);
        if (batch * parts < config.batch * config.accumulate) {
            progress.note("Batches of the language model have %d rows instead of %d, because the captions fill no more."
                    .formatted(batch * parts, config.batch * config.accumulate));
        }
        EpochSampler sampler = new EpochSampler(packed.count(), batch * parts, new CounterRandom(config.seed));
        OptimizerSettings settings = config.optimizer;
        Schedule schedule = new Schedule.Cosine(settings.learningRate(), settings.warmUp(), config.steps);
        try (AdamW optimizer = new AdamW(
                ParameterGroups.of(model.parameters(), settings.weightDecay()), settings.adamW(), execution.device())) {
            TrainingPhase phase = new TrainingPhase(
                    NAME, config.steps, schedule, settings.warmUp(), optimizer, StepOptions.PLAIN, execution.options());
            return TrainingLoop.run(
                    phase,
                    new StepMaker() {
                        @Override
                        public void seek(int step, String position) {
                            sampler.skip(step);
                        }

                        /** The mean of a whole step's tokens, or the sum of a part's. */
                        private Tensor loss(List<Tensor> in) {
                            Tensor scores = model.logits(in.get(0), PackedRows.full(in.get(0)));
                            return parts == 1
                                    ? CrossEntropy.mean(scores, in.get(1))
                                    : scores.crossEntropy(in.get(1)).sum();
                        }

                        @Override
                        public float make(TrainingLoop loop) {
                            int[] drawn = sampler.next();
                            loop.batch("", drawn.length);
                            RowStep step = new RowStep(
                                    batch,
                                    parts,
                                    false,
                                    count -> inputs(packed, Arrays.copyOf(drawn, count)),
                                    this::loss,
                                    OTHERWISE);
                            if (parts == 1) {
                                return loop.run(step);
                            }
                            List<List<TensorData>> inputs = IntStream.range(0, parts)
                                    .mapToObj(part ->
                                            inputs(packed, Arrays.copyOfRange(drawn, part * batch, (part + 1) * batch)))
                                    .toList();
                            return loop.run(step, inputs, 1f / (drawn.length * config.length));
                        }
                    },
                    run,
                    progress);
        }
    }

    /** Tokens {@code [B, T]} of rows, and the next one of each. */
    private static List<TensorData> inputs(PackedRows packed, int... drawn) {
        int length = packed.row(drawn[0]).length - 1;
        Shape shape = Shape.of(drawn.length, length);
        int[] input = new int[shape.size()];
        int[] next = new int[shape.size()];
        for (int i = 0; i < drawn.length; i++) {
            int[] tokens = packed.row(drawn[i]);
            System.arraycopy(tokens, 0, input, i * length, length);
            System.arraycopy(tokens, 1, next, i * length, length);
        }
        return List.of(TensorData.ofInts(shape, input), TensorData.ofInts(shape, next));
    }
}

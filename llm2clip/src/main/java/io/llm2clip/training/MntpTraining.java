package io.llm2clip.training;

import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.Skipped;
import io.llm2clip.model.Llama;
import io.llm2clip.model.TextModel;
import io.llm2clip.nn.Dropout;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.CrossEntropy;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.RandomTensors;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.mask.PackedTexts;
import io.llm2clip.training.mask.PackedTokens;
import io.llm2clip.training.mask.TokenMask;
import io.llm2clip.training.run.TrainingRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/**
 * Masked next-token prediction (MNTP, BehnamGhader et al. 2024): adapts a causal language model to bidirectional attention before stage 1,
 * by low-rank updates. Tokens of packed texts are masked, and each is predicted from the hidden state of the token before it.
 */
public final class MntpTraining {
    static final String NAME = "masked next-token prediction";
    /** Numbers of masked tokens are padded to multiples of this, so that steps share few compiled programs. */
    private static final int MASKED_MULTIPLE = 64;

    private static final String OTHERWISE = "lower --length or take a smaller model";

    private MntpTraining() {}

    /**
     * How to train.
     *
     * @param steps optimizer steps
     * @param batch rows that are computed at a time
     * @param accumulate how many times as many make a step
     * @param length tokens per row
     * @param optimizer how far a step goes; the rate falls linearly after its peak
     * @param lora the low-rank updates
     * @param maskShare fraction of the tokens to predict
     * @param seed of order, masks and initial updates
     */
    public record Config(
            int steps,
            int batch,
            int accumulate,
            int length,
            OptimizerSettings optimizer,
            LoraSettings lora,
            float maskShare,
            long seed) {
        public Config {
            optimizer.requireFewerThan(steps);
            Limit.COUNT.require("batch", batch);
            Limit.COUNT.require("accumulate", accumulate);
            Limit.COUNT.require("length", length);
            RowStep.requireTokens(batch, accumulate, length);
            Limit.REDUCTION.require("maskShare", maskShare);
        }

        /**
         * The reference's: rows of 512 tokens, a fifth of which are predicted, rate 5e-5 without warm-up, no weight decay, gradients clipped to
         * norm 1; but a batch of 8 instead of 256.
         */
        public static Config pretrained(int steps, long seed) {
            OptimizerSettings optimizer = new OptimizerSettings(5e-5f, 0, 0, AdamW.Options.DEFAULT.withClipNorm(1));
            return new Config(steps, 8, 1, 512, optimizer, LoraSettings.of(16, 32), 0.2f, seed);
        }
    }

    /**
     * Attaches low-rank updates, trains them, and merges them into the model, also those of a training that fails.
     *
     * @param model with its language head
     * @param sources of the texts
     * @param mask id of the mask token
     * @param execution where and how to compute
     * @param run keeps a record, and says where to begin
     * @param trained is called when all steps are done, before the updates are merged, so that they can be saved alone
     * @return loss of every step, in nats per predicted token
     * @throws IllegalArgumentException if rows are longer than the model reads
     * @throws DivergedException if loss or gradients of many steps in a row are not finite
     */
    public static LossCurve run(
            TextModel model,
            List<DataSource> sources,
            int mask,
            Config config,
            Execution execution,
            TrainingRun run,
            Progress progress,
            Runnable trained) {
        Llama llama = model.llama();
        OptimizerSettings settings = config.optimizer;
        Schedule schedule = new Schedule.Linear(settings.learningRate(), settings.warmUp(), config.steps);
        Parameters updates = new Parameters(config.seed);
        llama.attachLora(updates, config.lora);
        TokenMask masking = new TokenMask(config.maskShare, mask, llama.config().vocabularySize());
        try (PackedTexts texts =
                        new PackedTexts(sources, text -> PackedTokens.of(model.tokenizer(), text), config.seed);
                AdamW optimizer = optimizer(llama, settings, execution)) {
            TrainingPhase phase = new TrainingPhase(
                    NAME, config.steps, schedule, settings.warmUp(), optimizer, StepOptions.PLAIN, execution.options());
            LossCurve losses = TrainingLoop.run(phase, new Steps(llama, texts, masking, config), run, progress);
            losses.leaveOut(
                    texts.skipped().stream().mapToLong(Skipped::count).sum(),
                    texts.skipped().stream()
                            .flatMap(skipped -> skipped.reasons().stream())
                            .toList());
            trained.run();
            return losses;
        } finally {
            llama.mergeLora();
            model.encoder().weightsChanged();
            updates.close();
        }
    }

    static AdamW optimizer(Llama llama, OptimizerSettings settings, Execution execution) {
        return new AdamW(
                ParameterGroups.of(llama.loraParameters(), settings.weightDecay()),
                settings.adamW(),
                execution.device());
    }

    private record Steps(Llama llama, PackedTexts texts, TokenMask masking, Config config) implements StepMaker {
        @Override
        public void seek(int step, String position) {
            texts.seek(position);
        }

        @Override
        public String position() {
            return texts.position();
        }

        @Override
        public long mappedBytes() {
            return llama.mappedBytes();
        }

        @Override
        public float make(TrainingLoop loop) {
            int step = loop.number();
            int rows = config.batch * config.accumulate;
            PackedTokens tokens = texts.next(step, Math.multiplyExact(rows, config.length));
            TokenMask.Masked masked = masking.of(
                    tokens,
                    config.length,
                    new CounterRandom(config.seed),
                    CounterRandom.streamOf("masks of step " + step));
            loop.batch("", rows);
            IntFunction<List<TensorData>> first = count -> inputs(masked.rows(0, count, config.length), step, 0);
            if (config.accumulate == 1) {
                return loop.run(new RowStep(
                        config.batch, 1, true, first, in -> CrossEntropy.mean(scores(in), in.get(2)), OTHERWISE));
            }
            List<List<TensorData>> parts = IntStream.range(0, config.accumulate)
                    .mapToObj(part -> part * config.batch)
                    .map(row -> inputs(masked.rows(row, row + config.batch, config.length), step, row))
                    .toList();
            int targets = Math.max(1, masked.targets().length);
            RowStep rowStep = new RowStep(
                    config.batch,
                    config.accumulate,
                    true,
                    first,
                    in -> scores(in).crossEntropy(in.get(2)).sum(),
                    OTHERWISE);
            return loop.run(rowStep, parts, 1f / targets);
        }

        private List<TensorData> inputs(TokenMask.Masked masked, int step, int firstRow) {
            List<TensorData> inputs =
                    new ArrayList<>(MntpTraining.inputs(masked, masked.ids().length / config.length, config.length));
            if (config.lora.dropout() > 0) {
                inputs.add(DroppingLoss.draw(step, firstRow));
            }
            return inputs;
        }

        private Tensor scores(List<Tensor> in) {
            return config.lora.dropout() > 0
                    ? Dropout.build(new RandomTensors(config.seed, in.getLast()), () -> MntpTraining.scores(llama, in))
                    : MntpTraining.scores(llama, in);
        }
    }

    /** Model input {@code [B, T]}, and {@code [M]} each: positions that predict, and their targets, padded with -1. */
    static List<TensorData> inputs(TokenMask.Masked masked, int rows, int length) {
        int count = masked.targets().length;
        int capacity = Math.max(1, Math.ceilDiv(count, MASKED_MULTIPLE)) * MASKED_MULTIPLE;
        int[] targets = Arrays.copyOf(masked.targets(), capacity);
        Arrays.fill(targets, count, capacity, -1);
        return List.of(
                TensorData.ofInts(Shape.of(rows, length), masked.ids()),
                TensorData.ofInts(Shape.of(capacity), Arrays.copyOf(masked.predictors(), capacity)),
                TensorData.ofInts(Shape.of(capacity), targets));
    }

    /** The loss of {@link #inputs}. */
    static Tensor loss(Llama llama, List<Tensor> in) {
        return CrossEntropy.mean(scores(llama, in), in.get(2));
    }

    /** Scores {@code [M, vocabulary]} of {@link #inputs}, of the M predicted tokens only. */
    private static Tensor scores(Llama llama, List<Tensor> in) {
        Tensor ids = in.get(0);
        Tensor states = llama.hidden(ids, PackedRows.full(ids), false)
                .reshape(ids.shape().size(), llama.config().hiddenSize())
                .gather(in.get(1));
        return llama.scores(states);
    }
}

package io.llm2clip.training;

import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.Llama;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import io.llm2clip.training.run.TrainingRun;
import java.util.ArrayList;
import java.util.List;

/**
 * Stage 1, caption-contrastive fine-tuning (spec of the reference: LoRA on all linears, bidirectional attention, mean pooling,
 * one direction, cosine times 50): any two captions of one image attract each other, captions of other images repel.
 */
public final class CaptionTraining {
    private static final String NAME = "stage 1, caption contrast";

    private final CaptionEncoder encoder;
    private final Config config;
    private final PairSampler sampler;

    /**
     * How to train.
     *
     * @param steps optimizer steps
     * @param batch pairs per step
     * @param optimizer how far a step goes; the rate falls linearly after its peak
     * @param rank of the low-rank updates
     * @param alpha their scale is {@code alpha / rank}
     * @param scale factor of the cosines
     * @param curriculum share of the steps that sees only pairs of long captions, where images have two
     * @param mixedShare share of pairs of a short and a long caption afterwards
     * @param maxLength tokens of a row; longer captions are cut on the right during training
     * @param hardNegatives whether each query also sees a caption of a random other image, as the reference does
     * @param seed of pairs and initial updates
     * @param stepOptions how steps are made
     */
    public record Config(
            int steps,
            int batch,
            OptimizerSettings optimizer,
            int rank,
            float alpha,
            float scale,
            double curriculum,
            double mixedShare,
            int maxLength,
            boolean hardNegatives,
            long seed,
            StepOptions stepOptions) {
        /** With each batch in one program. */
        public Config(
                int steps,
                int batch,
                OptimizerSettings optimizer,
                int rank,
                float alpha,
                float scale,
                double curriculum,
                double mixedShare,
                int maxLength,
                boolean hardNegatives,
                long seed) {
            this(
                    steps,
                    batch,
                    optimizer,
                    rank,
                    alpha,
                    scale,
                    curriculum,
                    mixedShare,
                    maxLength,
                    hardNegatives,
                    seed,
                    StepOptions.PLAIN);
        }

        public Config {
            optimizer.requireFewerThan(steps);
            Limit.CONTRASTIVE_BATCH.require("batch", batch);
            Limit.RANK.require("rank", rank);
            Limit.ALPHA.require("alpha", alpha);
            Limit.SCALE.require("scale", scale);
            Limit.SHARE.require("curriculum", curriculum);
            Limit.SHARE.require("mixedShare", mixedShare);
            Limit.COUNT.require("maxLength", maxLength);
        }

        /** What suits a small language model that was just trained from scratch: rate 3e-3, a short warm-up. */
        public static Config fromScratch(int steps, long seed) {
            return of(steps, new OptimizerSettings(3e-3f, Math.min(10, steps / 10), 0, clipped(1)), seed);
        }

        /**
         * The paper's optimizer, for a pretrained language model: rate 2e-4, 300 steps of warm-up (of a short training a tenth), no
         * weight decay, gradients clipped to norm 1.
         */
        public static Config pretrained(int steps, long seed) {
            return of(steps, new OptimizerSettings(2e-4f, Math.min(300, steps / 10), 0, clipped(1)), seed);
        }

        private static Config of(int steps, OptimizerSettings optimizer, long seed) {
            return new Config(steps, 32, optimizer, 16, 32, 50, 0.5, 0.3, 512, false, seed);
        }

        private static AdamW.Options clipped(float norm) {
            return AdamW.Options.DEFAULT.withClipNorm(norm);
        }
    }

    private CaptionTraining(CaptionEncoder encoder, Config config, PairSampler sampler) {
        this.encoder = encoder;
        this.config = config;
        this.sampler = sampler;
    }

    /**
     * Looks at the captions and says what will be different from what was asked for; nothing is trained yet.
     *
     * @param groups captions of one image each
     * @throws IllegalArgumentException if there are not two images with captions to pair
     */
    public static CaptionTraining prepare(
            CaptionEncoder encoder, List<List<String>> groups, Config config, Progress progress) {
        List<List<CaptionRow>> rows = groups.stream()
                .map(captions -> encoder.rows(captions, config.maxLength))
                .toList();
        PairSampler sampler = new PairSampler(rows, config.batch, config.hardNegatives, new CounterRandom(config.seed));
        remarks(sampler, groups.size(), config).forEach(progress::note);
        return new CaptionTraining(encoder, config, sampler);
    }

    private static List<String> remarks(PairSampler sampler, int images, Config config) {
        List<String> remarks = new ArrayList<>();
        if (sampler.groups() < images) {
            remarks.add(
                    "%d of %d images have no two different captions of at most %d tokens and are left out of stage 1."
                            .formatted(images - sampler.groups(), images, config.maxLength));
        }
        if (sampler.groups() < config.batch) {
            remarks.add(
                    "Batches of stage 1 have %d pairs instead of %d, because there are only %d images to learn from."
                            .formatted(sampler.groups(), config.batch, sampler.groups()));
        }
        if (sampler.detailedGroups() == 0) {
            remarks.add(
                    "All pairs of stage 1 are of a short and a long caption, because no images have two long ones.");
        } else if (sampler.mixedGroups() == 0 && config.mixedShare > 0) {
            remarks.add(
                    "All pairs of stage 1 are of captions of similar length, because no images have a short one of less"
                            + " than half the tokens.");
        } else if (Math.min(sampler.detailedGroups(), sampler.mixedGroups()) < sampler.groups()) {
            remarks.add(
                    "Of %d images %d have two long captions and %d a short and a long one; stage 1 pairs each with what it has."
                            .formatted(sampler.groups(), sampler.detailedGroups(), sampler.mixedGroups()));
        }
        if (sampler.shared() > 0) {
            remarks.add("Stage 1: captions of more than one image: %d; within a batch they are not told apart."
                    .formatted(sampler.shared()));
        }
        return remarks;
    }

    /**
     * Attaches low-rank updates, trains them, and merges them into the model, also those of a training that fails.
     *
     * @return loss of every step
     * @throws DivergedException if loss or gradients of many steps in a row are not finite
     */
    public LossCurve run(Progress progress) {
        return run(TrainingRun.NONE, progress, () -> {});
    }

    /**
     * The same.
     *
     * @param run keeps a record, and says where to begin
     * @param trained is called when all steps are done, before the updates are merged, so that they can be saved alone
     */
    public LossCurve run(TrainingRun run, Progress progress, Runnable trained) {
        OptimizerSettings settings = config.optimizer;
        Schedule schedule = new Schedule.Linear(settings.learningRate(), settings.warmUp(), config.steps);
        Llama llama = encoder.llama();
        Parameters updates = new Parameters(config.seed);
        llama.attachLora(updates, config.rank, config.alpha);
        try (AdamW optimizer = optimizer()) {
            TrainingPhase phase = new TrainingPhase(
                    NAME,
                    config.steps,
                    schedule,
                    settings.warmUp(),
                    optimizer,
                    config.stepOptions,
                    encoder.execution().options());
            LossCurve losses = TrainingLoop.run(phase, new PairSteps(), run, progress);
            trained.run();
            return losses;
        } finally {
            llama.mergeLora();
            encoder.weightsChanged();
            updates.close();
        }
    }

    private final class PairSteps implements StepMaker {
        @Override
        public void seek(int step, String position) {
            for (int i = 0; i < step; i++) {
                sampler.skip(kind(i));
            }
        }

        @Override
        public long mappedBytes() {
            return encoder.llama().parameters().stream()
                    .map(Parameter::data)
                    .filter(TensorData::isMapped)
                    .mapToLong(weights ->
                            weights.dtype().bytes((long) weights.shape().size()))
                    .sum();
        }

        @Override
        public float make(TrainingLoop loop) {
            int i = loop.number();
            PairSampler.Pairs pairs = sampler.next(i, kind(i));
            PairBatch batch = PairBatch.of(encoder, pairs, sampler.shared() > 0);
            loop.batch(pairs.kind().text(), batch.size());
            loop.among(batch.size() * (config.hardNegatives ? 2 : 1));
            return loop.run(loss(), batch, growth(batch));
        }

        /** As many captions of the greatest length are so many times as many tokens. */
        private double growth(PairBatch batch) {
            Integer chunk = config.stepOptions.chunk();
            TokenBatch tokens = batch.tokens(0, chunk == null ? batch.size() : Math.min(chunk, batch.size()));
            return (double) tokens.size() * sampler.longest() / tokens.tokens();
        }

        private PairSampler.Kind kind(int step) {
            return sampler.kind(step, config.steps, config.curriculum, config.mixedShare);
        }
    }

    /** Of the updates that are attached. */
    AdamW optimizer() {
        OptimizerSettings settings = config.optimizer;
        return new AdamW(
                ParameterGroups.of(encoder.llama().loraParameters(), settings.weightDecay()),
                settings.adamW(),
                encoder.execution().device());
    }

    /** Of batches of pairs. */
    PairLoss loss() {
        return new PairLoss(encoder, config.hardNegatives ? 3 : 2, config.scale);
    }
}

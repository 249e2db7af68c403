package io.llm2clip.training;

import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.Llama;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Stage 1, caption-contrastive fine-tuning (spec of the reference: LoRA on all linears, bidirectional attention, mean pooling,
 * one direction, cosine times 50): any two captions of one image attract each other, captions of other images repel.
 */
public final class CaptionTraining {
    /** A loss this close to that of guessing, for so many steps, means that all vectors have become equal. */
    private static final int COLLAPSE_STEPS = 20;

    private CaptionTraining() {}

    /**
     * How to train.
     *
     * @param steps optimiser steps
     * @param batch pairs a step
     * @param learningRate peak, after {@code warmup} steps; then linearly to 0
     * @param warmup steps of linear growth
     * @param rank of the low-rank updates
     * @param alpha their scale is {@code alpha / rank}
     * @param scale factor of the cosines
     * @param curriculum share of the steps that sees only pairs of detailed captions
     * @param mixedShare share of pairs of a brief and a detailed caption afterwards
     * @param maxLength tokens of a row; longer captions are cut on the right during training
     * @param hardNegatives whether each query also sees a caption of a random other image, as the reference does
     * @param seed of pairs and initial updates
     */
    public record Config(
            int steps,
            int batch,
            float learningRate,
            int warmup,
            int rank,
            float alpha,
            float scale,
            double curriculum,
            double mixedShare,
            int maxLength,
            boolean hardNegatives,
            long seed) {

        /** What suits a small language model: batches of 32, rate 3e-3, updates of rank 16, cosines times 50. */
        public static Config standard(int steps, long seed) {
            return new Config(steps, 32, 3e-3f, Math.min(10, steps / 10), 16, 32, 50, 0.5, 0.3, 512, false, seed);
        }

        /** The same with other batches, low-rank updates and contrast, on the same plan. */
        public Config with(
                int otherBatch,
                float otherRate,
                int otherLength,
                int otherRank,
                float otherAlpha,
                float otherScale,
                boolean withHardNegatives) {
            return new Config(
                    steps,
                    otherBatch,
                    otherRate,
                    warmup,
                    otherRank,
                    otherAlpha,
                    otherScale,
                    curriculum,
                    mixedShare,
                    otherLength,
                    withHardNegatives,
                    seed);
        }
    }

    /**
     * Attaches low-rank updates, trains them, and merges them into the model.
     *
     * @param groups captions of one image each
     * @return loss of every step
     */
    public static LossCurve run(CaptionEncoder encoder, List<List<String>> groups, Config config, Progress progress) {
        List<List<CaptionRow>> rows = groups.stream()
                .map(captions -> encoder.rows(captions, config.maxLength))
                .toList();
        CounterRandom random = new CounterRandom(config.seed);
        PairSampler sampler = new PairSampler(rows, config.batch, config.hardNegatives, random);
        Schedule schedule = new Schedule.Linear(config.learningRate, config.warmup, config.steps);
        Map<PairSampler.Kind, TrainStep> programs = new EnumMap<>(PairSampler.Kind.class);
        LossCurve losses = new LossCurve();
        int atChance = 0;
        Llama llama = encoder.llama();
        Parameters updates = new Parameters(config.seed);
        llama.attachLora(updates, config.rank, config.alpha);
        try (AdamW optimizer = new AdamW(
                        ParameterGroups.of(llama.loraParameters(), 0), AdamW.Options.DEFAULT.withClipNorm(1));
                Progress.Phase phase = progress.begin("stage 1, caption contrast", config.steps, "step")) {
            for (int i = 0; i < config.steps; i++) {
                PairSampler.Pairs pairs =
                        sampler.next(i, sampler.kind(i, config.steps, config.curriculum, config.mixedShare));
                List<TensorData> inputs = inputs(encoder, sampler, pairs);
                if (!programs.containsKey(pairs.kind())) {
                    phase.preparing("compiling");
                }
                TrainStep step = programs.computeIfAbsent(
                        pairs.kind(),
                        _ -> TrainStep.compile(
                                in -> loss(encoder, in, sampler.batch(), config),
                                TrainStep.inputsLike(inputs),
                                optimizer));
                float loss = step.run(inputs, schedule.at(i));
                losses.add(loss);
                losses.countFlops(step.flops());
                phase.metric("loss", loss);
                phase.advance(1);
                double chance = Math.log(sampler.batch() * (config.hardNegatives ? 2 : 1));
                atChance = i > config.warmup && Math.abs(loss - chance) < 0.01 ? atChance + 1 : 0;
                if (atChance == COLLAPSE_STEPS) {
                    progress.note(
                            "Stage 1 has not moved from the loss of guessing for " + COLLAPSE_STEPS
                                    + " steps: all vectors are equal; lower the learning rate or train the language model longer.");
                }
            }
        } finally {
            programs.values().forEach(TrainStep::close);
            llama.mergeLora();
            updates.close();
        }
        return losses;
    }

    /** Captions of equal padded length go through the model in one batch: queries, positives, negatives in this order. */
    private static List<TensorData> inputs(CaptionEncoder encoder, PairSampler sampler, PairSampler.Pairs pairs) {
        int queryLength = sampler.queryLength(pairs.kind());
        int positiveLength = sampler.positiveLength(pairs.kind());
        List<CaptionRow> first = new ArrayList<>(pairs.queries());
        List<CaptionRow> second = new ArrayList<>(pairs.positives());
        second.addAll(pairs.negatives());
        List<TensorData> inputs = new ArrayList<>();
        if (queryLength == positiveLength) {
            first.addAll(second);
            inputs.addAll(encoder.inputs(TokenBatch.of(first, encoder.padId(), queryLength)));
        } else {
            inputs.addAll(encoder.inputs(TokenBatch.of(first, encoder.padId(), queryLength)));
            inputs.addAll(encoder.inputs(TokenBatch.of(second, encoder.padId(), positiveLength)));
        }
        return inputs;
    }

    private static Tensor loss(CaptionEncoder encoder, List<Tensor> in, int batch, Config config) {
        int each = CaptionEncoder.INPUTS;
        List<Tensor> vectors = new ArrayList<>();
        for (int i = 0; i < in.size(); i += each) {
            vectors.add(encoder.pooled(in.subList(i, i + each), false));
        }
        Tensor all = Tensor.concat(0, vectors);
        @Nullable Tensor negatives = config.hardNegatives ? all.slice(0, 2 * batch, 3 * batch) : null;
        return ContrastiveLoss.oneDirection(
                all.slice(0, 0, batch), all.slice(0, batch, 2 * batch), negatives, config.scale);
    }
}

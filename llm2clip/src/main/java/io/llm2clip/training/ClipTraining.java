package io.llm2clip.training;

import io.llm2clip.image.ImageCache;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.LayerDecay;
import io.llm2clip.nn.optimizer.ParameterGroup;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;

/**
 * Stage 2, contrastive training of a vision tower with captions (symmetric loss of CLIP). The text side is an adapter over cached
 * vectors of a frozen language model (LLM2CLIP) or a text tower trained along (the CLIP baseline); everything else is the same code.
 */
public final class ClipTraining {
    /** ln 100: the reference clamps the logit scale to [0, ln 100] after every step. */
    private static final float LOGIT_SCALE_LIMIT = (float) Math.log(100);

    private ClipTraining() {}

    /**
     * How to train.
     *
     * @param steps optimiser steps
     * @param batch images a step
     * @param learningRate peak, after {@code warmup} steps; then a cosine to 0
     * @param warmup steps of linear growth
     * @param beta2 of AdamW
     * @param weightDecay of the matrices
     * @param layerDecay factor of the learning rate from each vision block to the one before; 1 for none
     * @param logitScaleRate factor of the logit scale's learning rate
     * @param clipNorm largest norm of the gradient
     * @param shift images move by up to so many pixels
     * @param seed of order, captions and shifts
     */
    public record Config(
            int steps,
            int batch,
            float learningRate,
            int warmup,
            float beta2,
            float weightDecay,
            float layerDecay,
            float logitScaleRate,
            float clipNorm,
            int shift,
            long seed) {

        /** What suits a small tower from scratch: batches of 64, rate 5e-4, images moved by up to 3 pixels. */
        public static Config standard(int steps, long seed) {
            return new Config(steps, 64, 5e-4f, Math.min(20, steps / 10), 0.98f, 0.05f, 1, 20, 1, 3, seed);
        }

        /** The same with another batch, peak rate and layer decay. */
        public Config with(int otherBatch, float otherRate, float otherDecay) {
            return new Config(
                    steps,
                    otherBatch,
                    otherRate,
                    warmup,
                    beta2,
                    weightDecay,
                    otherDecay,
                    logitScaleRate,
                    clipNorm,
                    shift,
                    seed);
        }

        /** The same with another number of steps. */
        public Config withSteps(int other) {
            return new Config(
                    other,
                    batch,
                    learningRate,
                    warmup,
                    beta2,
                    weightDecay,
                    layerDecay,
                    logitScaleRate,
                    clipNorm,
                    shift,
                    seed);
        }
    }

    /**
     * Trains the vision tower, the text side's parameters and the logit scale.
     *
     * @param images the data set's images; only usable ones are drawn
     * @return loss of every step
     */
    public static LossCurve run(
            String name,
            VisionTower vision,
            TextSide text,
            Parameter logitScale,
            ImageCache images,
            Config config,
            Progress progress) {
        int[] usable = images.usable();
        CounterRandom random = new CounterRandom(config.seed);
        EpochSampler sampler = new EpochSampler(usable.length, Math.min(config.batch, usable.length), random);
        Schedule schedule = new Schedule.Cosine(config.learningRate, config.warmup, config.steps);
        LayerDecay decay = new LayerDecay(config.layerDecay, vision.config().layers());
        List<ParameterGroup> groups =
                new ArrayList<>(ParameterGroups.of(vision.parameters(), config.weightDecay, decay::scale));
        groups.addAll(ParameterGroups.of(text.parameters(), config.weightDecay));
        groups.add(new ParameterGroup(List.of(logitScale), config.logitScaleRate, 0));
        int size = vision.config().imageSize();
        Shape pixels = Shape.of(sampler.batch(), 3, size, size);
        LossCurve losses = new LossCurve();
        try (AdamW optimizer = new AdamW(groups, new AdamW.Options(0.9f, config.beta2, 1e-8f, config.clipNorm));
                Stepper stepper = new Stepper(vision, text, logitScale, optimizer);
                Progress.Phase phase = progress.begin(name, config.steps, "step")) {
            for (int i = 0; i < config.steps; i++) {
                int[] drawn = sampler.next();
                for (int b = 0; b < drawn.length; b++) {
                    drawn[b] = usable[drawn[b]];
                }
                List<TensorData> inputs = new ArrayList<>();
                inputs.add(
                        TensorData.of(pixels, images.shiftedBatch(config.shift, config.seed * 1_000_003 + i, drawn)));
                inputs.addAll(text.batch(drawn, random, i));
                if (i == 0) {
                    phase.preparing("compiling");
                }
                float loss = stepper.run(inputs, schedule.at(i));
                float scale = logitScale.data().item();
                logitScale.data().fill(Math.clamp(scale, 0, LOGIT_SCALE_LIMIT));
                losses.add(loss);
                losses.countFlops(stepper.flops());
                phase.metric("loss", loss);
                phase.advance(1);
            }
        }
        return losses;
    }

    /** Compiles the step when the first batch says what the text side's inputs look like. */
    private static final class Stepper implements AutoCloseable {
        private final VisionTower vision;
        private final TextSide text;
        private final Parameter logitScale;
        private final AdamW optimizer;
        private @org.jspecify.annotations.Nullable TrainStep step;

        Stepper(VisionTower vision, TextSide text, Parameter logitScale, AdamW optimizer) {
            this.vision = vision;
            this.text = text;
            this.logitScale = logitScale;
            this.optimizer = optimizer;
        }

        TrainStep compile(List<TensorData> inputs) {
            if (step == null) {
                step = TrainStep.compile(this::loss, TrainStep.inputsLike(inputs), optimizer);
            }
            return step;
        }

        float run(List<TensorData> inputs, float learningRate) {
            return compile(inputs).run(inputs, learningRate);
        }

        private Tensor loss(List<Tensor> in) {
            Tensor v = vision.embed(in.getFirst());
            Tensor u = text.embed(in.subList(1, in.size()));
            return ContrastiveLoss.symmetric(v, u, logitScale.tensor());
        }

        long flops() {
            return step == null ? 0 : step.flops();
        }

        @Override
        public void close() {
            if (step != null) {
                step.close();
            }
        }
    }
}

package io.llm2clip.training;

import io.llm2clip.image.ImageCache;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Limit;
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
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
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
     * @param steps optimizer steps
     * @param batch images per step
     * @param optimizer how far a step goes; the rate falls as a cosine after its peak
     * @param layerDecay factor of the learning rate from each vision block to the one before; 1 for none
     * @param logitScaleRate factor of the logit scale's learning rate
     * @param shift images move by up to so many pixels
     * @param seed of order, captions and shifts
     */
    public record Config(
            int steps,
            int batch,
            OptimizerSettings optimizer,
            float layerDecay,
            float logitScaleRate,
            int shift,
            long seed) {
        public Config {
            optimizer.requireFewerThan(steps);
            Limit.CONTRASTIVE_BATCH.require("batch", batch);
            Limit.REDUCTION.require("layerDecay", layerDecay);
            Limit.SCALE.require("logitScaleRate", logitScaleRate);
            Limit.COUNT_OR_NONE.require("shift", shift);
        }

        /** What suits a small tower from scratch: rate 5e-4, no layer decay, gradients clipped to norm 1. */
        public static Config fromScratch(int steps, long seed) {
            return miniature(steps, 5e-4f, Math.min(20, steps / 10), seed);
        }

        /** The same with another rate and warm-up. */
        public static Config miniature(int steps, float learningRate, int warmUp, long seed) {
            AdamW.Options adamW = new AdamW.Options(0.9f, 0.98f, 1e-8f, 1);
            return new Config(steps, 64, new OptimizerSettings(learningRate, warmUp, 0.05f, adamW), 1, 20, 3, seed);
        }

        /**
         * The reference's optimizer, for a pretrained tower: rate 1e-5 for everything, no warm-up, layer decay 0.85, weight decay
         * 0.05, gradients clipped to norm 5.
         */
        public static Config pretrained(int steps, long seed) {
            AdamW.Options adamW = AdamW.Options.DEFAULT.withClipNorm(5);
            return new Config(steps, 64, new OptimizerSettings(1e-5f, 0, 0.05f, adamW), 0.85f, 1, 3, seed);
        }

        /** The same with another number of steps. */
        public Config withSteps(int other) {
            return new Config(other, batch, optimizer, layerDecay, logitScaleRate, shift, seed);
        }
    }

    /**
     * Trains the vision tower, the text side's parameters and the logit scale.
     *
     * @param images the data set's images; only usable ones are drawn
     * @param execution where and how to compute
     * @return loss of every step
     * @throws IllegalArgumentException if there are not two usable images
     * @throws DivergedException if loss or gradients of many steps in a row are not finite
     */
    public static LossCurve run(
            String name,
            VisionTower vision,
            TextSide text,
            Parameter logitScale,
            ImageCache images,
            Config config,
            Execution execution,
            Progress progress) {
        int[] usable = images.usable();
        int batch = Math.min(config.batch, usable.length);
        Limit.CONTRASTIVE_BATCH.require("The number of usable images", batch);
        EqualItems copies = EqualItems.of(
                Arrays.stream(usable).mapToObj(i -> List.of(images.read(i))).toList());
        boolean masked = text.shared() > 0 || copies.shared() > 0;
        remarks(name, text, copies, batch, config).forEach(progress::note);
        CounterRandom random = new CounterRandom(config.seed);
        EpochSampler sampler = new EpochSampler(usable.length, batch, random);
        OptimizerSettings settings = config.optimizer;
        Schedule schedule = new Schedule.Cosine(settings.learningRate(), settings.warmUp(), config.steps);
        VisionInputs visionInputs = new VisionInputs(vision.config(), images.preprocessing(), Arena.ofAuto());
        try (AdamW optimizer =
                new AdamW(groups(vision, text, logitScale, config), settings.adamW(), execution.device())) {
            return TrainingLoop.run(
                    name, config.steps, schedule, settings.warmUp(), optimizer, execution.options(), progress, loop -> {
                        int i = loop.number();
                        int[] places = sampler.next();
                        int[] drawn = Arrays.stream(places)
                                .map(place -> usable[place])
                                .toArray();
                        TextSide.Captions captions = text.batch(drawn, random, i);
                        List<TensorData> inputs = new ArrayList<>(visionInputs.of(images.select(drawn)
                                .shifted(config.shift, config.seed * 1_000_003 + i)
                                .readAll()));
                        int split = inputs.size();
                        inputs.addAll(captions.inputs());
                        if (masked) {
                            inputs.add(mask(captions, copies, places));
                        }
                        loop.among(batch);
                        TrainStep step = loop.program(inputs, in -> loss(vision, text, logitScale, split, masked, in));
                        float loss = loop.run(step, inputs);
                        float scale = logitScale.data().item();
                        logitScale.data().fill(Math.clamp(scale, 0, LOGIT_SCALE_LIMIT));
                        return loss;
                    });
        }
    }

    /** Who has caption or picture in common with another pair is no negative of it. */
    private static TensorData mask(TextSide.Captions captions, EqualItems copies, int... places) {
        int[][] keys = new int[places.length][];
        for (int b = 0; b < keys.length; b++) {
            // Numbers from 0 are captions, those below are pictures.
            keys[b] = new int[] {captions.numbers()[b], ~copies.number(places[b], 0)};
        }
        return EqualItems.mask(keys, keys);
    }

    private static List<String> remarks(String name, TextSide text, EqualItems copies, int batch, Config config) {
        List<String> remarks = new ArrayList<>();
        if (batch < config.batch) {
            remarks.add("%s: batches have %d images instead of %d, because there are no more to learn from."
                    .formatted(name, batch, config.batch));
        }
        if (copies.shared() > 0) {
            remarks.add("%s: pictures that are there more than once: %d; within a batch they are not told apart."
                    .formatted(name, copies.shared()));
        }
        if (text.shared() > 0) {
            remarks.add("%s: captions of more than one image: %d; within a batch they are not told apart."
                    .formatted(name, text.shared()));
        }
        return remarks;
    }

    /** What the optimizer trains, and how far. */
    static List<ParameterGroup> groups(VisionTower vision, TextSide text, Parameter logitScale, Config config) {
        float weightDecay = config.optimizer.weightDecay();
        LayerDecay decay = new LayerDecay(config.layerDecay, vision.config().layers());
        List<ParameterGroup> groups =
                new ArrayList<>(ParameterGroups.of(vision.parameters(), weightDecay, decay::scale));
        groups.addAll(ParameterGroups.of(text.parameters(), weightDecay));
        groups.add(new ParameterGroup(List.of(logitScale), config.logitScaleRate, 0));
        return groups;
    }

    /** Of what the vision tower reads, which are {@code split} inputs, what the text side reads, and the mask if there is one. */
    static Tensor loss(
            VisionTower vision, TextSide text, Parameter logitScale, int split, boolean masked, List<Tensor> in) {
        Tensor v = vision.embed(in.subList(0, split));
        Tensor u = text.embed(in.subList(split, masked ? in.size() - 1 : in.size()));
        return ContrastiveLoss.symmetric(v, u, logitScale.tensor(), masked ? in.getLast() : null);
    }
}

package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.model.Logits;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.LayerDecay;
import io.llm2clip.nn.optimizer.ParameterGroup;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.TrainingRun;
import java.util.ArrayList;
import java.util.List;

/**
 * Stage 2, contrastive training of a vision tower with captions. The text side is an adapter over vectors
 * of a language model (LLM2CLIP), a text tower trained along (the CLIP baseline), or both; everything else is the same code.
 */
public final class ClipTraining {
    /** Of fewer examples none can be mistaken for another. */
    private static final int LEAST = 2;

    private ClipTraining() {}

    /**
     * How to train.
     *
     * @param steps optimizer steps
     * @param batch images per step
     * @param optimizer how far a step goes; the rate falls as a cosine after its peak
     * @param layerDecay factor of the learning rate from each vision block to the one before; 1 for none
     * @param logitScaleRate factor of the learning rate of logit scale and bias
     * @param shift images move by up to so many pixels
     * @param seed of order, captions and shifts
     * @param stepOptions how steps are made
     * @param rules which parameters are trained otherwise
     * @param loss which, and where it begins
     * @param vision how the vision tower is trained
     * @param locks sides that are not trained
     */
    public record Config(
            int steps,
            int batch,
            OptimizerSettings optimizer,
            float layerDecay,
            float logitScaleRate,
            int shift,
            long seed,
            StepOptions stepOptions,
            ParameterRules rules,
            ClipLossSettings loss,
            VisionTraining vision,
            Locks locks) {
        /** By how many pixels images from scratch are moved. */
        public static final int SHIFT = 3;

        /** With the reference's loss, and all parameters trained that the rules do not name. */
        public Config(
                int steps,
                int batch,
                OptimizerSettings optimizer,
                float layerDecay,
                float logitScaleRate,
                int shift,
                long seed,
                StepOptions stepOptions,
                ParameterRules rules) {
            this(
                    steps,
                    batch,
                    optimizer,
                    layerDecay,
                    logitScaleRate,
                    shift,
                    seed,
                    stepOptions,
                    rules,
                    ClipLossSettings.DEFAULT,
                    VisionTraining.WHOLE,
                    Locks.NONE);
        }

        /** With each batch in one program, and all parameters trained. */
        public Config(
                int steps,
                int batch,
                OptimizerSettings optimizer,
                float layerDecay,
                float logitScaleRate,
                int shift,
                long seed) {
            this(
                    steps,
                    batch,
                    optimizer,
                    layerDecay,
                    logitScaleRate,
                    shift,
                    seed,
                    StepOptions.PLAIN,
                    ParameterRules.NONE);
        }

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
            return new Config(steps, 64, new OptimizerSettings(learningRate, warmUp, 0.05f, adamW), 1, 20, SHIFT, seed);
        }

        /**
         * The reference's optimizer, for a pretrained tower: rate 1e-5 for everything, no warm-up, layer decay 0.85, weight decay
         * 0.05, gradients clipped to norm 5. Images are not moved: {@link ClipDataChoices#PRETRAINED} crops them.
         */
        public static Config pretrained(int steps, long seed) {
            AdamW.Options adamW = AdamW.Options.DEFAULT.withClipNorm(5);
            return new Config(steps, 64, new OptimizerSettings(1e-5f, 0, 0.05f, adamW), 0.85f, 1, 0, seed);
        }

        /** The same with another number of steps. */
        public Config withSteps(int other) {
            return new Config(
                    other,
                    batch,
                    optimizer,
                    layerDecay,
                    logitScaleRate,
                    shift,
                    seed,
                    stepOptions,
                    rules,
                    loss,
                    vision,
                    locks);
        }

        /** The same with another loss. */
        public Config with(ClipLossSettings other) {
            return new Config(
                    steps,
                    batch,
                    optimizer,
                    layerDecay,
                    logitScaleRate,
                    shift,
                    seed,
                    stepOptions,
                    rules,
                    other,
                    vision,
                    locks);
        }

        /** The same with sides trained otherwise. */
        public Config with(VisionTraining tower, Locks sides) {
            return new Config(
                    steps,
                    batch,
                    optimizer,
                    layerDecay,
                    logitScaleRate,
                    shift,
                    seed,
                    stepOptions,
                    rules,
                    loss,
                    tower,
                    sides);
        }
    }

    /**
     * Trains the vision tower, the text side's parameters, logit scale and bias. Low-rank updates of the tower are merged into it.
     *
     * @param logits with a bias for the sigmoid loss, without for the symmetric one
     * @param images what is learned from; what cannot be used is left out and told
     * @param execution where and how to compute
     * @param run keeps a record, and says where to begin
     * @return loss of every step
     * @throws IllegalArgumentException if there are not two usable images
     * @throws io.llm2clip.data.InputException if most cannot be used
     * @throws DivergedException if loss or gradients of many steps in a row are not finite
     */
    public static <C> LossCurve run(
            String name,
            VisionTower vision,
            TextSide<C> text,
            Logits logits,
            ImageMix images,
            Config config,
            Execution execution,
            TrainingRun run,
            Progress progress) {
        try (VisionSide side = new VisionSide(vision, config.vision, config.seed)) {
            return run(name, side, text, Contrast.alone(text, logits), images, config, execution, run, progress);
        }
    }

    /**
     * The same, which leaves updates as they are.
     *
     * @param contrasts of images and of what the text side embeds
     */
    static <C> LossCurve run(
            String name,
            VisionSide vision,
            TextSide<C> text,
            List<Contrast> contrasts,
            ImageMix images,
            Config config,
            Execution execution,
            TrainingRun run,
            Progress progress) {
        int batch = batch(images, config);
        if (batch < config.batch) {
            progress.note("%s: batches have %d images instead of %d, because there are no more to learn from."
                    .formatted(name, batch, config.batch));
        }
        OptimizerSettings settings = config.optimizer;
        Schedule schedule = new Schedule.Cosine(settings.learningRate(), settings.warmUp(), config.steps);
        try (ClipSteps<C> steps = new ClipSteps<>(name, vision, text, contrasts, images, batch, config, progress);
                AdamW optimizer = new AdamW(
                        groups(vision, text.parameters(), contrasts, config), settings.adamW(), execution.device())) {
            TrainingPhase phase = new TrainingPhase(
                    name,
                    config.steps,
                    schedule,
                    settings.warmUp(),
                    optimizer,
                    config.stepOptions,
                    execution.options());
            LossCurve losses = TrainingLoop.run(phase, steps, run, progress);
            losses.leaveOut(steps.drawn().skipped(), steps.drawn().reasons());
            return losses;
        }
    }

    /** As many images as were asked for, or all that can be used. */
    private static int batch(ImageMix images, Config config) {
        int usable = images.largestBatch(config.batch);
        if (usable < LEAST) {
            throw new InputException("%s: expected at least %d images that can be used, found %d%s"
                    .formatted(
                            images.name(),
                            LEAST,
                            usable,
                            images.firstFault()
                                    .map(reason -> "; the first of the others cannot because: " + reason)
                                    .orElse(".")));
        }
        return usable;
    }

    /**
     * What the optimizer trains, and how far.
     *
     * @param text parameters of the text side
     * @throws IllegalArgumentException if rules are of other parameters, or locks of more blocks than there are
     */
    static List<ParameterGroup> groups(
            VisionSide vision, List<Parameter> text, List<Contrast> contrasts, Config config) {
        ParameterRules rules = config.rules;
        List<Parameter> logits = contrasts.stream()
                .flatMap(contrast -> contrast.logits().parameters().stream())
                .toList();
        List<Parameter> all = new ArrayList<>(vision.parameters());
        all.addAll(text);
        all.addAll(logits);
        rules.require(all);
        float weightDecay = config.optimizer.weightDecay();
        LayerDecay decay =
                new LayerDecay(config.layerDecay, vision.tower().config().layers());
        List<ParameterGroup> groups = new ArrayList<>(ParameterGroups.of(
                rules.trained(config.locks.images(vision.parameters())),
                weightDecay,
                name -> decay.scale(name) * rules.rate(name)));
        groups.addAll(ParameterGroups.of(rules.trained(config.locks.texts(text)), weightDecay, rules::rate));
        groups.addAll(ParameterGroups.of(rules.trained(logits), 0, name -> config.logitScaleRate * rules.rate(name)));
        return groups;
    }
}

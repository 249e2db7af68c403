package io.llm2clip.training;

import io.llm2clip.image.ImageCache;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.run.Metric;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The steps of stage 2: a batch of images, a caption of each, and the symmetric loss of both. */
final class ClipSteps implements StepMaker {
    /** ln 100: the reference clamps the logit scale to [0, ln 100] after every step. */
    private static final float LOGIT_SCALE_LIMIT = (float) Math.log(100);

    private final VisionTower vision;
    private final TextSide text;
    private final Parameter logitScale;
    private final ImageCache images;
    private final ClipTraining.Config config;
    private final int[] usable;
    private final EqualItems copies;
    private final boolean masked;
    private final CounterRandom random;
    private final EpochSampler sampler;
    private final VisionInputs visionInputs;

    /** @throws IllegalArgumentException if there are not two usable images */
    ClipSteps(VisionTower vision, TextSide text, Parameter logitScale, ImageCache images, ClipTraining.Config config) {
        this.vision = vision;
        this.text = text;
        this.logitScale = logitScale;
        this.images = images;
        this.config = config;
        this.usable = images.usable();
        int batch = Math.min(config.batch(), usable.length);
        Limit.CONTRASTIVE_BATCH.require("The number of usable images", batch);
        this.copies = EqualItems.of(
                Arrays.stream(usable).mapToObj(i -> List.of(images.read(i))).toList());
        this.masked = text.shared() > 0 || copies.shared() > 0;
        this.random = new CounterRandom(config.seed());
        this.sampler = new EpochSampler(usable.length, batch, random);
        this.visionInputs = new VisionInputs(vision.config(), images.preprocessing(), Arena.ofAuto());
    }

    /** Images per step: as many as were asked for, or all. */
    int batch() {
        return sampler.batch();
    }

    /** How many pictures are there more than once. */
    int copies() {
        return copies.shared();
    }

    @Override
    public void seek(int step) {
        sampler.skip(step);
    }

    @Override
    public float make(TrainingLoop loop) {
        int i = loop.number();
        int[] places = sampler.next();
        int[] drawn = Arrays.stream(places).map(place -> usable[place]).toArray();
        TextSide.Captions captions = text.batch(drawn, random, i);
        List<TensorData> inputs = new ArrayList<>(visionInputs.of(images.select(drawn)
                .shifted(config.shift(), config.seed() * 1_000_003 + i)
                .readAll()));
        int split = inputs.size();
        inputs.addAll(captions.inputs());
        if (masked) {
            inputs.add(mask(captions, copies, places));
        }
        loop.batch("", drawn.length);
        loop.among(drawn.length);
        TrainStep step = loop.program(inputs, in -> loss(vision, text, logitScale, split, masked, in));
        float loss = loop.run(step, inputs);
        float scale = Math.clamp(logitScale.data().item(), 0, LOGIT_SCALE_LIMIT);
        logitScale.data().fill(scale);
        loop.metric(Metric.LOGIT_SCALE, Math.exp(scale));
        return loss;
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

    /** Of what the vision tower reads, which are {@code split} inputs, what the text side reads, and the mask if there is one. */
    static Tensor loss(
            VisionTower vision, TextSide text, Parameter logitScale, int split, boolean masked, List<Tensor> in) {
        Tensor v = vision.embed(in.subList(0, split));
        Tensor u = text.embed(in.subList(split, masked ? in.size() - 1 : in.size()));
        return ContrastiveLoss.symmetric(v, u, logitScale.tensor(), masked ? in.getLast() : null);
    }
}

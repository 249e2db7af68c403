package io.llm2clip.training;

import io.llm2clip.dataset.ExampleStream;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.dataset.MixStream;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.Logits;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.run.Metric;
import java.lang.foreign.Arena;
import java.util.List;

/** The steps of stage 2: a batch of images, a caption of each, and the loss of both. */
final class ClipSteps<C> implements StepMaker, AutoCloseable {
    /** The reference clamps the logarithm of the scale to [0, ln 100] after every step; SigLIP's training does not. */
    static final float LARGEST_SCALE = 100;

    private static final float LOGIT_SCALE_LIMIT = (float) Math.log(LARGEST_SCALE);

    private final String name;
    private final VisionSide vision;
    private final boolean drops;
    private final EmbeddingLoss contrast;
    private final TextSide<C> text;
    private final List<Logits> logits;
    private final ImageMix images;
    private final int batch;
    private final ClipTraining.Config config;
    private final Progress progress;
    private final CounterRandom random;
    private final VisionInputs visionInputs;
    private MixStream<C> stream;
    private boolean equalCaptionsTold;
    private boolean equalPicturesTold;

    /** @param batch images per step, at most as many as there are */
    ClipSteps(
            String name,
            VisionSide vision,
            TextSide<C> text,
            List<Contrast> contrasts,
            ImageMix images,
            int batch,
            ClipTraining.Config config,
            Progress progress) {
        this.name = name;
        ClipLoss loss = new ClipLoss(vision.tower(), vision.training().patches(), text, contrasts);
        this.vision = vision;
        this.drops = vision.drops() || text.drops();
        this.contrast = drops ? new DroppingLoss(loss, config.seed()) : loss;
        this.text = text;
        this.logits = contrasts.stream().map(Contrast::logits).toList();
        this.images = images;
        this.batch = batch;
        this.config = config;
        this.progress = progress;
        this.random = new CounterRandom(config.seed());
        this.visionInputs = new VisionInputs(vision.tower().config(), images.preprocessing(), Arena.ofAuto());
        this.stream = images.stream(batch, config.seed(), "", text::prepare);
    }

    /** What could not be used so far. */
    MixStream<C> drawn() {
        return stream;
    }

    @Override
    public void seek(int step, String data) {
        stream.close();
        stream = images.stream(batch, config.seed(), data, text::prepare);
    }

    @Override
    public String position() {
        return stream.position();
    }

    /** While a step is made with a batch of pictures, the next one of each source is read; a part of it at a time becomes numbers. */
    @Override
    public long dataBytes() {
        VisionConfig tower = vision.tower().config();
        long pictures = (1L + images.sources().size()) * batch * 3 * tower.largestImage();
        int part = config.stepOptions().part(batch);
        return pictures + VisionInputs.bytes(tower, part) + text.dataBytes(batch, part);
    }

    @Override
    public long mappedBytes() {
        return text.mappedBytes();
    }

    @Override
    public float make(TrainingLoop loop) {
        int i = loop.number();
        MixStream.Batch<C> drawn = stream.next(i);
        List<RgbImage> pictures =
                drawn.examples().stream().map(ExampleStream.Loaded::image).toList();
        TextSide.Captions captions = text.batch(
                drawn.examples().stream().map(ExampleStream.Loaded::prepared).toList(), random, i);
        int[] copies = EqualItems.numbers(pictures);
        boolean masked = tell(captions.numbers(), copies) && !images.equalAsNegatives();
        ClipBatch pairs = new ClipBatch(
                ImageSource.ofSized(pictures, images.preprocessing())
                        .shifted(config.shift(), config.seed() * 1_000_003 + i),
                visionInputs,
                vision.training().patches().at(config.seed(), i),
                captions,
                masked ? List.of(mask(captions.numbers(), copies)) : List.of());
        loop.batch(images.sources().size() == 1 ? "" : drawn.source(), batch);
        if (logits.stream().allMatch(each -> each.bias().isEmpty())) {
            // Of sigmoids the loss of guessing depends on scale and bias.
            loop.among(batch);
        }
        float loss = loop.run(contrast, drops ? new DroppingLoss.Batch(pairs, i) : pairs, captions.growth());
        logits.stream().filter(each -> each.bias().isEmpty()).forEach(each -> {
            TensorData scale = each.scale().data();
            scale.fill(Math.clamp(scale.item(), 0, LOGIT_SCALE_LIMIT));
        });
        Logits.Values values = logits.getFirst().values();
        loop.metric(Metric.LOGIT_SCALE, values.factor());
        values.bias().ifPresent(bias -> loop.metric(Metric.LOGIT_BIAS, bias));
        return loss;
    }

    /** Says, once, that a batch has equal pairs, and whether this one has. */
    private boolean tell(int[] captions, int... pictures) {
        boolean equalCaptions = EqualItems.anyEqual(captions);
        boolean equalPictures = EqualItems.anyEqual(pictures);
        if (equalCaptions && !equalCaptionsTold) {
            equalCaptionsTold = true;
            progress.note("%s: images of a batch have a caption in common; %s.".formatted(name, treatment("they are")));
        }
        if (equalPictures && !equalPicturesTold) {
            equalPicturesTold = true;
            progress.note("%s: a batch has a picture more than once; %s.".formatted(name, treatment("it is")));
        }
        return equalCaptions || equalPictures;
    }

    private String treatment(String subject) {
        return images.equalAsNegatives()
                ? subject + " negatives all the same, as asked for"
                : subject + (subject.equals("it is") ? " not told apart from itself" : " not told apart");
    }

    /** Who has caption or picture in common with another pair is no negative of it. */
    private static TensorData mask(int[] captions, int... pictures) {
        int[][] keys = new int[captions.length][];
        for (int b = 0; b < keys.length; b++) {
            // Numbers from 0 are captions, those below are pictures.
            keys[b] = new int[] {captions[b], ~pictures[b]};
        }
        return EqualItems.mask(keys, keys);
    }

    @Override
    public void close() {
        stream.close();
    }
}

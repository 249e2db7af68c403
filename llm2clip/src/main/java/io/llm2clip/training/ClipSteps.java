package io.llm2clip.training;

import io.llm2clip.dataset.ExampleStream;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.dataset.MixStream;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.run.Metric;
import java.lang.foreign.Arena;
import java.util.List;

/** The steps of stage 2: a batch of images, a caption of each, and the symmetric loss of both. */
final class ClipSteps<C> implements StepMaker, AutoCloseable {
    /** ln 100: the reference clamps the logit scale to [0, ln 100] after every step. */
    private static final float LOGIT_SCALE_LIMIT = (float) Math.log(100);

    private final String name;
    private final ClipLoss contrast;
    private final TextSide<C> text;
    private final Parameter logitScale;
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
            VisionTower vision,
            TextSide<C> text,
            Parameter logitScale,
            ImageMix images,
            int batch,
            ClipTraining.Config config,
            Progress progress) {
        this.name = name;
        this.contrast = new ClipLoss(vision, text, logitScale);
        this.text = text;
        this.logitScale = logitScale;
        this.images = images;
        this.batch = batch;
        this.config = config;
        this.progress = progress;
        this.random = new CounterRandom(config.seed());
        this.visionInputs = new VisionInputs(vision.config(), images.preprocessing(), Arena.ofAuto());
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

    /** While a step is made with a batch of pictures, the next one of each source is read. */
    @Override
    public long dataBytes() {
        return (1L + images.sources().size())
                * batch
                * 3
                * contrast.vision().config().largestImage();
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
                captions,
                masked ? List.of(mask(captions.numbers(), copies)) : List.of());
        loop.batch(images.sources().size() == 1 ? "" : drawn.source(), batch);
        loop.among(batch);
        float loss = loop.run(contrast, pairs, 1);
        float scale = Math.clamp(logitScale.data().item(), 0, LOGIT_SCALE_LIMIT);
        logitScale.data().fill(scale);
        loop.metric(Metric.LOGIT_SCALE, Math.exp(scale));
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

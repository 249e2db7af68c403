package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.dataset.Example;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.dataset.MemoryExamples;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.PatchLimits;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RandomCrop;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.Logits;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.training.pair.Pairing;
import io.llm2clip.training.run.TrainingRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ClipTrainingTest {
    private static final int IMAGES = 8;
    private static final VisionConfig VISION = new VisionConfig(
            VisionConfig.Architecture.CLIP, 16, 8, 16, 32, 1, 2, 4, Activation.GELU, VisionConfig.Pooling.MEAN, 1e-5f);

    private final Notes progress = new Notes();
    private final List<String> notes = progress.sentences();
    private long memoryBefore;
    private Parameters parameters;
    private VisionTower vision;
    private Linear adapter;
    private Logits logits;

    @BeforeEach
    void create() {
        memoryBefore = EngineMemory.liveBytes();
        parameters = new Parameters(3);
        vision = VisionTower.create(parameters, VISION);
        adapter = Linear.create(parameters.root().scope("adapter"), 5, 4, false, Initializer.fanInNormal());
        logits = Logits.softmax(parameters);
    }

    @AfterEach
    void free() {
        parameters.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(memoryBefore);
    }

    private RandomCaptions captions() {
        return new RandomCaptions(adapter);
    }

    /** Notes what the parameters are before each step. */
    private RandomCaptions captions(List<String> digests) {
        return captions().before(_ -> digests.add(parameters.digest()));
    }

    private static ImageMix images() {
        return of(pictures(), Preprocessing.miniature(16));
    }

    private static ImageMix of(List<RgbImage> pictures, Preprocessing preprocessing) {
        return ImageMix.of(new ImageExamples(new MemoryExamples(pictures), ImageReader.DEFAULT, preprocessing));
    }

    private static List<RgbImage> pictures() {
        List<RgbImage> images = new ArrayList<>();
        for (int i = 0; i < IMAGES; i++) {
            byte[] pixels = new byte[3 * 16 * 16];
            new Random(i).nextBytes(pixels);
            images.add(new RgbImage(16, 16, pixels));
        }
        return images;
    }

    /** A tower for images in their own proportions, of which each batch has others. */
    @Test
    void imagesOfDifferentShapesAreLearnedFrom() {
        parameters.close();
        parameters = new Parameters(3);
        logits = Logits.softmax(parameters);
        vision = VisionTower.create(parameters, VisionConfig.naFlex(3, 4, 16, 32, 1, 2, Activation.GELU_TANH));
        adapter = Linear.create(parameters.root().scope("wide"), 5, 16, false, Initializer.fanInNormal());
        List<RgbImage> pictures = new ArrayList<>();
        for (int i = 0; i < IMAGES; i++) {
            byte[] pixels = new byte[3 * (4 + 5 * i) * 20];
            new Random(i).nextBytes(pixels);
            pictures.add(new RgbImage(4 + 5 * i, 20, pixels));
        }
        Preprocessing preprocessing = Preprocessing.naFlex(4, PatchLimits.of(12));
        assertThat(preprocessing.resized(pictures.get(0)).width())
                .isNotEqualTo(preprocessing.resized(pictures.get(7)).width());
        float[] positions = vision.positions().data().toFloats();
        float[] probe = parameters.get("vision_model.head.probe").data().toFloats();
        LossCurve losses = ClipTraining.run(
                "stage 2",
                vision,
                captions(),
                logits,
                of(pictures, preprocessing),
                config(40, 4, 1e-2f),
                Execution.cpu(),
                TrainingRun.NONE,
                progress);
        assertThat(losses.skipped()).isZero();
        assertThat(losses.losses().getFirst()).isGreaterThan(1);
        assertThat(losses.losses().getLast()).isLessThan(0.5f);
        assertThat(vision.positions().data().toFloats()).isNotEqualTo(positions);
        assertThat(parameters.get("vision_model.head.probe").data().toFloats()).isNotEqualTo(probe);
    }

    private static ClipTraining.Config config(int steps, int batch, float rate) {
        OptimizerSettings optimizer = new OptimizerSettings(rate, 1, 0.05f, AdamW.Options.DEFAULT.withClipNorm(1));
        return new ClipTraining.Config(steps, batch, optimizer, 1, 1, 0, 7);
    }

    private LossCurve run(TextSide<?> text, ClipTraining.Config config) {
        return ClipTraining.run(
                "stage 2", vision, text, logits, images(), config, Execution.cpu(), TrainingRun.NONE, progress);
    }

    @Test
    void stepsThatAreNotFiniteAreSkippedCountedAndTold() {
        List<String> digests = new ArrayList<>();
        RandomCaptions text = captions(digests).broken(step -> step == 2 || step == 5);
        LossCurve losses = run(text, config(8, 4, 1e-3f));
        assertThat(losses.skipped()).isEqualTo(2);
        assertThat(losses.losses())
                .hasSize(6)
                .allSatisfy(loss -> assertThat(loss).isFinite());
        // As they were before the step, and after it.
        assertThat(digests.get(3)).isEqualTo(digests.get(2)).isNotEqualTo(digests.get(1));
        assertThat(notes)
                .contains(
                        "stage 2: step 3 of 8 was skipped because the loss is not finite.",
                        "stage 2: step 6 of 8 was skipped because the loss is not finite; 2 so far.",
                        "stage 2: 2 of 8 steps were skipped because loss or gradients were not finite.");
    }

    @Test
    void tenInARowEndTheTrainingWithTheModelOfBefore() {
        List<String> digests = new ArrayList<>();
        RandomCaptions text = captions(digests).broken(step -> step >= 3);
        assertThatThrownBy(() -> run(text, config(40, 4, 1e-3f)))
                .isInstanceOf(DivergedException.class)
                .hasMessage(
                        "stage 2 was ended at step 13 of 40, because 10 steps in a row were not finite (now the loss);"
                                + " lower the learning rate or check the data.");
        // Kept at the first step.
        assertThat(parameters.digest()).isEqualTo(digests.get(0)).isNotEqualTo(digests.get(3));
        List<String> laterDigests = new ArrayList<>();
        RandomCaptions later = captions(laterDigests).broken(step -> step >= 13);
        assertThatThrownBy(() -> run(later, config(40, 4, 1e-3f)))
                .isInstanceOfSatisfying(
                        DivergedException.class, e -> assertThat(e.steps()).isEqualTo(10));
        assertThat(parameters.digest())
                .isEqualTo(laterDigests.get(10))
                .isNotEqualTo(laterDigests.get(9))
                .isNotEqualTo(laterDigests.get(11));
        // Nine in a row are survived.
        assertThat(run(captions().broken(step -> step % 10 != 9), config(20, 4, 1e-3f))
                        .skipped())
                .isEqualTo(18);
        assertThatThrownBy(() -> run(captions().broken(_ -> true), config(20, 4, 1e-3f)))
                .hasMessageContaining(
                        "(now the loss); not one before them was; check the model it started from and the data.");
    }

    @Test
    void aBatchOverTheDataIsLoweredAloud() {
        run(captions(), config(2, 64, 1e-3f));
        assertThat(notes)
                .contains("stage 2: batches have 8 images instead of 64, because there are no more to learn from.");
        assertThatThrownBy(() -> ClipTraining.run(
                        "stage 2",
                        vision,
                        captions(),
                        logits,
                        of(pictures().subList(0, 1), Preprocessing.miniature(16)),
                        config(2, 64, 1e-3f),
                        Execution.cpu(),
                        TrainingRun.NONE,
                        progress))
                .isInstanceOf(InputException.class)
                .hasMessage("memory: expected at least 2 images that can be used, found 1.");
    }

    @Test
    void aLossThatDoesNotLeaveThatOfGuessingIsTold() {
        // One caption for all images, under numbers of their own.
        run(captions().equal(), config(80, 4, 1e-2f));
        assertThat(notes)
                .anyMatch(note -> note.startsWith("stage 2: the loss ended at 1.3")
                        && note.contains("that of guessing among 4 is 1.39: nothing was learned to tell apart"));
        notes.clear();
        LossCurve learned = run(captions(), config(80, 4, 1e-2f));
        assertThat(learned.last()).isLessThan(1);
        assertThat(notes).isEmpty();
    }

    @Test
    void equalCaptionsOfABatchAreNoNegatives() {
        // All eight images have one caption: nothing is left to tell apart, so the loss is 0.
        LossCurve losses = run(captions().shared(IMAGES), config(3, 4, 1e-3f));
        assertThat(losses.losses()).allSatisfy(loss -> assertThat(loss).isZero());
        assertThat(notes)
                .first()
                .isEqualTo("stage 2: images of a batch have a caption in common; they are not told apart.");
        LossCurve some = run(captions().shared(2), config(3, 8, 1e-3f));
        LossCurve none = run(captions(), config(3, 8, 1e-3f));
        assertThat(some.losses().getFirst())
                .isPositive()
                .isNotEqualTo(none.losses().getFirst());
    }

    @Test
    void aPictureThatIsThereTwiceIsNoNegativeOfItself() {
        List<RgbImage> twice = IntStream.range(0, 4)
                .mapToObj(i -> new RgbImage(16, 16, new byte[3 * 16 * 16]))
                .toList();
        LossCurve losses = ClipTraining.run(
                "stage 2",
                vision,
                captions(),
                logits,
                of(twice, Preprocessing.miniature(16)),
                config(3, 4, 1e-3f),
                Execution.cpu(),
                TrainingRun.NONE,
                progress);
        assertThat(losses.losses()).allSatisfy(loss -> assertThat(loss).isZero());
        assertThat(notes).contains("stage 2: a batch has a picture more than once; it is not told apart from itself.");
    }

    /** Captions of other texts may have the vectors of one: what a text encoder cuts off makes no difference to it. */
    @Test
    void cachedVectorsAreComparedByContent() {
        Map<String, float[]> vectorOf = Map.of(
                "a", new float[] {1, 2}, "b", new float[] {3, 4}, "b and more", new float[] {3, 4}, "c", new float[] {
                    5, 6
                });
        VectorLookup vectors = new VectorLookup() {
            @Override
            public int size() {
                return 2;
            }

            @Override
            public Found of(List<String> captions) {
                return Found.of(
                        FloatMatrix.of(captions.stream().map(vectorOf::get).toArray(float[][]::new)));
            }
        };
        try (Parameters own = new Parameters(1)) {
            var text = new CachedTextSide(
                    TextAdapter.create(own, new TextAdapter.Config(2, 4, true)), vectors, _ -> CaptionKinds.of(2, 9));
            List<CachedTextSide.Candidates> images = Stream.of(
                            List.of("a", "b"), List.of("b and more", "c"), List.of("c", "a"))
                    .map(captions -> text.prepare(new Example(
                            "key",
                            "shard",
                            Optional.empty(),
                            captions.stream()
                                    .map(caption -> new Example.Caption("caption", caption))
                                    .toList())))
                    .toList();
            boolean met = false;
            for (int step = 0; step < 20; step++) {
                TextSide.Captions drawn = text.batch(images, new CounterRandom(1), step);
                float[] values = drawn.part().inputs(0, 2).getFirst().toFloats();
                assertThat(drawn.numbers()[0] == drawn.numbers()[1]).isEqualTo(values[0] == values[2]);
                met |= values[0] == values[2];
            }
            assertThat(met).isTrue();
        }
    }

    @Test
    void numbersThatNoTrainingCanMeanAreRefused() {
        for (float rate : new float[] {0, -1e-3f, Float.NaN, Float.POSITIVE_INFINITY, 1.5f}) {
            assertThatThrownBy(() -> config(10, 4, rate))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageStartingWith("learningRate must be above 0 and at most 1, found ");
        }
        assertThatThrownBy(() -> config(10, 1, 1e-3f))
                .hasMessage(
                        "batch must be from 2 to 32767, found 1; an example alone has nothing to be told apart from, so"
                                + " its loss is 0, and more pairs do not fit one matrix.");
        assertThatThrownBy(() -> config(0, 4, 1e-3f)).hasMessage("steps must be at least 1, found 0.");
        assertThatThrownBy(() -> config(1, 4, 1e-3f))
                .hasMessage(
                        "The warm-up must be shorter than the training, found 1 steps of 1; shorten it or train longer.");
        var optimizer = new OptimizerSettings(1e-3f, 0, 0, AdamW.Options.DEFAULT);
        for (float decay : new float[] {0, -0.5f, 1.1f, Float.NaN}) {
            assertThatThrownBy(() -> new ClipTraining.Config(10, 4, optimizer, decay, 1, 0, 7))
                    .hasMessageStartingWith("layerDecay must be above 0 and at most 1, found ");
        }
        for (float alpha : new float[] {0, -32, Float.NaN}) {
            assertThatThrownBy(() -> new CaptionTraining.Config(
                            10, 4, optimizer, LoraSettings.of(16, alpha), 50, false, Pairing.ANY, 512, 1))
                    .hasMessageStartingWith("alpha must be above 0 and at most 65536, found ");
        }
        assertThatThrownBy(() -> new CaptionTraining.Config(
                        10, 4, optimizer, LoraSettings.of(16, 32), -50, false, Pairing.ANY, 512, 1))
                .hasMessage("scale must be above 0 and at most 1000, found -50.");
    }

    @Test
    void pretrainedStartsHaveThePapersOptimizer() {
        assertThat(RecipeNotes.line(ClipTraining.Config.pretrained(300, 1)))
                .isEqualTo("steps 300, batch 64, learning rate 0.00001, warm up 0, weight decay 0.05, beta1 0.9,"
                        + " beta2 0.999, epsilon 0.00000001, clip norm 5, layer decay 0.85, logit scale rate 1,"
                        + " shift 0, seed 1, recompute false, loss symmetric, keep scale true, patch dropout 0");
        assertThat(ClipDataChoices.PRETRAINED.crop()).isEqualTo(new RandomCrop(0.9, 1));
        assertThat(RecipeNotes.of("stage_1.", CaptionTraining.Config.pretrained(5000, 1)))
                .containsEntry("stage_1.learning_rate", "0.0002")
                .containsEntry("stage_1.warm_up", "300")
                .containsEntry("stage_1.weight_decay", "0")
                .containsEntry("stage_1.beta2", "0.999")
                .containsEntry("stage_1.clip_norm", "1")
                .containsEntry("stage_1.mix", "any")
                .containsEntry("stage_1.curriculum", "0");
        assertThat(CaptionTraining.Config.pretrained(170, 1).optimizer().warmUp())
                .isEqualTo(17);
        assertThat(RecipeNotes.of("", new OptimizerSettings(1e-3f, 0, 0, AdamW.Options.DEFAULT)))
                .containsEntry("clip_norm", "Infinity");
    }
}

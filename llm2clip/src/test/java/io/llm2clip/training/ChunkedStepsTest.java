package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.dataset.Example;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.dataset.MemoryExamples;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.PatchLimits;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.ClipTextTower;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.Logits;
import io.llm2clip.model.PatchDropout;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.nn.optimizer.GradientCache;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.pair.PairBatches;
import io.llm2clip.training.pair.PairKind;
import io.llm2clip.training.pair.PairMix;
import io.llm2clip.training.pair.Pairing;
import io.llm2clip.training.pair.TextPairs;
import io.llm2clip.training.run.TrainingRun;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Batches of both stages, computed by chunks, give the gradients of the whole batch, in the memory of a chunk. */
class ChunkedStepsTest {
    private static final double GRADIENTS = 1e-5;
    private static final int CAPTION = 5;

    @TempDir
    Path folder;

    private static List<RgbImage> pictures(int count, int... widths) {
        List<RgbImage> pictures = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int width = widths[i % widths.length];
            byte[] pixels = new byte[3 * width * 16];
            new Random(i).nextBytes(pixels);
            pictures.add(new RgbImage(width, 16, pixels));
        }
        return pictures;
    }

    /** Stage 2 of random weights. */
    private static final class Model implements AutoCloseable {
        final Parameters parameters = new Parameters(3);
        final RandomCaptions text;
        final ClipLoss loss;

        Model(VisionConfig config) {
            VisionTower vision = VisionTower.create(parameters, config);
            Linear adapter = Linear.create(
                    parameters.root().scope("adapter"),
                    CAPTION,
                    config.projectionSize(),
                    false,
                    Initializer.fanInNormal());
            text = new RandomCaptions(adapter);
            loss = new ClipLoss(vision, PatchDropout.NONE, text, Logits.softmax(parameters));
        }

        ClipBatch batch(ImageSource images, int... numbers) {
            List<Integer> captions = IntStream.of(numbers).boxed().toList();
            int[][] keys = captions.stream().map(n -> new int[] {n}).toArray(int[][]::new);
            return new ClipBatch(
                    images,
                    new VisionInputs(loss.vision().config(), images.preprocessing(), Arena.ofAuto()),
                    null,
                    text.batch(captions, new CounterRandom(1), 2),
                    EqualItems.anyEqual(numbers) ? List.of(EqualItems.mask(keys, keys)) : List.of());
        }

        @Override
        public void close() {
            parameters.close();
        }
    }

    private static TrainingPhase phase(AdamW optimizer, StepOptions options) {
        return new TrainingPhase(
                "a step", 1, new Schedule.Constant(1e-6f), 0, optimizer, options, ProgramOptions.DEFAULT);
    }

    /** What a step found, by parameter: a tenth of it is AdamW's running mean after one step. */
    private Map<String, float[]> gradients(
            List<Parameter> parameters, EmbeddingLoss loss, EmbeddingBatch batch, StepOptions options) {
        Path file = folder.resolve("moments.safetensors");
        try (AdamW optimizer = new AdamW(ParameterGroups.of(parameters, 0), AdamW.Options.DEFAULT, Device.cpu())) {
            Map<String, float[]> found = new TreeMap<>();
            try (StepPrograms programs = new StepPrograms(phase(optimizer, options), () -> {})) {
                StepPrograms.Made made = programs.run(loss, batch, 0, _ -> {}, _ -> {});
                found.put("loss", new float[] {made.loss()});
                found.put("norm", new float[] {made.gradientNorm()});
            }
            optimizer.save(file);
            try (Checkpoint moments = Checkpoint.open(file)) {
                parameters.forEach(p -> found.put(p.name(), moments.readFloats(p.name() + ".exp_avg")));
            }
            return found;
        }
    }

    private static void assertEqual(Map<String, float[]> found, Map<String, float[]> expected) {
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        double largest = expected.entrySet().stream()
                .filter(gradient -> !gradient.getKey().equals("loss"))
                .mapToDouble(gradient -> norm(gradient.getValue()))
                .max()
                .orElseThrow();
        expected.forEach((name, values) -> {
            float[] difference = values.clone();
            for (int i = 0; i < difference.length; i++) {
                difference[i] -= found.get(name)[i];
            }
            // What is added to all keys of an attention has no gradient but that of rounding.
            double scale = Math.max(norm(values), 1e-4 * largest);
            assertThat(norm(difference) / scale).as("gradient of %s", name).isLessThan(GRADIENTS);
        });
        assertThat(expected.get("norm")[0]).isGreaterThan(0);
    }

    private static double norm(float... values) {
        double sum = 0;
        for (float value : values) {
            sum += value * (double) value;
        }
        return Math.sqrt(sum);
    }

    /** Images are moved by their numbers in the batch, and equal captions are not told apart, in whatever chunk they are. */
    @ParameterizedTest
    @ValueSource(ints = {1, 4, 5, 11})
    void imagesAndCaptions(int chunk) {
        VisionConfig config = new VisionConfig(
                VisionConfig.Architecture.CLIP,
                16,
                8,
                16,
                32,
                2,
                2,
                4,
                Activation.GELU,
                VisionConfig.Pooling.CLASS_TOKEN,
                1e-5f);
        long before = EngineMemory.liveBytes();
        try (Model model = new Model(config)) {
            ImageSource images = ImageSource.ofSized(pictures(12, 16), Preprocessing.miniature(16))
                    .shifted(3, 8);
            ClipBatch batch = model.batch(images, 1, 2, 3, 4, 5, 6, 7, 1, 9, 10, 11, 2);
            assertThat(batch.lossInputs()).hasSize(1);
            List<Parameter> all = model.parameters.all();
            assertEqual(
                    gradients(all, model.loss, batch, StepOptions.PLAIN.withChunk(chunk)),
                    gradients(all, model.loss, batch, StepOptions.PLAIN));
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Chunks of images in their own proportions differ in shape. */
    @Test
    void imagesInTheirOwnProportions() {
        try (Model model = new Model(VisionConfig.naFlex(3, 4, 16, 32, 1, 2, Activation.GELU_TANH))) {
            Preprocessing preprocessing = Preprocessing.naFlex(4, PatchLimits.of(12));
            List<RgbImage> sized =
                    pictures(9, 4, 14, 39).stream().map(preprocessing::resized).toList();
            ClipBatch batch = model.batch(ImageSource.ofSized(sized, preprocessing), 1, 2, 3, 4, 5, 6, 7, 8, 9);
            List<Parameter> all = model.parameters.all();
            assertEqual(
                    gradients(all, model.loss, batch, StepOptions.PLAIN.withChunk(2)),
                    gradients(all, model.loss, batch, StepOptions.PLAIN));
        }
    }

    /** The text tower of the baseline reads token rows of captions of any length. */
    @Test
    void captionsOfATextTower() {
        VisionConfig config = VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 1, 4);
        try (Parameters parameters = new Parameters(3)) {
            VisionTower vision = VisionTower.create(parameters, config);
            ClipTextTower tower = ClipTextTower.create(parameters, ClipTextTower.Config.miniature(300, 12, 4));
            TowerTextSide text = new TowerTextSide(
                    tower,
                    caption -> {
                        throw new AssertionError(caption);
                    },
                    _ -> CaptionKinds.of(1));
            List<TowerTextSide.Candidates> captions = IntStream.range(0, 7)
                    .mapToObj(
                            i -> IntStream.range(0, 3 + i).map(t -> 10 * i + t).toArray())
                    .map(row -> new TowerTextSide.Candidates(List.of(row), CaptionKinds.of(1)))
                    .toList();
            ImageSource images = ImageSource.ofSized(pictures(7, 16), Preprocessing.miniature(16));
            ClipBatch batch = new ClipBatch(
                    images,
                    new VisionInputs(config, images.preprocessing(), Arena.ofAuto()),
                    null,
                    text.batch(captions, new CounterRandom(1), 2),
                    List.of());
            ClipLoss loss = new ClipLoss(vision, PatchDropout.NONE, text, Logits.softmax(parameters));
            List<Parameter> all = parameters.all();
            assertEqual(
                    gradients(all, loss, batch, StepOptions.PLAIN.withChunk(3).withRecompute()),
                    gradients(all, loss, batch, StepOptions.PLAIN));
        }
    }

    /** A language model with updates that have gradients. */
    private TextModel languageModel(Parameters updates, List<List<String>> captions) {
        TextModel model = TextModel.create(
                LlamaConfig.miniature(300),
                1,
                folder.resolve("tokenizer.json"),
                captions.stream().flatMap(List::stream),
                SpecialTokens.AS_TEXT,
                Execution.cpu());
        Llama llama = model.llama();
        llama.attachLora(updates, LoraSettings.of(4, 8));
        // At first one factor of an update is zero, and with it the gradient of the other one.
        for (Parameter parameter : llama.loraParameters()) {
            float[] values = parameter.data().toFloats();
            Random random = new Random(parameter.name().hashCode());
            for (int i = 0; i < values.length; i++) {
                values[i] = 0.1f * (float) random.nextGaussian();
            }
            parameter.data().fill(values);
        }
        return model;
    }

    /** A language model whose updates are trained, a text tower, and all contrasts between them and the images. */
    @ParameterizedTest
    @EnumSource(value = TextStrategy.class, names = "REPLACE", mode = EnumSource.Mode.EXCLUDE)
    void bothTextBranches(TextStrategy strategy) {
        List<String> captions = IntStream.range(0, 7)
                .mapToObj(i -> "a red kite over a beach ".repeat(1 + i % 3) + i / 2)
                .toList();
        VisionConfig config = VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 1, 4);
        try (Parameters updates = new Parameters(1);
                Parameters parameters = new Parameters(3);
                TextModel model = languageModel(updates, List.of(captions))) {
            VisionTower vision = VisionTower.create(parameters, config);
            TextAdapter adapter = TextAdapter.create(
                    parameters, new TextAdapter.Config(model.llama().config().hiddenSize(), 4, true));
            ClipTextTower tower = ClipTextTower.create(parameters, ClipTextTower.Config.miniature(300, 12, 4));
            BothTextSides<?, ?> text = new BothTextSides<>(
                    new UpdatedTextSide(adapter, model.encoder(), CaptionDraw.EQUAL, LoraSettings.of(4, 8), () -> 40),
                    new TowerTextSide(tower, model::row, model.encoder()::kinds));
            ImageSource images = ImageSource.ofSized(pictures(7, 16), Preprocessing.miniature(16));
            ClipBatch batch = new ClipBatch(
                    images,
                    new VisionInputs(config, images.preprocessing(), Arena.ofAuto()),
                    null,
                    drawn(text, captions),
                    List.of());
            ClipLoss loss = new ClipLoss(
                    vision,
                    PatchDropout.NONE,
                    text,
                    strategy.contrasts(CaptionsBy.LANGUAGE_MODEL, parameters, Logits.Values.SOFTMAX));
            List<Parameter> all = parameters(vision, text, loss);
            assertThat(all).contains(model.llama().loraParameters().toArray(Parameter[]::new));
            assertEqual(
                    gradients(all, loss, batch, StepOptions.PLAIN.withChunk(3).withRecompute()),
                    gradients(all, loss, batch, StepOptions.PLAIN));
        }
    }

    private static List<Parameter> parameters(VisionTower vision, TextSide<?> text, ClipLoss loss) {
        List<Parameter> all = new ArrayList<>(vision.parameters());
        all.addAll(text.parameters());
        loss.contrasts().forEach(contrast -> all.addAll(contrast.logits().parameters()));
        return all;
    }

    /** The only caption of each image; those that the tower's window makes equal have one number. */
    private static <L, T> TextSide.Captions drawn(BothTextSides<L, T> text, List<String> captions) {
        TextSide.Captions drawn = text.batch(
                captions.stream()
                        .map(caption -> text.prepare(new Example(
                                caption, "memory", Optional.empty(), List.of(new Example.Caption("caption", caption)))))
                        .toList(),
                new CounterRandom(1),
                0);
        assertThat(drawn.numbers()).hasSize(captions.size());
        assertThat(drawn.growth()).isGreaterThan(1.1);
        return drawn;
    }

    /** Pairs of stage 1, whose updates are the only ones that are trained. */
    @ParameterizedTest
    @CsvSource({
        "ANY, false, false, 1",
        "ANY, true, true, 3",
        "SHORT_LONG, true, false, 4",
        "BY_LENGTH, false, true, 3",
        "BY_LENGTH, true, false, 3"
    })
    void pairsOfCaptions(PairMix mix, boolean hardNegatives, boolean bothDirections, int chunk) {
        List<List<String>> groups = IntStream.range(0, 10)
                .mapToObj(i -> List.of(
                        "a red kite number %d over a beach with many people".formatted(i),
                        "%d large paper kites fly above the sand".formatted(i),
                        // That of another image, too.
                        "kite " + i / 2))
                .toList();
        CaptionTraining.Config config = new CaptionTraining.Config(
                6,
                8,
                new OptimizerSettings(1e-3f, 0, 0, AdamW.Options.DEFAULT),
                LoraSettings.of(4, 8),
                50,
                bothDirections,
                new Pairing(mix, 0.5, 0.5, hardNegatives),
                64,
                1);
        try (Parameters updates = new Parameters(1);
                TextModel model = languageModel(updates, groups)) {
            CaptionTraining training = CaptionTraining.prepare(model.encoder(), groups, config, Progress.NONE);
            List<Parameter> trained = model.llama().loraParameters();
            int masked = 0;
            try (PairBatches batches = training.batches()) {
                for (int step : new int[] {0, 5}) {
                    PairBatch batch = PairBatch.of(model.encoder(), batches.next(step));
                    assertThat(batch.size()).isEqualTo(8);
                    assertThat(batch.sides()).hasSize(hardNegatives ? 3 : 2);
                    masked += batch.lossInputs().size();
                    assertEqual(
                            gradients(trained, training.loss(), batch, StepOptions.PLAIN.withChunk(chunk)),
                            gradients(trained, training.loss(), batch, StepOptions.PLAIN));
                }
            }
            assertThat(masked).isPositive();
        }
    }

    private static PairBatch pairs(TextModel model, int size, int sides, int first) {
        List<List<TextPairs.Item>> texts = IntStream.range(0, sides)
                .mapToObj(side -> IntStream.range(0, size)
                        .mapToObj(i -> {
                            int token = first + 4 * (side * size + i);
                            CaptionRow row =
                                    new CaptionRow(new int[] {token, token + 1, token + 2, token + 3}, 0, 4, false);
                            return new TextPairs.Item(row, row, "%d of %d".formatted(i, size));
                        })
                        .toList())
                .toList();
        return PairBatch.of(
                model.encoder(),
                new TextPairs(
                        "source",
                        PairKind.QUERY_TO_DOCUMENT,
                        texts.get(0),
                        texts.get(1),
                        sides == 3 ? texts.get(2) : List.of()));
    }

    /** Two pairs with negatives have the tokens of three without, so only what says which rows are which tells their programs apart. */
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    void sourcesWithNegativesAndWithout(int chunk) {
        try (Parameters updates = new Parameters(1);
                TextModel model = languageModel(updates, List.of(List.of("a red kite", "a tent over there")))) {
            PairBatch with = pairs(model, 2, 3, 10);
            PairBatch without = pairs(model, 3, 2, 90);
            assertThat(with.tokens(0, 2).tokens())
                    .isEqualTo(without.tokens(0, 3).tokens());
            PairLoss loss = new PairLoss(model.encoder(), 5, false);
            List<Parameter> trained = model.llama().loraParameters();
            try (AdamW optimizer = new AdamW(ParameterGroups.of(trained, 0), AdamW.Options.DEFAULT, Device.cpu());
                    StepPrograms programs =
                            new StepPrograms(phase(optimizer, StepOptions.PLAIN.withChunk(chunk)), () -> {})) {
                for (PairBatch batch : List.of(with, without, with)) {
                    StepPrograms.Made made = programs.run(loss, batch, 0, _ -> {}, _ -> {});
                    Map<String, float[]> alone = gradients(trained, loss, batch, StepOptions.PLAIN);
                    assertThat(made.loss()).isCloseTo(alone.get("loss")[0], within(1e-5f));
                    assertThat(made.gradientNorm()).isCloseTo(alone.get("norm")[0], within(1e-4f));
                }
            }
        }
    }

    /** Pictures that are made when they are read. */
    private record ManyPictures(int count, int size) implements ImageSource {
        @Override
        public String name(int index) {
            return "picture " + index;
        }

        @Override
        public Preprocessing preprocessing() {
            return Preprocessing.miniature(size);
        }

        @Override
        public RgbImage read(int index) {
            byte[] pixels = new byte[3 * size * size];
            new Random(index).nextBytes(pixels);
            return new RgbImage(size, size, pixels);
        }
    }

    @Test
    void fourThousandImagesTakeTheMemoryOfSixtyFour() {
        int chunk = 64;
        try (Model model = new Model(VisionConfig.small(VisionConfig.Architecture.CLIP, 224, 16, 192, 6, 128))) {
            ClipBatch small = model.batch(new ManyPictures(chunk, 224), numbers(chunk));
            ClipBatch large = model.batch(new ManyPictures(4096, 224), numbers(4096));
            try (AdamW optimizer = new AdamW(
                            ParameterGroups.of(model.parameters.all(), 0), AdamW.Options.DEFAULT, Device.cpu());
                    GradientCache cache =
                            new GradientCache(model.loss, chunk, optimizer, ProgramOptions.DEFAULT, () -> {})) {
                long whole;
                try (StepPrograms programs = new StepPrograms(phase(optimizer, StepOptions.PLAIN), () -> {})) {
                    whole = programs.prepare(model.loss, small);
                }
                cache.prepare(large);
                // Two vectors for each image, and as many gradients of them; both programs of a chunk have pixels of
                // their own.
                long embeddings = 2L * 2 * 4096 * 128 * 4;
                long pixels = 4L * chunk * 3 * 224 * 224;
                assertThat(cache.memory().total())
                        .as("bytes, of %,d for a batch of the size of a chunk", whole)
                        .isLessThan(whole + embeddings + 2 * pixels);
            }
        }
    }

    private static int[] numbers(int count) {
        return IntStream.range(0, count).toArray();
    }

    @Test
    void aWholeTrainingByChunksLearnsTheSame() {
        float[] plain = losses(StepOptions.PLAIN);
        float[] chunked = losses(StepOptions.PLAIN.withChunk(3));
        assertThat(plain).hasSize(12);
        assertThat(plain[11]).isLessThan(0.7f * plain[0]);
        assertThat(chunked).containsExactly(plain, within(1e-3f));
    }

    private float[] losses(StepOptions options) {
        List<RgbImage> pictures = pictures(8, 16);
        try (Model model = new Model(VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 1, 4))) {
            OptimizerSettings optimizer = new OptimizerSettings(3e-3f, 1, 0.05f, AdamW.Options.DEFAULT.withClipNorm(1));
            LossCurve losses = ClipTraining.run(
                    "stage 2",
                    model.loss.vision(),
                    model.text,
                    model.loss.contrasts().getFirst().logits(),
                    ImageMix.of(new ImageExamples(
                            new MemoryExamples(pictures), ImageReader.DEFAULT, Preprocessing.miniature(16))),
                    new ClipTraining.Config(12, 8, optimizer, 1, 1, 2, 7, options, ParameterRules.NONE),
                    Execution.cpu(),
                    TrainingRun.NONE,
                    Progress.NONE);
            float[] values = new float[losses.losses().size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = losses.losses().get(i);
            }
            assertThat(losses.flops()).isPositive();
            return values;
        }
    }
}

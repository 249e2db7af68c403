package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.dataset.MemoryExamples;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.PatchLimits;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.Logits;
import io.llm2clip.model.PatchDropout;
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
import io.llm2clip.nn.optimizer.ParameterGroup;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.run.TrainingRun;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Losses of stage 2, patches and inputs that are dropped, sides that are locked, and low-rank updates of the vision tower. */
class VisionTrainingTest {
    private static final int CAPTION = 5;
    private static final int IMAGES = 7;

    @TempDir
    Path folder;

    private final Parameters parameters = new Parameters(3);
    private Linear adapter;
    private TextSide<Integer> text;

    @BeforeEach
    void create() {
        use(8);
    }

    private void use(int embedding) {
        adapter = Linear.create(
                parameters.root().scope("adapter" + embedding), CAPTION, embedding, false, Initializer.fanInNormal());
        text = new RandomCaptions(adapter);
    }

    @AfterEach
    void free() {
        parameters.close();
    }

    private static VisionConfig tower(VisionConfig.Architecture architecture) {
        return architecture == VisionConfig.Architecture.NAFLEX
                ? VisionConfig.naFlex(4, 4, 16, 32, 2, 2, Activation.GELU_TANH)
                : VisionConfig.small(
                        architecture, 16, 4, 64, 2, architecture == VisionConfig.Architecture.SIGLIP ? 64 : 8);
    }

    private static List<RgbImage> pictures(VisionConfig config) {
        List<RgbImage> pictures = new ArrayList<>();
        for (int i = 0; i < IMAGES; i++) {
            int height = config.patchLimits().isPresent() ? 4 + 4 * (i % 4) : 16;
            byte[] pixels = new byte[3 * 16 * height];
            new Random(i).nextBytes(pixels);
            pictures.add(new RgbImage(16, height, pixels));
        }
        return pictures;
    }

    private static Preprocessing preprocessing(VisionConfig config) {
        return config.patchLimits().isPresent()
                ? Preprocessing.naFlex(4, PatchLimits.of(16))
                : Preprocessing.miniature(16);
    }

    /** Captions 1 and 4 are equal. */
    private ClipBatch batch(VisionConfig config, PatchDropout patches) {
        ImageSource images = ImageSource.ofSized(pictures(config), preprocessing(config));
        int[][] keys = {{0}, {1}, {2}, {3}, {1}, {5}, {6}};
        return new ClipBatch(
                images,
                new VisionInputs(config, images.preprocessing(), Arena.ofAuto()),
                patches.at(1, 2),
                text.batch(List.of(0, 1, 2, 3, 1, 5, 6), new CounterRandom(1), 2),
                List.of(EqualItems.mask(keys, keys)));
    }

    private static TrainingPhase phase(AdamW optimizer, StepOptions options) {
        return new TrainingPhase(
                "a step", 1, new Schedule.Constant(1e-6f), 0, optimizer, options, ProgramOptions.DEFAULT);
    }

    /** What a step found, by parameter: a tenth of it is AdamW's running mean after one step. */
    private Map<String, float[]> gradients(
            List<Parameter> trained, EmbeddingLoss loss, EmbeddingBatch batch, StepOptions options) {
        Path file = folder.resolve("moments.safetensors");
        try (AdamW optimizer = new AdamW(ParameterGroups.of(trained, 0), AdamW.Options.DEFAULT, Device.cpu())) {
            Map<String, float[]> found = new TreeMap<>();
            try (StepPrograms programs = new StepPrograms(phase(optimizer, options), () -> {})) {
                found.put("loss", new float[] {
                    programs.run(loss, batch, 0, _ -> {}, _ -> {}).loss()
                });
            }
            optimizer.save(file);
            try (Checkpoint moments = Checkpoint.open(file)) {
                trained.forEach(p -> found.put(p.name(), moments.readFloats(p.name() + ".exp_avg")));
            }
            return found;
        }
    }

    private static void assertEqual(Map<String, float[]> found, Map<String, float[]> expected) {
        float largest = 0;
        for (Map.Entry<String, float[]> gradient : expected.entrySet()) {
            if (!gradient.getKey().equals("loss")) {
                largest = Math.max(largest, largest(gradient.getValue()));
            }
        }
        assertThat(largest).isPositive();
        assertThat(found.keySet()).isEqualTo(expected.keySet());
        for (Map.Entry<String, float[]> gradient : expected.entrySet()) {
            float scale = Math.max(largest(gradient.getValue()), 1e-2f * largest);
            assertThat(found.get(gradient.getKey()))
                    .as(gradient.getKey())
                    .containsExactly(gradient.getValue(), within(3e-5f * scale));
        }
    }

    private static float largest(float... values) {
        float largest = 0;
        for (float value : values) {
            largest = Math.max(largest, Math.abs(value));
        }
        return largest;
    }

    /** Patches by the images' places in the batch, equal captions, and a bias, in whatever chunk they are. */
    @ParameterizedTest
    @EnumSource(
            value = VisionConfig.Architecture.class,
            names = {"CLIP", "EVA02", "SIGLIP", "NAFLEX"})
    void partsOfPatchesAndSigmoidsByChunksAreThoseOfTheWholeBatch(VisionConfig.Architecture architecture) {
        VisionConfig config = tower(architecture);
        if (config.projectionSize() != 8) {
            use(config.projectionSize());
        }
        PatchDropout half = new PatchDropout(0.5f);
        Logits logits = Logits.create(parameters, Logits.Values.SIGMOID);
        VisionTower vision = VisionTower.create(parameters, config);
        List<Parameter> trained = new ArrayList<>(vision.parameters());
        trained.add(adapter.weight());
        trained.addAll(logits.parameters());
        ClipLoss loss = new ClipLoss(vision, half, text, logits);
        ClipBatch batch = batch(config, half);
        Map<String, float[]> whole = gradients(trained, loss, batch, StepOptions.PLAIN);
        assertThat(largest(whole.get("logit_bias"))).isPositive();
        assertEqual(
                gradients(trained, loss, batch, StepOptions.PLAIN.withChunk(3).withRecompute()), whole);
        ClipLoss all = new ClipLoss(vision, PatchDropout.NONE, text, logits);
        assertThat(gradients(trained, all, batch(config, PatchDropout.NONE), StepOptions.PLAIN)
                        .get("loss"))
                .isNotEqualTo(whole.get("loss"));
    }

    /** A loss whose embeddings are those of chunks one behind the other, each with its own random numbers. */
    private record Parts(DroppingLoss loss, int width) implements EmbeddingLoss {
        @Override
        public List<Tensor> embed(List<Tensor> inputs, int examples) {
            List<List<Tensor>> parts = new ArrayList<>();
            for (int from = 0; from < inputs.size(); from += width) {
                int size = inputs.get(from).shape().dim(0);
                parts.add(loss.embed(inputs.subList(from, from + width), size));
            }
            return List.of(
                    Tensor.concat(0, parts.stream().map(List::getFirst).toList()),
                    Tensor.concat(0, parts.stream().map(List::getLast).toList()));
        }

        @Override
        public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
            return loss.loss(embeddings, inputs);
        }
    }

    private record PartsBatch(EmbeddingBatch batch, int chunk) implements EmbeddingBatch {
        @Override
        public int size() {
            return batch.size();
        }

        @Override
        public List<TensorData> inputs(int from, int to) {
            List<TensorData> inputs = new ArrayList<>();
            for (int at = from; at < to; at += chunk) {
                for (TensorData input : batch.inputs(at, Math.min(to, at + chunk))) {
                    // Its memory is used again by the next chunk.
                    inputs.add(input.shape().rank() == 1 ? input : TensorData.of(input.shape(), input.toFloats()));
                }
            }
            return inputs;
        }

        @Override
        public List<TensorData> lossInputs() {
            return batch.lossInputs();
        }
    }

    /** Both passes over a chunk, and blocks that are computed again, drop the same inputs of low-rank updates. */
    @Test
    void droppedInputsOfUpdatesAreTheSameInBothPassesOverAChunk() {
        VisionConfig config = tower(VisionConfig.Architecture.CLIP);
        VisionTower vision = VisionTower.create(parameters, config);
        Logits logits = Logits.softmax(parameters);
        try (VisionSide side = new VisionSide(vision, new VisionTraining(0, new LoraSettings(4, 8, 0.5f)), 1)) {
            fill(side.updates());
            DroppingLoss loss = new DroppingLoss(new ClipLoss(vision, PatchDropout.NONE, text, logits), 5);
            EmbeddingBatch batch = new DroppingLoss.Batch(batch(config, PatchDropout.NONE), 2);
            Map<String, float[]> whole =
                    gradients(side.parameters(), new Parts(loss, 3), new PartsBatch(batch, 3), StepOptions.PLAIN);
            StepOptions chunks = StepOptions.PLAIN.withChunk(3);
            assertEqual(gradients(side.parameters(), loss, batch, chunks), whole);
            assertEqual(gradients(side.parameters(), loss, batch, chunks.withRecompute()), whole);
            EmbeddingBatch next = new DroppingLoss.Batch(batch(config, PatchDropout.NONE), 3);
            assertThat(gradients(side.parameters(), loss, next, chunks).get("loss"))
                    .isNotEqualTo(whole.get("loss"));
        }
    }

    /** Of updates that are zero nothing would be seen. */
    private static void fill(List<Parameter> updates) {
        Random random = new Random(1);
        for (Parameter update : updates) {
            float[] values = new float[update.shape().size()];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (0.1 * random.nextGaussian());
            }
            update.data().fill(values);
        }
    }

    private ClipTraining.Config config(int steps, float rate) {
        OptimizerSettings optimizer = new OptimizerSettings(rate, 0, 0, AdamW.Options.DEFAULT.withClipNorm(1));
        return new ClipTraining.Config(steps, IMAGES, optimizer, 1, 1, 0, 7);
    }

    private LossCurve run(VisionTower vision, Logits logits, ClipTraining.Config config) {
        ImageMix images = ImageMix.of(new ImageExamples(
                new MemoryExamples(pictures(vision.config())), ImageReader.DEFAULT, preprocessing(vision.config())));
        return ClipTraining.run(
                "stage 2", vision, text, logits, images, config, Execution.cpu(), TrainingRun.NONE, Progress.NONE);
    }

    @Test
    void sigmoidsLearnWithABiasAndAScaleThatMayGoBeyondAHundred() {
        VisionTower vision = VisionTower.create(parameters, tower(VisionConfig.Architecture.CLIP));
        Logits logits = Logits.create(parameters, new Logits.Values(150, Optional.of(-10f)));
        LossCurve losses = run(
                vision,
                logits,
                config(40, 5e-3f).with(new ClipLossSettings(ClipLossSettings.Loss.SIGMOID, true, null)));
        assertThat(losses.losses().getLast()).isLessThan(0.5f * losses.losses().getFirst());
        Logits.Values values = logits.values();
        assertThat(values.factor()).isGreaterThan(100).isNotEqualTo(150);
        assertThat(values.bias()).isPresent().get().isNotEqualTo(-10f);
    }

    /** The tower itself stays but for its projection, and has the updates added in the end. */
    @Test
    void lowRankUpdatesAreTrainedAndMerged() {
        VisionTower vision = VisionTower.create(parameters, tower(VisionConfig.Architecture.EVA02));
        Map<String, float[]> before = values(vision);
        LossCurve losses = run(
                vision,
                Logits.softmax(parameters),
                config(30, 1e-2f).with(new VisionTraining(0.25f, new LoraSettings(4, 8, 0.1f)), Locks.NONE));
        assertThat(losses.losses().getLast()).isLessThan(0.7f * losses.losses().getFirst());
        Map<String, float[]> after = values(vision);
        before.forEach((name, values) -> {
            boolean changed = name.matches(".*\\.(q|k|v)_proj\\.weight") || name.startsWith("visual.head.");
            assertThat(Arrays.equals(after.get(name), values)).as(name).isEqualTo(!changed);
        });
        assertThat(vision.attentionInputs())
                .hasSize(6)
                .allMatch(linear -> linear.updates().isEmpty());
    }

    private static Map<String, float[]> values(VisionTower vision) {
        Map<String, float[]> values = new TreeMap<>();
        vision.parameters().forEach(p -> values.put(p.name(), p.data().toFloats()));
        return values;
    }

    private List<String> trained(VisionTower vision, Locks locks) {
        ClipTraining.Config config = config(2, 1e-3f).with(VisionTraining.WHOLE, locks);
        try (VisionSide side = new VisionSide(vision, config.vision(), 1)) {
            return ClipTraining.groups(
                            side, text.parameters(), Contrast.alone(text, Logits.softmax(parameters)), config)
                    .stream()
                    .map(ParameterGroup::parameters)
                    .flatMap(List::stream)
                    .map(Parameter::name)
                    .toList();
        }
    }

    @Test
    void lockedSidesStayButForTheirLastBlocks() {
        VisionTower vision = VisionTower.create(parameters, tower(VisionConfig.Architecture.CLIP));
        assertThat(trained(vision, new Locks(0, null))).containsExactlyInAnyOrder("adapter8.weight", "logit_scale");
    }

    @Test
    void theLastBlocksOfALockedTowerAreTrainedWithWhatComesAfterThem() {
        VisionTower vision = VisionTower.create(parameters, tower(VisionConfig.Architecture.CLIP));
        List<String> trained = trained(vision, new Locks(1, 0));
        assertThat(trained)
                .contains("logit_scale", "visual_projection.weight", "vision_model.post_layernorm.weight")
                .contains("vision_model.encoder.layers.1.self_attn.q_proj.weight")
                .noneMatch(
                        name -> name.contains(".layers.0.") || name.contains("embedding") || name.contains("adapter"))
                .noneMatch(name -> name.contains("pre_layrnorm"));
        assertThatThrownBy(() -> new Locks(0, 0))
                .hasMessage(
                        "Vision tower and text side are both locked; expected one of them to be trained, or its last blocks.");
        assertThatThrownBy(() -> new Locks(3, null).images(vision.parameters()))
                .hasMessage("The last 3 blocks of a locked vision tower of 2; expected from 0 to 2.");
        assertThatThrownBy(() -> new Locks(null, 1).texts(text.parameters()))
                .hasMessage("The last 1 blocks of a locked text side of 0; expected from 0 to 0.");
    }

    /** What is not trained has no backward pass: neither its operations nor its memory. */
    @Test
    void nothingIsComputedBackThroughALockedTower() {
        VisionConfig config = VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 4, 128, 6, 8);
        VisionTower vision = VisionTower.create(parameters, config);
        Logits logits = Logits.softmax(parameters);
        ClipLoss loss = new ClipLoss(vision, PatchDropout.NONE, text, logits);
        ClipBatch batch = batch(config, PatchDropout.NONE);
        long[] flops = new long[2];
        long[] bytes = new long[2];
        List<List<Parameter>> choices = List.of(vision.parameters(), List.of(adapter.weight()));
        for (int i = 0; i < 2; i++) {
            int choice = i;
            try (AdamW optimizer =
                            new AdamW(ParameterGroups.of(choices.get(i), 0), AdamW.Options.DEFAULT, Device.cpu());
                    StepPrograms programs = new StepPrograms(phase(optimizer, StepOptions.PLAIN), () -> {})) {
                bytes[i] = programs.prepare(loss, batch);
                programs.run(loss, batch, 0, _ -> {}, count -> flops[choice] = count);
            }
        }
        assertThat(flops[1]).isBetween(flops[0] / 4, flops[0] * 2 / 5);
        assertThat(bytes[1]).isLessThan(bytes[0] / 3);
    }

    @Test
    void whereScaleAndBiasBegin() {
        ClipLossSettings.Loss sigmoid = ClipLossSettings.Loss.SIGMOID;
        ClipLossSettings.Loss symmetric = ClipLossSettings.Loss.SYMMETRIC;
        Optional<Logits.Values> clip = Optional.of(new Logits.Values(40, Optional.empty()));
        Optional<Logits.Values> siglip = Optional.of(new Logits.Values(118, Optional.of(-16f)));
        ClipLossSettings keepSigmoid = new ClipLossSettings(sigmoid, true, null);
        assertThat(ClipLossSettings.DEFAULT.start(Optional.empty())).isEqualTo(Logits.Values.SOFTMAX);
        assertThat(ClipLossSettings.DEFAULT.start(clip)).isEqualTo(clip.get());
        // Steps keep it within 100.
        assertThat(ClipLossSettings.DEFAULT.start(siglip)).isEqualTo(new Logits.Values(100, Optional.empty()));
        assertThat(new ClipLossSettings(symmetric, false, null).start(clip)).isEqualTo(Logits.Values.SOFTMAX);
        assertThat(keepSigmoid.start(siglip)).isEqualTo(siglip.get());
        assertThat(keepSigmoid.start(clip)).isEqualTo(Logits.Values.SIGMOID);
        assertThat(new ClipLossSettings(sigmoid, false, null).start(siglip)).isEqualTo(Logits.Values.SIGMOID);
        assertThat(new ClipLossSettings(sigmoid, true, 20f).start(siglip))
                .isEqualTo(new Logits.Values(20, Optional.of(-16f)));
        assertThatThrownBy(() -> new ClipLossSettings(symmetric, true, 0.5f))
                .hasMessage(
                        "The logit scale must be from 1 to 100, found 0.5; every step keeps it within that, as the reference does.");
        assertThatThrownBy(() -> new ClipLossSettings(sigmoid, true, Float.NaN))
                .hasMessage("The logit scale must be above 0 and at most 1000, found NaN.");
        assertThatThrownBy(() ->
                        ClipLossSettings.DEFAULT.start(Optional.of(new Logits.Values(Float.NaN, Optional.empty()))))
                .hasMessageStartingWith("The published logit scale must be from 1 to 100, found NaN;");
        assertThat(keepSigmoid.announcement(siglip.get(), siglip))
                .isEqualTo(
                        "stage 2: cosines are multiplied by 118.0 at first, and -16.00 is added, as the published model does.");
        assertThat(ClipLossSettings.DEFAULT.announcement(ClipLossSettings.DEFAULT.start(siglip), siglip))
                .isEqualTo(
                        "stage 2: cosines are multiplied by 100.0 at first, the most that a softmax is trained with; the published model has 118.0.");
        assertThat(keepSigmoid.announcement(Logits.Values.SIGMOID, clip))
                .isEqualTo(
                        "stage 2: cosines are multiplied by 10.00 at first, and -10.00 is added, as the loss begins.");
    }
}

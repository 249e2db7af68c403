package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.kernels.Resources;
import io.llm2clip.model.Llama;
import io.llm2clip.model.Logits;
import io.llm2clip.model.PatchDropout;
import io.llm2clip.model.ReferenceTower;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.TinyModel;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.training.mask.TokenMask;
import io.llm2clip.training.pair.PairKind;
import io.llm2clip.training.pair.Pairing;
import io.llm2clip.training.pair.TextPairs;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Steps of both stages and of what comes before change parameters as PyTorch's do; files of {@code tests/reference/steps.py}. */
class ReferenceStepsTest {
    /** Of the largest change of a parameter. */
    private static final double FIRST_STEP = 1e-4;
    /**
     * Adam's first step is as long for the smallest gradient as for the largest, so that what is lost in rounding decides the way of a few
     * elements: PyTorch's own f32 and f64 differ by 5e-4 in the next step's norm. A wrong moment would be off by tenths.
     */
    private static final double LATER_STEPS = 1e-2;

    private static final double LOSS = 1e-5;
    /** At most so many elements of a parameter are in a file. */
    private static final int SAMPLES = 61;

    /**
     * What is added to all keys changes no softmax, so this gradient is 0 but for rounding, which Adam's first steps magnify to
     * something of any sign.
     */
    private static final String WITHOUT_GRADIENT = "k_proj.bias";

    /** Steps are made of given vectors. */
    private static final VectorLookup NO_VECTORS = new VectorLookup() {
        @Override
        public int size() {
            return 0;
        }

        @Override
        public Found of(List<String> captions) {
            throw new AssertionError(captions);
        }
    };

    @TempDir
    private Path directory;

    private static JsonNode golden(String name) throws IOException {
        try (InputStream in = ReferenceStepsTest.class.getResourceAsStream("steps/" + name + ".json")) {
            return JsonMapper.shared().readTree(Objects.requireNonNull(in).readAllBytes());
        }
    }

    @Test
    void captionContrastStepsAsPeftDoes() throws IOException {
        JsonNode golden = golden("stage-1");
        new ReferenceTower(golden).write(directory.resolve("model.safetensors"), StoredType.F32);
        Files.writeString(
                directory.resolve("config.json"), golden.path("config").toString());
        TinyModel.writeTokenizer(directory.resolve("tokenizer.json"));
        AdamW.Options adamW =
                AdamW.Options.DEFAULT.withClipNorm(golden.path("clipNorm").floatValue());
        CaptionTraining.Config config = new CaptionTraining.Config(
                2,
                4,
                new OptimizerSettings(golden.path("learningRate").floatValue(), 0, 0, adamW),
                LoraSettings.of(
                        golden.path("rank").asInt(), golden.path("alpha").floatValue()),
                golden.path("scale").floatValue(),
                false,
                Pairing.ANY,
                512,
                1);
        try (TextModel model = TextModel.open(directory);
                Parameters updates = new Parameters(1)) {
            // Its own captions are not drawn.
            CaptionTraining training = CaptionTraining.prepare(
                    model.encoder(), List.of(List.of("a", "b"), List.of("c", "d")), config, Progress.NONE);
            Llama llama = model.llama();
            llama.attachLora(updates, config.lora());
            fill(
                    llama.loraParameters().stream()
                            .filter(parameter -> parameter.name().contains("lora_A"))
                            .toList(),
                    golden.path("start"));
            try (AdamW optimizer = training.optimizer()) {
                assertSteps(golden, optimizer, step -> {
                    PairBatch batch = PairBatch.of(
                            model.encoder(), pairs(golden.path("batches").get(step)));
                    return new Prepared(batch.inputs(0, batch.size()), in -> {
                        PairLoss loss = training.loss();
                        return loss.loss(loss.embed(in, config.batch()), List.of());
                    });
                });
            }
            llama.mergeLora();
        }
    }

    @Test
    void maskedNextTokenPredictionStepsAsPeftDoes() throws IOException {
        JsonNode golden = golden("mntp");
        new ReferenceTower(golden).write(directory.resolve("model.safetensors"), StoredType.F32);
        Files.writeString(
                directory.resolve("config.json"), golden.path("config").toString());
        TinyModel.writeTokenizer(directory.resolve("tokenizer.json"));
        int rows = golden.path("rows").asInt();
        int length = golden.path("length").asInt();
        AdamW.Options adamW =
                AdamW.Options.DEFAULT.withClipNorm(golden.path("clipNorm").floatValue());
        OptimizerSettings settings =
                new OptimizerSettings(golden.path("learningRate").floatValue(), 0, 0, adamW);
        try (TextModel model = TextModel.openLanguageModel(directory, Optional.empty(), Execution.cpu());
                Parameters updates = new Parameters(1)) {
            Llama llama = model.llama();
            llama.attachLora(
                    updates,
                    LoraSettings.of(
                            golden.path("rank").asInt(), golden.path("alpha").floatValue()));
            fill(
                    llama.loraParameters().stream()
                            .filter(parameter -> parameter.name().contains("lora_A"))
                            .toList(),
                    golden.path("start"));
            try (AdamW optimizer = MntpTraining.optimizer(llama, settings, Execution.cpu())) {
                assertSteps(golden, optimizer, step -> {
                    TokenMask.Masked masked = masked(golden.path("batches").get(step), length);
                    return new Prepared(MntpTraining.inputs(masked, rows, length), in -> MntpTraining.loss(llama, in));
                });
            }
            llama.mergeLora();
        }
    }

    /** As {@link TokenMask} makes it, of the labels that transformers reads. */
    private static TokenMask.Masked masked(JsonNode batch, int length) {
        int[] ids = ints(batch.path("ids"));
        int[] labels = ints(batch.path("labels"));
        int[] asked = IntStream.range(0, ids.length)
                .filter(i -> labels[i] >= 0 && i % length > 0)
                .toArray();
        return new TokenMask.Masked(
                ids,
                Arrays.stream(asked).map(i -> i - 1).toArray(),
                Arrays.stream(asked).map(i -> labels[i]).toArray());
    }

    private static int[] ints(JsonNode values) {
        return values.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    private static TextPairs pairs(JsonNode batch) {
        List<TextPairs.Item> items = new ArrayList<>();
        for (JsonNode row : batch) {
            int[] ids = ints(row.path("ids"));
            int start = ids.length - row.path("pooled").asInt();
            CaptionRow caption = new CaptionRow(ids, start, ids.length, false);
            items.add(new TextPairs.Item(caption, caption, items.size()));
        }
        int pairs = items.size() / 3;
        return new TextPairs(
                "golden",
                PairKind.LONG_TO_LONG,
                items.subList(0, pairs),
                items.subList(pairs, 2 * pairs),
                items.subList(2 * pairs, 3 * pairs));
    }

    @ParameterizedTest
    @ValueSource(strings = {"stage-2-clip", "stage-2-eva02"})
    void contrastOfImagesAndCaptionsStepsAsTheReferenceDoes(String name) throws IOException {
        JsonNode golden = golden(name);
        Path file = directory.resolve("model.safetensors");
        new ReferenceTower(golden).write(file, StoredType.F32);
        if (golden.path("config").isObject()) {
            Files.writeString(
                    directory.resolve("config.json"), golden.path("config").toString());
        }
        int images = golden.path("images").asInt();
        int captionSize = golden.path("captionSize").asInt();
        int side = golden.path("side").asInt();
        OptimizerSettings settings = new OptimizerSettings(
                golden.path("learningRate").floatValue(),
                0,
                golden.path("weightDecay").floatValue(),
                AdamW.Options.DEFAULT.withClipNorm(golden.path("clipNorm").floatValue()));
        ClipTraining.Config config = new ClipTraining.Config(
                2, images, settings, golden.path("layerDecay").floatValue(), 1, 0, 1);
        try (Parameters read = Parameters.trained();
                Parameters made = new Parameters(1)) {
            VisionTower vision = VisionTower.open(read, golden.path("config").isObject() ? directory : file);
            TextAdapter adapter = TextAdapter.create(
                    made,
                    new TextAdapter.Config(
                            captionSize, golden.path("embeddingSize").asInt(), true));
            fill(adapter.parameters(), golden.path("adapter"));
            Logits logits = Logits.softmax(made);
            TextSide<?> text = new CachedTextSide(adapter, NO_VECTORS, _ -> CaptionKinds.of(1));
            try (VisionSide trained = new VisionSide(vision, VisionTraining.WHOLE, 1);
                    AdamW optimizer = new AdamW(
                            ClipTraining.groups(trained, text.parameters(), Contrast.alone(text, logits), config),
                            settings.adamW(),
                            Execution.cpu().device())) {
                assertSteps(
                        golden,
                        optimizer,
                        step -> new Prepared(
                                List.of(
                                        values("pixels of step " + step, Shape.of(images, 3, side, side), 2),
                                        values("vectors of step " + step, Shape.of(images, captionSize), 3)),
                                in -> {
                                    ClipLoss loss = new ClipLoss(vision, PatchDropout.NONE, text, logits);
                                    return loss.loss(loss.embed(in, images), List.of());
                                }));
            }
        }
    }

    private static TensorData values(String name, Shape shape, double amplitude) {
        return TensorData.of(shape, ReferenceTower.values(name, shape.size(), 0, amplitude));
    }

    private static void fill(List<Parameter> parameters, JsonNode described) {
        assertThat(parameters).hasSize(described.size()).isNotEmpty();
        for (Parameter parameter : parameters) {
            JsonNode tensor = described.path(parameter.name());
            parameter
                    .data()
                    .fill(ReferenceTower.values(
                            parameter.name(),
                            parameter.shape().size(),
                            tensor.path("center").asDouble(),
                            tensor.path("amplitude").asDouble()));
        }
    }

    private record Prepared(List<TensorData> inputs, Loss loss) {}

    private interface Loss {
        Tensor of(List<Tensor> inputs);
    }

    private interface Steps {
        Prepared at(int step);
    }

    private static void assertSteps(JsonNode golden, AdamW optimizer, Steps steps) {
        Map<Parameter, float[]> start = new HashMap<>();
        optimizer
                .parameters()
                .forEach(parameter -> start.put(parameter, parameter.data().toFloats()));
        assertThat(start.keySet().stream().map(Parameter::name))
                .containsExactlyInAnyOrderElementsOf(golden.path("parameters").propertyNames());
        List<Runnable> programs = new ArrayList<>();
        try {
            for (int step = 0; step < golden.path("losses").size(); step++) {
                Prepared prepared = steps.at(step);
                TrainStep program = TrainStep.compile(
                        prepared.loss::of,
                        TrainStep.inputsLike(prepared.inputs),
                        optimizer,
                        Execution.cpu().options());
                programs.add(program::close);
                float loss =
                        program.run(prepared.inputs, golden.path("learningRate").floatValue());
                double expected = golden.path("losses").get(step).asDouble();
                assertThat(loss / expected)
                        .as("loss of step %d", step)
                        .isCloseTo(1, within(step == 0 ? LOSS : LATER_STEPS));
                double norm = golden.path("norms").get(step).asDouble();
                assertThat(program.gradientNorm() / norm)
                        .as("norm of the gradients of step %d", step)
                        .isCloseTo(1, within(step == 0 ? LOSS : LATER_STEPS));
                for (Map.Entry<Parameter, float[]> parameter : start.entrySet()) {
                    assertChange(golden, parameter.getKey(), parameter.getValue(), step);
                }
            }
        } finally {
            Resources.closeAll(programs);
        }
    }

    private static void assertChange(JsonNode golden, Parameter parameter, float[] start, int step) {
        float[] actual = parameter.data().toFloats();
        JsonNode expected = golden.path("parameters").path(parameter.name()).get(step);
        int stride = Math.max(1, Math.ceilDiv(actual.length, SAMPLES));
        assertThat(expected.size()).isEqualTo(Math.ceilDiv(actual.length, stride));
        double[] change = new double[expected.size()];
        double largest = 0;
        for (int i = 0; i < change.length; i++) {
            change[i] = expected.get(i).asDouble() - start[i * stride];
            largest = Math.max(largest, Math.abs(change[i]));
        }
        if (parameter.name().endsWith(WITHOUT_GRADIENT)) {
            return;
        }
        // Of an update that starts at zero, the other factor's gradient is zero.
        boolean still = parameter.name().contains("lora_A") && step == 0;
        assertThat(largest > 0).as("step %d changes %s", step, parameter).isNotEqualTo(still);
        for (int i = 0; i < change.length; i++) {
            assertThat((actual[i * stride] - (double) start[i * stride]) / (still ? 1 : largest))
                    .as("change of element %d of %s at step %d", i * stride, parameter, step)
                    .isCloseTo(change[i] / (still ? 1 : largest), within(step == 0 ? FIRST_STEP : LATER_STEPS));
        }
    }
}

package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.kernels.DType;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Blocks;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Gradients;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.machine.Processor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Every block of a transformer in a scope of its own: the same gradients in a fraction of the memory. */
class RecomputeTest {
    private static final int LAYERS = 12;
    private static final int BATCH = 4;
    private static final int TOKENS = 40;
    private static final int WIDTH = 32;
    private static final Shape SHAPE = Shape.of(BATCH, TOKENS, WIDTH);

    private static TensorData values() {
        float[] values = new float[SHAPE.size()];
        CounterRandom random = new CounterRandom(2);
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.uniform(1, i) - 0.5f;
        }
        return TensorData.of(SHAPE, values);
    }

    private static List<UnaryOperator<Tensor>> clip(Parameters parameters) {
        Sequences rows = Patches.sequences(Tensor.full(0, SHAPE));
        return ClipBlock.stack(parameters.root(), LAYERS, WIDTH, 4, 4 * WIDTH, Activation.QUICK_GELU, 1e-5f).stream()
                .map(block -> (UnaryOperator<Tensor>) x -> block.apply(x, rows, false))
                .toList();
    }

    private static List<UnaryOperator<Tensor>> llama(Parameters parameters) {
        LlamaConfig config = new LlamaConfig(300, WIDTH, 3 * WIDTH, LAYERS, 4, 2, 8, 1e-5f, 10000, null, TOKENS, false);
        Sequences rows =
                new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(BATCH), 40, 17, 3, 40)));
        RotaryTable positions = RotaryTable.llama(TOKENS, config.headSize(), config.ropeTheta(), config.ropeScaling());
        List<UnaryOperator<Tensor>> blocks = new ArrayList<>();
        for (int i = 0; i < LAYERS; i++) {
            LlamaBlock block = LlamaBlock.create(parameters.root().scope(i), config, LlamaInitialization.STANDARD);
            blocks.add(x -> block.apply(x, rows, true, positions));
        }
        return blocks;
    }

    private static Tensor loss(Tensor x, List<UnaryOperator<Tensor>> blocks, boolean recompute) {
        for (UnaryOperator<Tensor> block : blocks) {
            x = recompute ? Tensor.recompute(List.of(x), in -> block.apply(in.getFirst())) : block.apply(x);
        }
        return x.square().mean();
    }

    /** Loss, gradients of parameters and of the input, in that order. */
    private static List<float[]> run(Program program) {
        return program.run().stream().map(TensorData::toFloats).toList();
    }

    private static void check(Function<Parameters, List<UnaryOperator<Tensor>>> stack) {
        try (Parameters parameters = new Parameters(5)) {
            List<UnaryOperator<Tensor>> blocks = stack.apply(parameters);
            Tensor x = Tensor.variable("x", values());
            List<Tensor> trained = new ArrayList<>(
                    parameters.all().stream().map(Parameter::tensor).toList());
            trained.add(x);
            List<List<Tensor>> roots = new ArrayList<>();
            for (boolean recompute : new boolean[] {false, true}) {
                Tensor loss = loss(x, blocks, recompute);
                List<Tensor> all = new ArrayList<>(List.of(loss));
                all.addAll(Gradients.of(loss, trained));
                roots.add(all);
            }
            try (Program kept = Program.compile(roots.getFirst(), Execution.cpu());
                    Program recomputed = Program.compile(roots.getLast(), Execution.cpu())) {
                List<float[]> expected = run(kept);
                List<float[]> found = run(recomputed);
                for (int i = 0; i < expected.size(); i++) {
                    assertThat(found.get(i)).as("gradient " + i).containsExactly(expected.get(i));
                }
                assertThat(expected.getLast()).as("gradient of the input").doesNotContain(0);
                assertThat((double) recomputed.memory().workspace())
                        .as(
                                "workspace, of %,d bytes without scopes",
                                kept.memory().workspace())
                        .isLessThanOrEqualTo(0.25 * kept.memory().workspace());
            }
        }
    }

    @Test
    void aVisionTransformerNeedsAQuarterOfTheMemory() {
        check(RecomputeTest::clip);
    }

    @Test
    void aLlamaNeedsAQuarterOfTheMemory() {
        check(RecomputeTest::llama);
    }

    /** All towers say what their blocks are. */
    @ParameterizedTest
    @EnumSource(
            value = VisionConfig.Architecture.class,
            names = {"CLIP", "EVA02", "SIGLIP"})
    void visionTowersAreBuiltOfBlocks(VisionConfig.Architecture architecture) {
        VisionConfig config = VisionConfig.small(architecture, 48, 8, 64, LAYERS, 64);
        try (Parameters parameters = new Parameters(5)) {
            VisionTower tower = VisionTower.create(parameters, config);
            Tensor pixels = Tensor.full(0.5f, Shape.of(BATCH, 3, 48, 48));
            checkBuilt(parameters, () -> tower.embed(pixels));
        }
    }

    @Test
    void textTowersAreBuiltOfBlocks() {
        TextTowerSizes sizes = new TextTowerSizes(300, TOKENS, 64, 256, LAYERS, 2, 16, Activation.GELU, 1e-5f);
        Tensor ids = Tensor.variable("ids", TensorData.ofInts(Shape.of(BATCH, TOKENS), new int[BATCH * TOKENS]));
        Tensor lengths = Tensor.variable("lengths", TensorData.ofInts(Shape.of(BATCH), 40, 17, 3, 40));
        try (Parameters parameters = new Parameters(5)) {
            ClipTextTower tower =
                    ClipTextTower.create(parameters, new ClipTextTower.Config(sizes, new EndToken.Last()));
            checkBuilt(parameters, () -> tower.embed(ids, lengths));
        }
    }

    @Test
    void languageModelsAreBuiltOfBlocks() {
        LlamaConfig config = new LlamaConfig(300, WIDTH, 3 * WIDTH, LAYERS, 4, 2, 8, 1e-5f, 10000, null, TOKENS, false);
        Tensor ids = Tensor.variable("ids", TensorData.ofInts(Shape.of(BATCH, TOKENS), new int[BATCH * TOKENS]));
        Sequences rows =
                new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(BATCH), 40, 17, 3, 40)));
        try (Parameters parameters = new Parameters(5)) {
            Llama llama = Llama.languageModel(parameters, config, LlamaInitialization.STANDARD);
            checkBuilt(parameters, () -> llama.hidden(ids, rows, false));
        }
    }

    /**
     * A step in bf16 computes MLPs again, unless it does so with whole blocks. In f32 that would give the same bits; in bf16 activations are
     * part of other kernels then, and round their last bits otherwise.
     */
    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16"})
    void stepsInBf16ComputeMlpsAgain(Precision precision) {
        String absence = Processor.absence(precision).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        Execution execution = new Execution(Device.cpu(), new ProgramOptions(precision));
        VisionConfig config = VisionConfig.small(VisionConfig.Architecture.CLIP, 48, 8, 64, LAYERS, 64);
        try (Parameters parameters = new Parameters(5)) {
            VisionTower tower = VisionTower.create(parameters, config);
            Tensor pixels = Tensor.full(0.5f, Shape.of(BATCH, 3, 48, 48));
            List<Tensor> trained =
                    parameters.all().stream().map(Parameter::tensor).toList();
            Map<Precision, List<float[]>> gradients = new EnumMap<>(Precision.class);
            Map<Precision, ProgramMemory> memory = new EnumMap<>(Precision.class);
            for (Precision built : List.of(Precision.F32, Precision.BF16)) {
                Tensor loss = Blocks.buildStep(built, () -> tower.embed(pixels))
                        .square()
                        .mean();
                try (Program program = Program.compile(Gradients.of(loss, trained), execution)) {
                    gradients.put(built, run(program));
                    memory.put(built, program.memory());
                }
                Tensor inBlocks = Blocks.buildStep(built, () -> Blocks.build(true, () -> tower.embed(pixels)))
                        .square()
                        .mean();
                try (Program program = Program.compile(Gradients.of(inBlocks, trained), execution)) {
                    assertThat(program.memory().workspace())
                            .isLessThan(memory.get(built).workspace());
                }
            }
            List<float[]> expected = Objects.requireNonNull(gradients.get(Precision.F32));
            List<float[]> found = Objects.requireNonNull(gradients.get(Precision.BF16));
            assertThat(distance(found, expected))
                    .as("gradients, as a part of their length")
                    .isLessThanOrEqualTo(precision == Precision.F32 ? 0 : 0x1p-7);
            assertThat((double) memory.get(Precision.BF16).workspace())
                    .isLessThan(0.75 * memory.get(Precision.F32).workspace());
        }
    }

    /**
     * A step with recomputed blocks is that without, of any size: to the bit in f32, and in bf16 but for last bits that are rounded
     * otherwise where other kernels compute an activation.
     */
    @ParameterizedTest
    @CsvSource({
        "F32, CLIP, 64, 4",
        "F32, EVA02, 64, 3",
        "F32, SIGLIP, 64, 3",
        "BF16, CLIP, 64, 1",
        "BF16, CLIP, 192, 3",
        "BF16, EVA02, 64, 4",
        "BF16, SIGLIP, 64, 5"
    })
    void stepsAreThoseWithoutScopes(Precision precision, VisionConfig.Architecture architecture, int width, int batch) {
        String absence = Processor.absence(precision).orElse(null);
        assumeTrue(absence == null, "Not run natively: " + absence);
        Execution execution = new Execution(Device.cpu(), new ProgramOptions(precision));
        VisionConfig config = VisionConfig.small(architecture, 48, 8, width, LAYERS, 64);
        try (Parameters parameters = new Parameters(5)) {
            VisionTower tower = VisionTower.create(parameters, config);
            Tensor pixels = Tensor.variable("pixels", pixels(batch));
            List<Tensor> trained =
                    parameters.all().stream().map(Parameter::tensor).toList();
            List<List<float[]>> gradients = new ArrayList<>();
            for (boolean recompute : new boolean[] {false, true}) {
                Tensor loss = Blocks.buildStep(precision, () -> Blocks.build(recompute, () -> tower.embed(pixels)))
                        .square()
                        .mean();
                try (Program program = Program.compile(Gradients.of(loss, trained), execution)) {
                    gradients.add(run(program));
                }
            }
            assertThat(distance(gradients.getLast(), gradients.getFirst()))
                    .as("gradients, as a part of their length")
                    .isLessThanOrEqualTo(precision == Precision.F32 ? 0 : 0x1p-7);
        }
    }

    private static TensorData pixels(int batch) {
        Shape shape = Shape.of(batch, 3, 48, 48);
        float[] values = new float[shape.size()];
        CounterRandom random = new CounterRandom(7);
        for (int i = 0; i < values.length; i++) {
            values[i] = 2 * (float) random.uniform(1, i) - 1;
        }
        return TensorData.of(shape, values);
    }

    private static double distance(List<float[]> found, List<float[]> expected) {
        double squares = 0;
        double norm = 0;
        for (int i = 0; i < expected.size(); i++) {
            for (int j = 0; j < expected.get(i).length; j++) {
                squares += Math.pow(found.get(i)[j] - expected.get(i)[j], 2);
                norm += Math.pow(expected.get(i)[j], 2);
            }
        }
        return Math.sqrt(squares / norm);
    }

    private static void checkBuilt(Parameters parameters, Supplier<Tensor> output) {
        List<Tensor> trained = parameters.all().stream().map(Parameter::tensor).toList();
        List<List<float[]>> gradients = new ArrayList<>();
        List<Long> bytes = new ArrayList<>();
        for (boolean recompute : new boolean[] {false, true}) {
            Tensor loss = Blocks.build(recompute, output).square().mean();
            try (Program program = Program.compile(Gradients.of(loss, trained), Execution.cpu())) {
                gradients.add(run(program));
                bytes.add(program.memory().workspace());
            }
        }
        for (int i = 0; i < trained.size(); i++) {
            assertThat(gradients.getLast().get(i))
                    .as(trained.get(i).label())
                    .containsExactly(gradients.getFirst().get(i));
        }
        assertThat((double) bytes.getLast())
                .as("workspace, of %,d bytes if all is kept", bytes.getFirst())
                .isLessThan(0.4 * bytes.getFirst());
    }

    /** Scopes are a matter of memory only, also where the update is part of the program. */
    @Test
    void trainingStepsAreTheSame() {
        List<String> digests = new ArrayList<>();
        for (boolean recompute : new boolean[] {false, true}) {
            try (Parameters parameters = new Parameters(5)) {
                List<UnaryOperator<Tensor>> blocks = clip(parameters);
                List<TrainStep.Input> inputs = List.of(new TrainStep.Input("x", SHAPE, DType.F32));
                try (AdamW optimizer = new AdamW(
                                ParameterGroups.of(parameters.all(), 0.05f),
                                AdamW.Options.DEFAULT.withClipNorm(1),
                                Device.cpu());
                        TrainStep step = TrainStep.compile(
                                in -> loss(in.getFirst(), blocks, recompute),
                                inputs,
                                optimizer,
                                ProgramOptions.DEFAULT)) {
                    for (int i = 0; i < 3; i++) {
                        step.run(List.of(values()), 1e-2f);
                    }
                }
                digests.add(parameters.digest());
            }
        }
        assertThat(digests.getLast()).isEqualTo(digests.getFirst());
    }
}

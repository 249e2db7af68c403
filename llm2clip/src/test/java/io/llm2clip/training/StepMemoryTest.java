package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionInputs;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.ContrastiveLoss;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Memory is foretold in one sentence; where there is too little, options are named that do fit. */
class StepMemoryTest {
    private static final int BATCH = 64;
    private static final int SIDE = 64;

    private final Notes progress = new Notes();
    private final Parameters parameters = new Parameters(1);
    private final VisionTower vision =
            VisionTower.create(parameters, VisionConfig.small(VisionConfig.Architecture.CLIP, SIDE, 8, 192, 12, 64));
    private final EmbeddingLoss loss = new EmbeddingLoss() {
        @Override
        public List<Tensor> embed(List<Tensor> inputs, int examples) {
            Tensor images = vision.embed(inputs);
            return List.of(images, images.square());
        }

        @Override
        public Tensor loss(List<Tensor> embeddings, List<Tensor> inputs) {
            return ContrastiveLoss.symmetric(embeddings.get(0), embeddings.get(1), Tensor.scalar(2));
        }
    };
    private final AdamW optimizer =
            new AdamW(ParameterGroups.of(parameters.all(), 0), AdamW.Options.DEFAULT, Device.cpu());

    /** Equal pictures, as many as asked for. */
    private record Pictures(int size, VisionInputs vision) implements EmbeddingBatch {
        @Override
        public List<TensorData> inputs(int from, int to) {
            RgbImage picture = new RgbImage(SIDE, SIDE, new byte[3 * SIDE * SIDE]);
            return vision.of(Collections.nCopies(to - from, picture));
        }

        @Override
        public List<TensorData> lossInputs() {
            return List.of();
        }
    }

    private long live;

    @BeforeEach
    void remember() {
        // Drawn now rather than when they are first read.
        parameters.all().forEach(Parameter::data);
        live = EngineMemory.liveBytes();
    }

    @AfterEach
    void free() {
        assertThat(EngineMemory.liveBytes()).as("plans hold nothing").isEqualTo(live);
        optimizer.close();
        parameters.close();
    }

    private Pictures batch(int size) {
        return new Pictures(size, new VisionInputs(vision.config(), Preprocessing.miniature(SIDE), Arena.ofAuto()));
    }

    private void prepare(StepOptions options, long machine) {
        prepare(options, machine, 1, batch(BATCH));
    }

    private void prepare(StepOptions options, long machine, double growth, Pictures... batches) {
        TrainingPhase phase = new TrainingPhase(
                "stage 2", 1, new Schedule.Constant(1e-3f), 0, optimizer, options, ProgramOptions.DEFAULT);
        StepMemory memory = new StepMemory(phase, 1_000_000_000, 200_000_000, machine, progress);
        try (StepPrograms programs = new StepPrograms(phase, () -> {})) {
            for (Pictures pictures : batches) {
                memory.check(programs.prepare(loss, pictures), growth, new EmbeddingStep(loss, pictures));
            }
        }
    }

    private long bytes(StepOptions options) {
        TrainingPhase phase = new TrainingPhase(
                "stage 2", 1, new Schedule.Constant(1e-3f), 0, optimizer, options, ProgramOptions.DEFAULT);
        try (StepPrograms programs = new StepPrograms(phase.planned(options), () -> {})) {
            return programs.prepare(loss, batch(BATCH));
        }
    }

    @Test
    void itIsSaidOnceAndWhenItHasDoubled() {
        prepare(StepOptions.PLAIN, 1L << 50, 1, batch(8), batch(9), batch(8), batch(32));
        String number = "\\d+\\.\\d GB";
        assertThat(progress.sentences())
                .hasSize(2)
                .allSatisfy(sentence -> assertThat(sentence)
                        .matches(
                                "stage 2: steps take about %s of memory: models 1\\.0 GB, optimizer %<s, activations %<s, data 0\\.2 GB\\."
                                        .formatted(number)));
        progress.sentences().clear();
        prepare(StepOptions.PLAIN, 1L << 50, 4, batch(32));
        assertThat(progress.sentences().getFirst())
                .matches(".*, data 0\\.2 GB; activations of the longest captions about %s\\.".formatted(number));
    }

    @Test
    void aPlanSaysWhatTheProgramsTake() {
        for (StepOptions options :
                List.of(StepOptions.PLAIN, StepOptions.PLAIN.withChunk(8).withRecompute())) {
            TrainingPhase phase = new TrainingPhase(
                    "stage 2", 1, new Schedule.Constant(1e-3f), 0, optimizer, options, ProgramOptions.DEFAULT);
            try (StepPrograms programs = new StepPrograms(phase, () -> {})) {
                assertThat(bytes(options)).isEqualTo(programs.prepare(loss, batch(BATCH)));
            }
        }
    }

    /** What it says of an option is what that option says of itself, and it fits. */
    @Test
    void whatDoesNotFitNamesWhatDoes() {
        long others = 1_200_000_000 + optimizer.memoryBytes();
        long whole = bytes(StepOptions.PLAIN);
        long recomputed = bytes(StepOptions.PLAIN.withRecompute());
        assertThat(recomputed).isLessThan(whole / 2);
        assertThatThrownBy(() -> prepare(StepOptions.PLAIN, others + whole - 1))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("the machine has ")
                .hasMessageContaining("; --recompute takes ")
                .hasMessageContaining(", --chunk 32 takes ")
                .hasMessageEndingWith(", or lower --batch.");
        prepare(StepOptions.PLAIN, others + whole);
        prepare(StepOptions.PLAIN.withRecompute(), others + whole - 1);
        prepare(StepOptions.PLAIN.withChunk(32), others + whole - 1);

        long little = others + whole / 6;
        Matcher chunk = chunk(StepOptions.PLAIN, little);
        prepare(StepOptions.PLAIN.withChunk(Integer.parseInt(chunk.group(1))), little);
        Matcher smaller = chunk(StepOptions.PLAIN.withChunk(32), little);
        assertThat(smaller.group(1)).isEqualTo(chunk.group(1));
        for (StepOptions options : List.of(
                StepOptions.PLAIN,
                StepOptions.PLAIN.withChunk(1),
                StepOptions.PLAIN.withChunk(1).withRecompute())) {
            assertThatThrownBy(() -> prepare(options, others))
                    .hasMessageEndingWith("; lower --batch or take a smaller model.");
        }
    }

    private Matcher chunk(StepOptions options, long machine) {
        try {
            prepare(options, machine);
        } catch (InputException e) {
            Matcher matcher = Pattern.compile("--chunk (\\d+) takes \\d").matcher(e.getMessage());
            assertThat(matcher.find()).as(e.getMessage()).isTrue();
            return matcher;
        }
        throw new AssertionError("fits");
    }
}

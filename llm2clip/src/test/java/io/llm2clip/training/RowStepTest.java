package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.loss.CrossEntropy;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.run.TrainingRun;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What language models take is foretold; where there is too little memory, fewer rows at a time are named that do fit. */
class RowStepTest {
    private static final int LENGTH = 64;
    private static final int ROWS = 32;
    private static final long OTHERS = 1_200_000_000;

    private final Notes progress = new Notes();
    private final Parameters parameters = new Parameters(1);
    private final Llama llama = Llama.languageModel(
            parameters,
            new LlamaConfig(300, 64, 96, 2, 2, 1, 32, 1e-5f, 10000, null, 512, false),
            LlamaInitialization.STANDARD);
    private final AdamW optimizer =
            new AdamW(ParameterGroups.of(parameters.all(), 0), AdamW.Options.DEFAULT, Device.cpu());
    private long live;

    @BeforeEach
    void remember() {
        parameters.all().forEach(Parameter::data);
        live = EngineMemory.liveBytes();
    }

    @AfterEach
    void free() {
        assertThat(EngineMemory.liveBytes()).as("plans hold nothing").isEqualTo(live);
        optimizer.close();
        parameters.close();
    }

    /** @param parts of a step; 0 if there are no options that say how many */
    private RowStep step(int rows, int parts) {
        return new RowStep(
                rows,
                Math.max(parts, 1),
                parts > 0,
                count -> List.of(
                        TensorData.ofInts(Shape.of(count, LENGTH), new int[count * LENGTH]),
                        TensorData.ofInts(Shape.of(count, LENGTH), new int[count * LENGTH])),
                in -> CrossEntropy.mean(llama.logits(in.get(0), PackedRows.full(in.get(0))), in.get(1)),
                "do something else");
    }

    private TrainingPhase phase() {
        return new TrainingPhase(
                "texts",
                1,
                new Schedule.Constant(1e-3f),
                0,
                optimizer,
                StepOptions.PLAIN,
                ProgramOptions.DEFAULT.asPlan());
    }

    private long bytes(RowStep step) {
        try (StepPrograms programs = new StepPrograms(phase(), () -> {})) {
            return step.prepare(programs);
        }
    }

    private void check(RowStep step, long machine) {
        new StepMemory(phase(), 1_000_000_000, 200_000_000, machine, progress).check(bytes(step), 1, step);
    }

    /** What it says of fewer rows is what these say of themselves, and it fits. */
    @Test
    void whatDoesNotFitNamesFewerRowsThatDo() {
        long others = OTHERS + optimizer.memoryBytes();
        long sums = 4
                * parameters.all().stream()
                        .mapToLong(parameter -> parameter.tensor().shape().size())
                        .sum();
        RowStep whole = step(ROWS, 1);
        check(whole, others + bytes(whole));
        assertThat(progress.sentences()).hasSize(1);
        assertThat(progress.sentences().getFirst())
                .startsWith("texts: steps take about 1.2 GB of memory: models 1.0 GB");

        long little = others + sums + bytes(whole) / 3;
        Matcher named =
                named(whole, little, "--batch (\\d+) --accumulate (\\d+) takes 1\\.2 GB, or do something else\\.$");
        int rows = Integer.parseInt(named.group(1));
        int parts = Integer.parseInt(named.group(2));
        assertThat(rows).isLessThan(ROWS);
        assertThat(rows * parts).isEqualTo(ROWS);
        check(step(rows, parts), little);
        // Steps of several parts already have smaller ones.
        named = named(step(16, 3), little, "--batch (\\d+) --accumulate (\\d+) takes");
        assertThat(Integer.parseInt(named.group(1)) * Integer.parseInt(named.group(2)))
                .isEqualTo(48);

        named = named(step(ROWS, 0), little, "; a batch of (\\d+) rows takes 1\\.2 GB, or do something else\\.$");
        check(step(Integer.parseInt(named.group(1)), 0), little);
        assertThatThrownBy(() -> check(whole, others)).hasMessageEndingWith("; do something else.");
    }

    private Matcher named(RowStep step, long machine, String pattern) {
        try {
            check(step, machine);
        } catch (InputException e) {
            Matcher matcher = Pattern.compile(pattern).matcher(e.getMessage());
            assertThat(matcher.find()).as(e.getMessage()).isTrue();
            return matcher;
        }
        throw new AssertionError("fits");
    }

    /** Before the first step. */
    @Test
    void aLanguageModelSaysWhatItTakes() {
        List<int[]> captions = IntStream.range(0, 500)
                .mapToObj(i -> IntStream.range(0, 64).map(j -> (i + j) % 300).toArray())
                .toList();
        LanguageModelTraining.run(
                llama,
                captions,
                LanguageModelTraining.Config.of(1, 200, 128, 1e-3f, 0, 1),
                Execution.cpu(),
                TrainingRun.NONE,
                progress);
        assertThat(progress.sentences())
                .anyMatch(sentence -> sentence.startsWith("language model: steps take about 0."));
    }
}

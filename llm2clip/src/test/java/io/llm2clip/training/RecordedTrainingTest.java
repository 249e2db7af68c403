package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.dataset.MemoryExamples;
import io.llm2clip.dataset.Sampling;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RandomCrop;
import io.llm2clip.image.RgbImage;
import io.llm2clip.inspection.ModelReport;
import io.llm2clip.model.Logits;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Linear;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.Evaluation;
import io.llm2clip.training.run.RunDirectory;
import io.llm2clip.training.run.RunInspection;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunResult;
import io.llm2clip.training.run.RunSettings;
import io.llm2clip.training.run.StopRequest;
import io.llm2clip.training.run.StoppedException;
import io.llm2clip.training.run.TrainingRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** What a training leaves in its folder, and that it goes on from there to the same bits. */
class RecordedTrainingTest {
    private static final int STEPS = 12;
    private static final VisionConfig VISION = VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 1, 4);
    private static final JsonMapper JSON = new JsonMapper();

    @TempDir
    Path folder;

    private Optional<Evaluation> evaluation = Optional.empty();
    private StepOptions stepOptions = StepOptions.PLAIN;
    private ClipLossSettings lossSettings = ClipLossSettings.DEFAULT;
    private VisionTraining visionTraining = VisionTraining.WHOLE;
    private Parameters trained = new Parameters(0);
    private Runnable saving = () -> {};
    private final Notes progress = new Notes();
    private final List<String> notes = progress.sentences();

    /** What came of a training: all that a step depends on, or the exception that ended it. */
    private record Trained(String parameters, List<Float> losses, int skipped) {}

    private RunOptions options(boolean resume, int saveEvery, int keep, StopRequest stop) {
        return new RunOptions(folder.resolve("run"), resume, saveEvery, keep, 0, List.of("train", "clip"), stop);
    }

    private Trained train(RunOptions options, LongConsumer before, Long... broken) {
        return train(options, Existing.REFUSE, Map.of("batch", "4"), before, broken);
    }

    private Trained train(
            RunOptions options, Existing existing, Map<String, String> settings, LongConsumer before, Long... broken) {
        List<RgbImage> images = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            byte[] pixels = new byte[3 * 16 * 16];
            new Random(i).nextBytes(pixels);
            images.add(new RgbImage(16, 16, pixels));
        }
        OptimizerSettings optimizer = new OptimizerSettings(1e-2f, 1, 0.05f, AdamW.Options.DEFAULT.withClipNorm(1));
        ClipTraining.Config config = new ClipTraining.Config(
                        STEPS, 4, optimizer, 0.9f, 1, 2, 7, stepOptions, ParameterRules.NONE)
                .with(lossSettings)
                .with(visionTraining, Locks.NONE);
        try (RunDirectory directory = RunDirectory.claim(options, existing);
                Parameters parameters = new Parameters(3)) {
            trained = parameters;
            VisionTower vision = VisionTower.create(parameters, VISION);
            Linear adapter = Linear.create(parameters.root().scope("adapter"), 5, 4, false, Initializer.fanInNormal());
            Logits logits = Logits.create(parameters, lossSettings.start(Optional.empty()));
            TrainingRun run = directory.begin(new RunSettings(settings), Map.of(), progress);
            LossCurve losses = ClipTraining.run(
                    "stage 2",
                    vision,
                    new RandomCaptions(adapter).before(before).broken(List.of(broken)::contains),
                    logits,
                    mix(images),
                    config,
                    Execution.cpu(),
                    evaluation.map(run::evaluating).orElse(run),
                    progress);
            directory.save(saving);
            directory.finish(new RunResult(List.of(), Map.of(), List.of()), progress);
            return new Trained(parameters.digest(), losses.losses(), losses.skipped());
        }
    }

    /** Two sources, one of which is seen through random crops: all that a run has to find again. */
    private static ImageMix mix(List<RgbImage> images) {
        return new ImageMix(
                List.of(
                        new ImageMix.Source(images(images, RandomCrop.STAGE_2), 2),
                        new ImageMix.Source(images(images.subList(2, 8), null), 1)),
                false);
    }

    private static ImageExamples images(List<RgbImage> images, @Nullable RandomCrop crop) {
        return new ImageExamples(
                new MemoryExamples(images), Sampling.DEFAULT, ImageReader.DEFAULT, Preprocessing.miniature(16), crop);
    }

    @Test
    void aModelThatCannotBeSavedIsNotTrainedAgain() {
        saving = () -> {
            throw new CheckpointException("model: cannot be written: No space left on device.");
        };
        assertThatThrownBy(() -> train(options(false, 0, 1, new StopRequest()), _ -> {}))
                .hasMessage(
                        "model: cannot be written: No space left on device. What was trained is kept as %s; the same command with --resume goes on from there.",
                        folder.resolve("run").resolve("checkpoints").resolve("step-000012"));
        List<String> saved = new ArrayList<>();
        List<Long> steps = new ArrayList<>();
        saving = () -> saved.add(trained.digest());
        train(options(true, 0, 1, new StopRequest()), steps::add);
        saving = () -> {};
        Trained whole = train(options(false, 0, 1, new StopRequest()), Existing.REPLACE, Map.of("batch", "4"), _ -> {});
        assertThat(steps).isEmpty();
        assertThat(saved).containsExactly(whole.parameters());
    }

    /** Given scores, one for each measurement. */
    private Evaluation scores(double... scores) {
        Iterator<Double> next = Arrays.stream(scores).iterator();
        return new Evaluation() {
            private double newest;

            @Override
            public Map<String, Double> measure() {
                newest = next.next();
                return Map.of("val_r1", newest);
            }

            @Override
            public void save(Path directory) {
                try (OutputDirectory output = OutputDirectory.claim(directory, "model", Existing.REPLACE)) {
                    output.fill(into -> Files.writeString(into.resolve("score"), Double.toString(newest)));
                    output.publish();
                }
            }
        };
    }

    @Test
    void theBestModelIsKept() throws IOException {
        RunOptions every5 = new RunOptions(run(""), false, 0, 2, 5, List.of(), new StopRequest());
        evaluation = Optional.of(scores(0.25, 0.5, 0.375));
        train(every5, _ -> {});
        assertThat(run("best/score")).hasContent("0.5");
        assertThat(notes)
                .contains("The best model, held-out R@1 50.0 %% after step 10 of the run, is in %s."
                        .formatted(run("best")));
        assertThat(metrics().stream().filter(line -> line.has("val_r1")))
                .extracting(line ->
                        line.path("step").asInt() + ": " + line.path("val_r1").asDouble())
                .containsExactly("5: 0.25", "10: 0.5", "12: 0.375");

        // What was the best before the training was stopped is remembered.
        StopRequest stop = new StopRequest();
        RunOptions stopping = new RunOptions(run(""), false, 0, 2, 5, List.of(), stop);
        evaluation = Optional.of(scores(0.75));
        assertThatThrownBy(() -> train(stopping, Existing.REPLACE, Map.of("batch", "4"), step -> {
                    if (step == 7) {
                        stop.request();
                    }
                }))
                .isInstanceOf(StoppedException.class);
        assertThat(run("best/score")).hasContent("0.75");
        evaluation = Optional.of(scores(0.625, 0.5));
        train(new RunOptions(run(""), true, 0, 2, 5, List.of(), new StopRequest()), _ -> {});
        assertThat(run("best/score")).hasContent("0.75");
        assertThat(notes).last().asString().contains("75.0 % after step 5 of the run");

        // Without measurements an earlier best model is not left to be taken for one of this run.
        evaluation = Optional.empty();
        train(options(false, 5, 2, new StopRequest()), Existing.REPLACE, Map.of(), _ -> {});
        assertThat(run("best")).doesNotExist();
    }

    @Test
    void aBestModelThatCannotBeSavedEndsNoTraining() throws IOException {
        Files.createDirectories(run("").resolveSibling("elsewhere"));
        evaluation = Optional.of(scores(0.5, 0.75, 0.25));
        train(new RunOptions(run(""), false, 0, 2, 5, List.of(), new StopRequest()), step -> {
            if (step == 4) {
                try {
                    Files.createDirectories(run("best/mine"));
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        });
        assertThat(notes)
                .anyMatch(
                        note -> note.startsWith(
                                        run("best") + ": expected a new or empty folder, found other files (mine)")
                                && note.endsWith(
                                        "The model after step 10 of stage 2 is the best so far, but was not saved; the run goes on."));
    }

    private Path run(String name) {
        return folder.resolve("run").resolve(name);
    }

    private List<String> checkpoints() throws IOException {
        try (Stream<Path> entries = Files.list(run("checkpoints"))) {
            return entries.map(path -> path.getFileName().toString()).sorted().toList();
        }
    }

    private List<JsonNode> metrics() throws IOException {
        return Files.readAllLines(run("metrics.jsonl")).stream()
                .map(JSON::readTree)
                .toList();
    }

    @Test
    void aRunLeavesArgumentsMetricsAndItsNewestCheckpoints() throws IOException {
        train(options(false, 5, 2, new StopRequest()), _ -> {}, 2L);
        assertThat(checkpoints()).containsExactly("step-000010", "step-000012");
        JsonNode arguments = JSON.readTree(run("args.json"));
        assertThat(arguments.path("command").toString()).isEqualTo("[\"train\",\"clip\"]");
        assertThat(arguments.path("settings").path("batch").asString()).isEqualTo("4");
        assertThat(arguments.path("versions").path("Java").asString())
                .startsWith(Runtime.version().toString());
        assertThat(arguments.path("versions").path("CPU").asString()).isNotBlank();
        assertThat(arguments.has("finished")).isTrue();
        List<JsonNode> metrics = metrics();
        assertThat(metrics)
                .extracting(line -> line.path("step").asInt())
                .containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
        JsonNode skipped = metrics.get(2);
        assertThat(skipped.path("not_finite").asString()).isEqualTo("the loss");
        assertThat(skipped.has("loss")).isFalse();
        JsonNode last = metrics.getLast();
        assertThat(last.path("phase").asString()).isEqualTo("stage 2");
        assertThat(last.path("loss").asDouble()).isPositive();
        assertThat(last.path("gradient_norm").asDouble()).isPositive();
        assertThat(last.path("learning_rate").asDouble()).isBetween(1e-9, 1e-2);
        assertThat(last.path("logit_scale").asDouble()).isBetween(1.0, 101.0);
        assertThat(last.path("examples_per_second").asDouble()).isPositive();
        assertThat(last.path("memory_bytes").asLong()).isPositive();
        assertThat(last.path("skipped_steps").asInt()).isEqualTo(1);
        try (Stream<Path> files = Files.list(folder.resolve("run"))) {
            assertThat(files.filter(file -> file.getFileName().toString().contains("tfevents")))
                    .hasSize(1);
        }
    }

    @Test
    void aStoppedTrainingGoesOnToTheSameBits() throws IOException {
        goesOnToTheSameBits();
    }

    /** Sums of gradients, blocks that are computed again, an average: all that is kept is kept in a checkpoint. */
    @Test
    void soDoesOneByChunksWithAnAverage() throws IOException {
        stepOptions = new StepOptions(3, true, 0.9f);
        goesOnToTheSameBits();
    }

    /** Patches and inputs of low-rank updates that are dropped are so by step, and the bias is a parameter like others. */
    @Test
    void whatIsDroppedAndTheBiasOfSigmoidsGoOnToTheSameBits() throws IOException {
        stepOptions = new StepOptions(3, true, null);
        lossSettings = new ClipLossSettings(ClipLossSettings.Loss.SIGMOID, true, null);
        visionTraining = new VisionTraining(0.5f, new LoraSettings(4, 8, 0.25f));
        goesOnToTheSameBits();
    }

    /** What is measured and what the training ends with is the average; a checkpoint has the parameters of the next step. */
    @Test
    void theAverageIsMeasuredAndKept() throws IOException {
        stepOptions = new StepOptions(null, false, 0.6f);
        List<String> measured = new ArrayList<>();
        evaluation = Optional.of(new Evaluation() {
            @Override
            public Map<String, Double> measure() {
                measured.add(trained.digest());
                return Map.of("val_r1", 0.5);
            }

            @Override
            public void save(Path directory) {
                try (OutputDirectory output = OutputDirectory.claim(directory, "model", Existing.REPLACE)) {
                    output.fill(into -> Files.writeString(into.resolve("digest"), trained.digest()));
                    output.publish();
                }
            }
        });
        Trained averaged = train(new RunOptions(run(""), false, 6, 5, 6, List.of(), new StopRequest()), _ -> {});
        assertThat(run("best/digest")).hasContent(measured.getFirst());
        assertThat(measured).hasSize(2).last().isEqualTo(averaged.parameters);
        byte[] parameters = Files.readAllBytes(run("checkpoints/step-000012/parameters.safetensors"));
        stepOptions = StepOptions.PLAIN;
        evaluation = Optional.empty();
        Trained plain = train(options(false, 6, 5, new StopRequest()), Existing.REPLACE, Map.of(), _ -> {});
        assertThat(plain.losses).isEqualTo(averaged.losses);
        assertThat(plain.parameters).isNotEqualTo(averaged.parameters);
        assertThat(run("checkpoints/step-000012/parameters.safetensors")).hasBinaryContent(parameters);
    }

    private void goesOnToTheSameBits() throws IOException {
        Trained whole = train(options(false, 0, 2, new StopRequest()), _ -> {}, 1L, 6L);
        assertThat(checkpoints()).containsExactly("step-000012");
        byte[] parameters = Files.readAllBytes(run("checkpoints/step-000012/parameters.safetensors"));
        byte[] moments = Files.readAllBytes(run("checkpoints/step-000012/optimizer.safetensors"));
        List<String> curve = metrics().stream().map(RecordedTrainingTest::exact).toList();
        // In the first step, between two that are skipped, and before the last.
        for (int stopped : new int[] {0, 6, 10}) {
            StopRequest stop = new StopRequest();
            assertThatThrownBy(() -> train(
                            options(false, 5, 2, stop),
                            Existing.REPLACE,
                            Map.of("batch", "4"),
                            step -> assertThat(step != stopped || stop.request())
                                    .isTrue(),
                            1L,
                            6L))
                    .isInstanceOf(StoppedException.class)
                    .hasMessage(
                            "stage 2: stopped after step %d of 12 and saved as %s; the same command with --resume goes on from there.",
                            stopped + 1, run("checkpoints/step-0000%02d".formatted(stopped + 1)));
            notes.clear();
            Trained resumed = train(options(true, 5, 2, new StopRequest()), _ -> {}, 1L, 6L);
            assertThat(notes)
                    .first()
                    .asString()
                    .startsWith("stage 2: goes on after step %d of 12,".formatted(stopped + 1));
            assertThat(resumed).isEqualTo(whole);
            assertThat(run("checkpoints/step-000012/parameters.safetensors")).hasBinaryContent(parameters);
            assertThat(run("checkpoints/step-000012/optimizer.safetensors")).hasBinaryContent(moments);
            assertThat(metrics().stream().map(RecordedTrainingTest::exact)).isEqualTo(curve);
            assertThat(JSON.readTree(run("args.json"))
                            .path("resumed")
                            .path(0)
                            .path("step")
                            .asInt())
                    .isEqualTo(stopped + 1);
        }
    }

    /** What does not depend on the clock. */
    private static String exact(JsonNode line) {
        return line.path("step") + " " + line.path("loss") + " " + line.path("gradient_norm") + " "
                + line.path("logit_scale");
    }

    @Test
    void otherSettingsAreNamedAndRefused() {
        StopRequest stop = new StopRequest();
        assertThatThrownBy(() -> train(options(false, 5, 2, stop), _ -> stop.request()))
                .isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> train(
                        options(true, 5, 2, new StopRequest()),
                        Existing.REFUSE,
                        Map.of("batch", "8", "seed", "2"),
                        _ -> {}))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(run("") + ": a run goes on with the settings that it began with, found ")
                .hasMessageContaining("batch 8 instead of 4")
                .hasMessageContaining("seed 2 instead of none");
    }

    @Test
    void aRunIsNotReplacedUnasked() throws IOException {
        RunOptions fresh = options(false, 5, 2, new StopRequest());
        assertThatThrownBy(() -> train(options(true, 5, 2, new StopRequest()), _ -> {}))
                .hasMessage(
                        "%s: expected a run to go on from, found none; leave out --resume to begin one, or name its folder with --run.",
                        run(""));
        assertThat(folder).isEmptyDirectory();
        StopRequest stop = new StopRequest();
        assertThatThrownBy(() -> train(options(false, 5, 2, stop), _ -> stop.request()))
                .isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> train(fresh, _ -> {}))
                .hasMessage(
                        "%s: holds a run that was not finished; go on from it with --resume, choose another name, or replace it with --overwrite.",
                        run(""));
        Files.writeString(run("notes.txt"), "mine");
        Files.createDirectories(run("checkpoints/step-000001/mine"));
        train(fresh, Existing.REPLACE, Map.of(), _ -> {});
        assertThat(run("notes.txt")).hasContent("mine");
        assertThat(run("checkpoints/step-000001/mine")).exists();
        assertThat(metrics()).hasSize(STEPS);
        assertThatThrownBy(() -> train(fresh, _ -> {}))
                .hasMessage("%s: holds a finished run; choose another name or replace it with --overwrite.", run(""));
        assertThatThrownBy(() -> train(options(true, 5, 2, new StopRequest()), _ -> {}))
                .hasMessageContaining("found one that was finished at ");
        Path foreign = Files.createDirectories(folder.resolve("foreign"));
        Files.writeString(foreign.resolve("thesis.txt"), "mine");
        RunOptions elsewhere = new RunOptions(foreign, false, 5, 2, 0, List.of(), new StopRequest());
        assertThatThrownBy(() -> train(elsewhere, Existing.REPLACE, Map.of(), _ -> {}))
                .hasMessageContaining("found other files (thesis.txt)");
    }

    /** All images damaged, say. */
    @Test
    void aTrainingThatFailsBeforeItsFirstStepLeavesNoRun() throws IOException {
        RunOptions fresh = options(false, 5, 2, new StopRequest());
        LongConsumer broken = _ -> {
            throw new IllegalStateException("no batch");
        };
        assertThatThrownBy(() -> train(fresh, broken)).hasMessage("no batch").hasNoSuppressedExceptions();
        assertThat(folder).isEmptyDirectory();
        // What others put there stays, and so does a folder that somebody made.
        Files.createDirectories(run(""));
        assertThatThrownBy(() -> train(fresh, broken)).hasMessage("no batch").hasNoSuppressedExceptions();
        assertThat(run("")).exists();
        assertThat(run("args.json")).doesNotExist();
        Files.writeString(run("notes.txt"), "mine");
        assertThatThrownBy(() -> train(fresh, broken)).hasMessage("no batch").hasNoSuppressedExceptions();
        assertThat(run("notes.txt")).hasContent("mine");
        Files.delete(run("notes.txt"));
        // One that was replaced is gone, as was asked for.
        train(fresh, _ -> {});
        assertThatThrownBy(() -> train(fresh, Existing.REPLACE, Map.of(), broken))
                .hasMessage("no batch")
                .hasNoSuppressedExceptions();
        assertThat(folder).isEmptyDirectory();
        // A run that goes on stays for the next attempt to do so, whatever it has.
        StopRequest stop = new StopRequest();
        assertThatThrownBy(() -> train(options(false, 5, 2, stop), _ -> stop.request()))
                .isInstanceOf(StoppedException.class);
        assertThatThrownBy(() -> train(options(true, 5, 2, new StopRequest()), broken))
                .hasMessage("no batch");
        assertThat(checkpoints()).containsExactly("step-000001");
    }

    @Test
    void twoRunsDoNotShareAFolder() {
        try (RunDirectory ignored = RunDirectory.claim(options(false, 5, 2, new StopRequest()), Existing.REFUSE)) {
            assertThatThrownBy(() -> train(options(false, 5, 2, new StopRequest()), _ -> {}))
                    .hasMessage(
                            "%s: another run of this program is writing to this folder; wait until it ends or choose another folder.",
                            run(""));
        }
    }

    @Test
    void inspectionTellsARunningTrainingFromAnInterruptedAndAFinishedOne() {
        StopRequest stop = new StopRequest();
        assertThatThrownBy(() -> train(options(false, 5, 2, stop), step -> {
                    if (step == 5) {
                        assertThat(inspected().pending()).containsExactly("The training is running.");
                        assertThat(inspected().complete()).isFalse();
                        stop.request();
                    }
                }))
                .isInstanceOf(StoppedException.class);
        assertThat(inspected().pending())
                .containsExactly("The training was interrupted; the same command with --resume goes on after step 6.");
        assertThat(inspected().complete()).isFalse();
        train(options(true, 5, 2, new StopRequest()), Existing.REFUSE, Map.of("batch", "4"), _ -> {});
        assertThat(inspected().complete()).isTrue();
    }

    private ModelReport inspected() {
        return RunInspection.of(run("")).orElseThrow();
    }

    @Test
    void aDamagedCheckpointIsNotTaken() throws IOException {
        Trained whole = train(options(false, 4, 3, new StopRequest()), _ -> {});
        StopRequest stop = new StopRequest();
        assertThatThrownBy(() -> train(options(false, 4, 3, stop), Existing.REPLACE, Map.of("batch", "4"), step -> {
                    if (step == 9) {
                        stop.request();
                    }
                }))
                .isInstanceOf(StoppedException.class);
        assertThat(checkpoints()).containsExactly("step-000004", "step-000008", "step-000010");
        Path cut = run("checkpoints/step-000010/optimizer.safetensors");
        Files.write(cut, new byte[10]);
        // What a killed program leaves of one that it has not finished.
        Path half = run("checkpoints/.step-000009.00000000-0000-0000-0000-000000000000.tmp");
        Files.createDirectories(half);
        notes.clear();
        assertThat(train(options(true, 4, 3, new StopRequest()), _ -> {})).isEqualTo(whole);
        assertThat(notes)
                .contains(run("checkpoints/step-000010") + " is damaged and left out; an earlier one is taken.")
                .anyMatch(note -> note.startsWith("stage 2: goes on after step 8 of 12"));
        assertThat(half).doesNotExist();
    }

    /** Whatever keeps a checkpoint from being written, a full disk say. */
    @Test
    void aCheckpointThatCannotBeWrittenEndsNoTraining() throws IOException {
        Trained whole = train(options(false, 4, 2, new StopRequest()), _ -> {});
        Path blocked = run("checkpoints/step-000008");
        Trained blockedOnce =
                train(options(false, 4, 2, new StopRequest()), Existing.REPLACE, Map.of("batch", "4"), step -> {
                    if (step == 6) {
                        try {
                            Files.createDirectories(blocked.resolve("mine"));
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }
                });
        assertThat(blockedOnce).isEqualTo(whole);
        assertThat(notes)
                .anyMatch(note -> note.startsWith(blocked + ": expected a new or empty folder, found other files")
                        && note.endsWith(
                                " No checkpoint was made after step 8 of stage 2; the run goes on, the newest checkpoint is %s."
                                        .formatted(run("checkpoints/step-000004"))));
        assertThat(checkpoints()).containsExactly("step-000004", "step-000008", "step-000012");
    }

    @Test
    void tenStepsInARowThatAreNotFiniteLeaveTheLastGoodCheckpoint() throws IOException {
        Long[] broken = Stream.iterate(2L, step -> step + 1).limit(10).toArray(Long[]::new);
        // The checkpoint of step 2 was made by the last step that was finite: nothing says that its parameters are
        // sound.
        assertThatThrownBy(() -> train(options(false, 1, 1, new StopRequest()), _ -> {}, broken))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining(
                        "10 steps in a row were not finite (now the loss); lower the learning rate or check the data. The newest checkpoint before them is %s.",
                        run("checkpoints/step-000001"));
        assertThat(checkpoints()).containsExactly("step-000001");
    }
}

package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.HeldOutExamples;
import io.llm2clip.evaluation.Bootstrap;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Logits;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.RunDirectory;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunResult;
import io.llm2clip.training.run.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Stage 2 on a user's images: makes a model that {@link io.llm2clip.Llm2Clip#load} opens.
 *
 * <pre>{@code
 * var start = new VisionStart.FromScratch(VisionConfig.miniature());
 * var job = new ClipTrainingJob(
 *         new ClipData(ExampleSets.open("photos", CaptionColumns.BY_NAME), start.choices()),
 *         new ClipText.LanguageModel(Path.of("text"), Path.of("text-vectors")),
 *         start,
 *         start.recipe(300, 1),
 *         Path.of("model"),
 *         Existing.REFUSE);
 * ClipTrainingJob.Result result = job.run(Progress.NONE);
 * }</pre>
 *
 * @param data what is learned from and measured
 * @param text what reads the captions
 * @param vision the vision tower to begin with
 * @param training of stage 2
 * @param out receives the model; of a text tower alone a CLIP as {@link io.llm2clip.conversion.Conversion} writes one
 * @param adapter receives the low-rank updates of a pretrained vision tower, and its projection, as an adapter that PEFT loads, if asked
 *     for
 * @param baseline what the model is compared with on what is held out, if anything
 * @param existing what to do if {@code out} holds one already
 * @param execution where and how to compute
 * @param run what else the training leaves behind, and whether it goes on from an earlier one
 */
public record ClipTrainingJob(
        ClipData data,
        ClipText text,
        VisionStart vision,
        ClipTraining.Config training,
        Path out,
        Optional<Path> adapter,
        Optional<ClipBaseline> baseline,
        Existing existing,
        Execution execution,
        RunOptions run) {

    /**
     * Checks what options alone speak against.
     *
     * @throws IllegalArgumentException if a folder to write to is in another, or an adapter is asked for and there are no updates, or no
     *     tower that they would be for
     */
    public ClipTrainingJob {
        if (adapter.isPresent() && training.vision().lora() == null) {
            throw new IllegalArgumentException(
                    "An adapter of a vision tower that is trained as a whole; expected low-rank updates (--vision-lora), too.");
        }
        if (adapter.isPresent() && !(vision instanceof VisionStart.Pretrained)) {
            throw new IllegalArgumentException(
                    "An adapter for a vision tower from scratch, which nobody else has; expected one from a pretrained tower (--vision).");
        }
        Map<String, Path> folders = new LinkedHashMap<>();
        folders.put("model", out);
        adapter.ifPresent(path -> folders.put("adapter", path));
        text.vectors().ifPresent(store -> folders.put("vectors", store));
        folders.put("run", run.directory());
        OutputFolders.requireApart(folders);
    }

    /** A new run on the CPU. */
    public ClipTrainingJob(
            ClipData data,
            ClipText text,
            VisionStart vision,
            ClipTraining.Config training,
            Path out,
            Existing existing) {
        this(data, text, vision, training, out, existing, Execution.cpu(), RunOptions.beside(out));
    }

    /** Without an adapter and a baseline. */
    public ClipTrainingJob(
            ClipData data,
            ClipText text,
            VisionStart vision,
            ClipTraining.Config training,
            Path out,
            Existing existing,
            Execution execution,
            RunOptions run) {
        this(data, text, vision, training, out, Optional.empty(), Optional.empty(), existing, execution, run);
    }

    /**
     * What came of it.
     *
     * @param trainingImages images that there are to learn from
     * @param measuredImages images that were measured
     * @param broken how many of both could not be used, as far as they were drawn
     * @param reasons a sentence for each of the first
     * @param retrieval between the measured images and all their captions, by what embedded the captions: of the saved model first
     * @param baseline what the baseline found, if there is one that could be measured
     * @param losses of every step
     * @param captions of all images, or where there are very many of those that were looked at
     * @param cutCaptions how many of them were too long, so that their ends do not count
     */
    public record Result(
            long trainingImages,
            int measuredImages,
            long broken,
            List<String> reasons,
            Map<CaptionsBy, RetrievalMetrics> retrieval,
            Optional<ClipBaseline.Found> baseline,
            LossCurve losses,
            long captions,
            long cutCaptions) {}

    /**
     * Trains and saves.
     *
     * @throws InputException if the images cannot be used
     * @throws IllegalArgumentException if rules of the training are of other parameters
     * @throws DivergedException if the training was ended because its steps were not finite; the model before them is saved
     * @throws io.llm2clip.training.run.StoppedException if it was stopped; a run with {@link RunOptions#resume} goes on from there
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a model cannot be read or written
     */
    public Result run(Progress progress) {
        JavaRuntime.require();
        HeldOutExamples split = data.split();
        data.requireMemory(split, vision.config(), training.batch(), training.stepOptions());
        ClipNotes notes = new ClipNotes(data, vision, training);
        try (OutputDirectory output = ModelDirectory.claim(out, existing);
                RunDirectory directory = RunDirectory.claim(run, existing);
                @Nullable
                        OutputDirectory adapterOutput = adapter.map(path -> VisionTower.claimAdapter(path, existing))
                                .orElse(null);
                Parameters parameters = new Parameters(training.seed())) {
            Optional<Logits.Values> published = vision.logits();
            Logits.Values start = training.loss().start(published);
            VisionTower tower = vision.create(parameters);
            CaptionDraw draw = new CaptionDraw(data.choices().longShare());
            try (VisionSide side = new VisionSide(tower, training.vision(), training.seed());
                    ClipTexts texts = ClipTexts.open(
                            text, parameters, tower.config().projectionSize(), split.training(), draw, execution)) {
                ClipBranches models = new ClipBranches(
                        texts, tower, texts.contrasts(parameters, start), description(tower, notes.provenance(texts)));
                // What rules speak against is found before anything is computed.
                ClipTraining.groups(side, texts.side().parameters(), models.contrasts(), training);
                output.requireRoom(models.bytes());
                progress.announce(notes.announcement());
                progress.announce(training.loss().announcement(start, published));
                vision.remark().ifPresent(progress::announce);
                TextVectors.Filled filled =
                        texts.prepare(sets(split), (long) training.steps() * training.batch(), progress);
                Preprocessing preprocessing =
                        models.description().preprocessing().of(tower.config());
                ClipEvaluation evaluation =
                        new ClipEvaluation(models, data.measured(split, preprocessing), execution, progress);
                TrainingRun recorded = directory
                        .begin(notes.settings(split, texts, parameters, execution), notes.about(out, split), progress)
                        .evaluating(evaluation);
                LossCurve losses;
                try {
                    losses = ClipTraining.run(
                            "stage 2, images and captions",
                            side,
                            texts.side(),
                            models.contrasts(),
                            data.training(split, preprocessing),
                            training,
                            execution,
                            recorded,
                            progress);
                } catch (DivergedException e) {
                    // The models as they were before the steps that were not finite.
                    models.save(output);
                    throw e.savedTo(out);
                }
                // Saved before they are measured: whatever happens then, nothing was trained for nothing.
                directory.save(() -> models.save(output));
                if (adapterOutput != null && vision instanceof VisionStart.Pretrained pretrained) {
                    OutputFolders.writeAfter(out, () -> side.saveAdapter(adapterOutput, pretrained.path()));
                }
                ClipEvaluation.Measured measured = evaluation.retrieval();
                Optional<ClipBaseline.Found> other =
                        baseline.flatMap(each -> each.measure(data, split, measured.embedded(), progress));
                Gallery gallery = measured.gallery().apply(other);
                directory.finish(
                        new RunResult(
                                new ClipOutcomes(
                                                measured.retrieval(),
                                                other,
                                                measured.embedded().images(),
                                                Bootstrap.standard(training.seed()))
                                        .all(),
                                Map.of("held-out images by their captions", gallery),
                                NextCommands.ofClip(
                                        out, data.validation(), gallery, image -> directory.picture(0, image))),
                        progress);
                return new Result(
                        split.training().size(),
                        measured.images(),
                        losses.broken() + measured.broken().size(),
                        Stream.concat(losses.reasons().stream(), measured.broken().stream())
                                .toList(),
                        measured.retrieval(),
                        other,
                        losses,
                        filled.captions(),
                        filled.cut());
            }
        }
    }

    private ModelDescription description(VisionTower tower, Map<String, String> provenance) {
        return new ModelDescription(
                vision.preprocessing(tower.config()), data.reader().exifOrientation(), training.seed(), provenance);
    }

    /** All that captions are read of; of a set that is learned from and measured, as a whole. */
    private List<ExampleSet> sets(HeldOutExamples split) {
        List<ExampleSet> sets = new ArrayList<>(
                data.mix().sources().stream().map(DataSource::set).toList());
        if (data.validation() instanceof Validation.Data) {
            sets.add(split.measured());
        }
        return sets;
    }
}

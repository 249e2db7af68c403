package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.HeldOutExamples;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.Logits;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.run.RunDirectory;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.TrainingRun;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Stage 2 on a user's images: makes a model that {@link io.llm2clip.Llm2Clip#load} opens.
 *
 * <pre>{@code
 * var start = new VisionStart.FromScratch(VisionConfig.miniature());
 * var job = new ClipTrainingJob(
 *         new ClipData(ExampleSets.open("photos", CaptionColumns.BY_NAME), start.choices()),
 *         new ClipText(Path.of("text"), Path.of("text-vectors")),
 *         start,
 *         start.recipe(300, 1),
 *         Path.of("model"),
 *         Existing.REFUSE);
 * ClipTrainingJob.Result result = job.run(Progress.NONE);
 * }</pre>
 *
 * @param data what is learned from and measured
 * @param text the text encoder
 * @param vision the vision tower to begin with
 * @param training of stage 2
 * @param out receives the model
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
        Existing existing,
        Execution execution,
        RunOptions run) {

    /** @throws IllegalArgumentException if a folder to write to is in another */
    public ClipTrainingJob {
        Map<String, Path> folders = new LinkedHashMap<>();
        folders.put("model", out);
        folders.put("vectors", text.vectors());
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

    /**
     * What came of it.
     *
     * @param trainingImages images that there are to learn from
     * @param measuredImages images that were measured
     * @param broken how many of these could not be used, as far as they were drawn
     * @param reasons a sentence for each of the first
     * @param retrieval between the measured images and all their captions
     * @param skippedSteps whose loss or gradients were not finite
     * @param captions of all images
     * @param cutCaptions how many of them were too long, so that their ends do not count
     */
    public record Result(
            long trainingImages,
            int measuredImages,
            long broken,
            List<String> reasons,
            RetrievalMetrics retrieval,
            int skippedSteps,
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
        data.requireMemory(split, vision.config(), training.batch());
        ClipNotes notes = new ClipNotes(data, vision, training);
        try (OutputDirectory output = ModelDirectory.claim(out, existing);
                RunDirectory directory = RunDirectory.claim(run, existing);
                TextModel language = TextModel.open(text.encoder(), text.specialTokens(), execution);
                Parameters parameters = new Parameters(training.seed())) {
            Optional<Logits.Values> published = vision.logits();
            Logits.Values start = training.loss().start(published);
            Llm2ClipModel model = create(parameters, language, start, notes);
            TextAdapter adapter = model.language().adapter();
            try (VisionSide tower = new VisionSide(model.vision(), training.vision(), training.seed());
                    TextVectorStore store = TextVectorStore.open(
                            text.vectors(),
                            language.fingerprint(),
                            language.llama().config().hiddenSize())) {
                // What rules speak against is found before anything is computed.
                ClipTraining.groups(tower, adapter.parameters(), model.logits(), training);
                output.requireRoom(ModelDirectory.bytes(model, Saving.DEFAULT));
                progress.announce(notes.announcement());
                progress.announce(training.loss().announcement(start, published));
                vision.remark().ifPresent(progress::announce);
                TextVectors.Filled filled = fill(split, language, store, progress);
                VectorLookup lookup = VectorLookup.of(language.encoder(), store);
                Preprocessing preprocessing =
                        model.description().preprocessing().of(model.vision().config());
                ClipEvaluation evaluation = new ClipEvaluation(
                        model,
                        language.tokenizerFiles(),
                        data.measured(split, preprocessing),
                        lookup,
                        execution,
                        progress);
                TrainingRun recorded = directory
                        .begin(notes.settings(split, language, parameters, execution), progress)
                        .evaluating(evaluation);
                LossCurve losses;
                try {
                    losses = ClipTraining.run(
                            "stage 2, images and captions",
                            tower,
                            new CachedTextSide(
                                    adapter,
                                    lookup,
                                    language.encoder()::kinds,
                                    new CaptionDraw(data.choices().longShare())),
                            model.logits(),
                            data.training(split, preprocessing),
                            training,
                            execution,
                            recorded,
                            progress);
                } catch (DivergedException e) {
                    // The model as it was before the steps that were not finite.
                    ModelDirectory.save(output, model, language.tokenizerFiles(), Saving.DEFAULT);
                    throw e.savedTo(out);
                }
                // Saved before it is measured: whatever happens then, nothing was trained for nothing.
                ModelDirectory.save(output, model, language.tokenizerFiles(), Saving.DEFAULT);
                ClipEvaluation.Measured measured = evaluation.retrieval();
                directory.finish(ClipOutcomes.of(measured.retrieval()), progress);
                return new Result(
                        split.training().size(),
                        measured.images(),
                        losses.broken() + measured.broken().size(),
                        Stream.concat(losses.reasons().stream(), measured.broken().stream())
                                .toList(),
                        measured.retrieval(),
                        losses.skipped(),
                        filled.captions(),
                        filled.cut());
            }
        }
    }

    private Llm2ClipModel create(Parameters parameters, TextModel language, Logits.Values start, ClipNotes notes) {
        VisionTower tower = vision.create(parameters);
        TextAdapter adapter = TextAdapter.createIdentity(
                parameters,
                new TextAdapter.Config(
                        language.llama().config().hiddenSize(), tower.config().projectionSize(), true));
        PreprocessingPreset preset = vision.preprocessing(tower.config());
        return new Llm2ClipModel(
                new ModelDescription(
                        preset, data.reader().exifOrientation(), training.seed(), notes.provenance(language)),
                new LanguageBranch(language.llama(), adapter, language.reading()),
                tower,
                Logits.create(parameters, start));
    }

    /** Computes the vectors of what is learned from and of what is measured; of a set that is both, as a whole. */
    private TextVectors.Filled fill(
            HeldOutExamples split, TextModel language, TextVectorStore store, Progress progress) {
        List<ExampleSet> sets = new ArrayList<>(
                data.mix().sources().stream().map(DataMix.Source::set).toList());
        if (data.validation() instanceof Validation.Data) {
            sets.add(split.measured());
        }
        TextVectors.Filled filled = TextVectors.Filled.NONE;
        for (ExampleSet set : sets) {
            filled = filled.and(TextVectors.fill(language.encoder(), set, VectorPart.WHOLE, store, false, progress));
        }
        store.endWriting();
        return filled;
    }
}

package io.llm2clip.training;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.ExampleSets;
import io.llm2clip.dataset.HeldOutExamples;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.run.Outcome;
import io.llm2clip.training.run.RunDirectory;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunSettings;
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
 * var job = new ClipTrainingJob(
 *         ExampleSets.open("photos", CaptionColumns.BY_NAME),
 *         ImageReader.DEFAULT,
 *         Path.of("text"),
 *         new ClipTrainingJob.FromScratch(VisionConfig.miniature()),
 *         ClipTraining.Config.fromScratch(300, 1),
 *         Path.of("text-vectors"),
 *         Path.of("model"),
 *         Existing.REFUSE);
 * ClipTrainingJob.Result result = job.run(Progress.NONE);
 * }</pre>
 *
 * @param data images with captions
 * @param choices what is made of them
 * @param reader of the images; whether it turns them upright is saved with the model
 * @param text a text encoder, as {@link CaptionTrainingJob} writes it
 * @param start the vision tower to begin with
 * @param training of stage 2
 * @param validation what is measured and not learned from
 * @param vectors keeps the captions' vectors, so that another run on the same captions need not compute them
 * @param out receives the model
 * @param existing what to do if {@code out} holds one already
 * @param specialTokens how special tokens in captions are taken, by the model too; empty for what the text encoder says
 * @param execution where and how to compute
 * @param run what else the training leaves behind, and whether it goes on from an earlier one
 */
public record ClipTrainingJob(
        DataMix data,
        ClipDataChoices choices,
        ImageReader reader,
        Path text,
        Start start,
        ClipTraining.Config training,
        Validation validation,
        Path vectors,
        Path out,
        Existing existing,
        Optional<SpecialTokens> specialTokens,
        Execution execution,
        RunOptions run) {

    /** @throws IllegalArgumentException if a folder to write to is in another */
    public ClipTrainingJob {
        Map<String, Path> folders = new LinkedHashMap<>();
        folders.put("model", out);
        folders.put("vectors", vectors);
        folders.put("run", run.directory());
        OutputFolders.requireApart(folders);
    }

    /** A new run on the CPU, on one data set as the start's recipe takes it, with special tokens in captions as the text encoder says. */
    public ClipTrainingJob(
            ExampleSet data,
            ImageReader reader,
            Path text,
            Start start,
            ClipTraining.Config training,
            Path vectors,
            Path out,
            Existing existing) {
        this(
                DataMix.of(data),
                start.choices(),
                reader,
                text,
                start,
                training,
                Validation.TENTH,
                vectors,
                out,
                existing,
                Optional.empty(),
                Execution.cpu(),
                RunOptions.beside(out));
    }

    /** The vision tower that stage 2 begins with. */
    public sealed interface Start {
        /** What the recipe makes of the data. */
        ClipDataChoices choices();
    }

    /** A vision tower of CLIP, EVA-CLIP or SigLIP, as {@link VisionTower#open} opens it. */
    public record Pretrained(Path path) implements Start {
        /** Random crops, as in the reference, but of images in their own proportions, which it has none of. */
        @Override
        public ClipDataChoices choices() {
            JavaRuntime.require();
            return VisionConfig.ofCheckpoint(path).patchLimits().isPresent()
                    ? ClipDataChoices.FROM_SCRATCH
                    : ClipDataChoices.PRETRAINED;
        }
    }

    /** Random weights. */
    public record FromScratch(VisionConfig config) implements Start {
        @Override
        public ClipDataChoices choices() {
            return ClipDataChoices.FROM_SCRATCH;
        }
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
        HeldOutExamples split = split();
        requireMemory(split.training());
        try (OutputDirectory output = ModelDirectory.claim(out, existing);
                RunDirectory directory = RunDirectory.claim(run, existing);
                TextModel language = TextModel.open(text, specialTokens, execution);
                Parameters parameters = new Parameters(training.seed())) {
            VisionTower vision = switch (start) {
                case Pretrained pretrained -> VisionTower.open(parameters, pretrained.path);
                case FromScratch scratch -> VisionTower.create(parameters, scratch.config);
            };
            TextAdapter adapter = TextAdapter.createIdentity(
                    parameters,
                    new TextAdapter.Config(
                            language.llama().config().hiddenSize(),
                            vision.config().projectionSize(),
                            true));
            Llm2ClipModel model = new Llm2ClipModel(
                    description(language, vision.config()),
                    new LanguageBranch(language.llama(), adapter, language.reading()),
                    vision,
                    Llm2ClipModel.createLogitScale(parameters));
            training.rules().require(ClipTraining.parameters(vision, adapter.parameters(), model.logitScale()));
            output.requireRoom(ModelDirectory.bytes(model, Saving.DEFAULT));
            try (TextVectorStore store = TextVectorStore.open(
                    vectors, language.fingerprint(), language.llama().config().hiddenSize())) {
                progress.announce("stage 2, from %s: %s (%s)".formatted(from(), RecipeNotes.line(training), origin()));
                TextVectors.Filled filled = fill(split, language, store, progress);
                VectorLookup lookup = VectorLookup.of(language.encoder(), store);
                ClipEvaluation evaluation = new ClipEvaluation(
                        model,
                        language.tokenizerFiles(),
                        images(split.measured(), vision.config()),
                        lookup,
                        execution,
                        progress);
                TrainingRun recorded = directory
                        .begin(settings(split, language, parameters), progress)
                        .evaluating(evaluation);
                LossCurve losses = train(
                        model,
                        new CachedTextSide(
                                adapter, lookup, language.encoder()::kinds, new CaptionDraw(choices.longShare())),
                        mix(split.training(), vision.config()),
                        language,
                        output,
                        recorded,
                        progress);
                // Saved before it is measured: whatever happens then, nothing was trained for nothing.
                ModelDirectory.save(output, model, language.tokenizerFiles(), Saving.DEFAULT);
                ClipEvaluation.Measured measured = evaluation.retrieval();
                directory.finish(figures(measured.retrieval()), progress);
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

    private static List<Outcome> figures(RetrievalMetrics retrieval) {
        BothWays recall = BothWays.of(retrieval);
        Recall chance = Recall.byChance(retrieval.textRetrieval().size());
        return List.of(
                new Outcome("R@1, text to image", recall.textToImage().r1(), chance.r1()),
                new Outcome("R@1, image to text", recall.imageToText().r1(), chance.r1()),
                new Outcome("R@10, text to image", recall.textToImage().r10(), chance.r10()),
                new Outcome("R@10, image to text", recall.imageToText().r10(), chance.r10()));
    }

    /** Computes the vectors of what is learned from and of what is measured; of a set that is both, as a whole. */
    private TextVectors.Filled fill(
            HeldOutExamples split, TextModel language, TextVectorStore store, Progress progress) {
        List<ExampleSet> sets =
                new ArrayList<>(data.sources().stream().map(DataMix.Source::set).toList());
        if (validation instanceof Validation.Data) {
            sets.add(split.measured());
        }
        TextVectors.Filled filled = TextVectors.Filled.NONE;
        for (ExampleSet set : sets) {
            filled = filled.and(TextVectors.fill(language.encoder(), set, VectorPart.WHOLE, store, false, progress));
        }
        store.endWriting();
        return filled;
    }

    /** While a step is made with a batch, the next of each source is read. */
    private void requireMemory(DataMix set) {
        VisionConfig vision = switch (start) {
            case Pretrained pretrained -> VisionConfig.ofCheckpoint(pretrained.path);
            case FromScratch scratch -> scratch.config;
        };
        long batch = Math.min(training.batch(), set.size());
        int batches = 1 + set.sources().size();
        long pixels = batches * batch * 3 * vision.largestImage();
        long heap = Runtime.getRuntime().maxMemory();
        if (pixels > heap) {
            throw new InputException(
                    "%s: %d batches of %d images take %,d MB of memory, the JVM has %,d MB; set -Xmx%dg (LLM2CLIP_JAVA_OPTIONS=-Xmx%dg) or lower the batch."
                            .formatted(
                                    data.name(),
                                    batches,
                                    batch,
                                    pixels >> 20,
                                    heap >> 20,
                                    (pixels >> 30) + 2,
                                    (pixels >> 30) + 2));
        }
    }

    private ImageExamples images(ExampleSet set, VisionConfig vision) {
        return new ImageExamples(set, reader, preset(vision).of(vision));
    }

    private ImageMix mix(DataMix data, VisionConfig vision) {
        Preprocessing preprocessing = preset(vision).of(vision);
        return new ImageMix(
                data.sources().stream()
                        .map(source -> new ImageMix.Source(
                                new ImageExamples(
                                        source.set(), choices.sampling(), reader, preprocessing, choices.crop()),
                                source.weight()))
                        .toList(),
                choices.equalAsNegatives());
    }

    private HeldOutExamples split() {
        return switch (validation) {
            case Validation.Share share -> HeldOutExamples.of(data, share.every());
            case Validation.Data other ->
                HeldOutExamples.of(data, ExampleSets.open(other.path().toString(), other.columns()));
        };
    }

    /** A training that ends before its time leaves its model as it was before the steps that were not finite. */
    private LossCurve train(
            Llm2ClipModel model,
            CachedTextSide textSide,
            ImageMix images,
            TextModel language,
            OutputDirectory output,
            TrainingRun recorded,
            Progress progress) {
        try {
            return ClipTraining.run(
                    "stage 2, images and captions",
                    model.vision(),
                    textSide,
                    model.logitScale(),
                    images,
                    training,
                    execution,
                    recorded,
                    progress);
        } catch (DivergedException e) {
            ModelDirectory.save(output, model, language.tokenizerFiles(), Saving.DEFAULT);
            throw e.savedTo(out);
        }
    }

    private String origin() {
        return switch (start) {
            case Pretrained _ ->
                RecipeNotes.origin(
                        training,
                        ClipTraining.Config.pretrained(training.steps(), training.seed()),
                        "the paper, because the vision tower is pretrained");
            case FromScratch _ ->
                RecipeNotes.origin(
                        training,
                        ClipTraining.Config.fromScratch(training.steps(), training.seed()),
                        "the recipe for small models, because the vision tower is from scratch");
        };
    }

    private String from() {
        return switch (start) {
            case Pretrained pretrained -> RecipeNotes.pretrained(pretrained.path);
            case FromScratch _ -> "scratch";
        };
    }

    private PreprocessingPreset preset(VisionConfig vision) {
        boolean usual = start instanceof Pretrained || vision.patchLimits().isPresent();
        return usual ? vision.preprocessing() : PreprocessingPreset.MINIATURE;
    }

    private ModelDescription description(TextModel language, VisionConfig vision) {
        return new ModelDescription(preset(vision), reader.exifOrientation(), training.seed(), provenance(language));
    }

    /** All that the bits of the model depend on. */
    private RunSettings settings(HeldOutExamples split, TextModel language, Parameters initial) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("start", from());
        if (start instanceof FromScratch scratch) {
            settings.putAll(RecipeNotes.of("vision.", scratch.config));
        }
        settings.putAll(RecipeNotes.of("stage_2.", training));
        settings.put("data", data.digest());
        settings.putAll(RecipeNotes.of("data.", choices));
        settings.put(
                "validation",
                switch (validation) {
                    case Validation.Share share -> "1 in " + share.every();
                    case Validation.Data _ -> split.measured().digest();
                });
        settings.put("exif_orientation", Boolean.toString(reader.exifOrientation()));
        settings.put("text_encoder", Fingerprint.hash(language.fingerprint().text()));
        settings.put("initial_parameters", initial.digest());
        settings.putAll(RecipeNotes.of(execution));
        return new RunSettings(settings);
    }

    private Map<String, String> provenance(TextModel language) {
        Map<String, String> notes = new LinkedHashMap<>();
        notes.put("made_by", "llm2clip train clip");
        notes.put("start", from());
        notes.putAll(RecipeNotes.of("stage_2.", training));
        notes.putAll(RecipeNotes.of("data.", choices));
        language.provenance().forEach((name, note) -> notes.put(ModelDescription.TEXT_NOTES + name, note));
        return notes;
    }
}

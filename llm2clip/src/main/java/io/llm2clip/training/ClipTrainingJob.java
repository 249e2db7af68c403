package io.llm2clip.training;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.CaptionedImages;
import io.llm2clip.data.DataDigest;
import io.llm2clip.data.DataReport;
import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.ImageCache;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageSource;
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
import io.llm2clip.text.CaptionKinds;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.run.RunDirectory;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.RunSettings;
import io.llm2clip.training.run.TrainingRun;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Stage 2 on a user's images: makes a model that {@link io.llm2clip.Llm2Clip#load} opens.
 *
 * <pre>{@code
 * var job = new ClipTrainingJob(
 *         Path.of("photos"),
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
 * @param images a folder of images with a captions.jsonl
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
        Path images,
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

    /** A new run on the CPU, with special tokens in captions as the text encoder says. */
    public ClipTrainingJob(
            Path images,
            ImageReader reader,
            Path text,
            Start start,
            ClipTraining.Config training,
            Path vectors,
            Path out,
            Existing existing) {
        this(
                images,
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
    public sealed interface Start {}

    /** A vision tower of CLIP, EVA-CLIP or SigLIP, as {@link VisionTower#open} opens it. */
    public record Pretrained(Path path) implements Start {}

    /** Random weights. */
    public record FromScratch(VisionConfig config) implements Start {}

    /**
     * What came of it.
     *
     * @param data which lines were used
     * @param broken images that could not be read, with the reasons
     * @param trainingImages images that were learned from
     * @param measuredImages images that were held out
     * @param retrieval between the held-out images and all their captions
     * @param skippedSteps whose loss or gradients were not finite
     * @param captions of all images
     * @param cutCaptions how many of them were too long, so that their ends do not count
     */
    public record Result(
            DataReport data,
            List<String> broken,
            int trainingImages,
            int measuredImages,
            RetrievalMetrics retrieval,
            int skippedSteps,
            int captions,
            int cutCaptions) {}

    /**
     * Trains and saves.
     *
     * @throws InputException if the images cannot be used
     * @throws DivergedException if the training was ended because its steps were not finite; the model before them is saved
     * @throws io.llm2clip.training.run.StoppedException if it was stopped; a run with {@link RunOptions#resume} goes on from there
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a model cannot be read or written
     */
    public Result run(Progress progress) {
        JavaRuntime.require();
        CaptionedImages folder = CaptionedImages.open(images);
        CaptionedImages measured = measured(folder);
        List<CaptionedImage> items = Stream.concat(folder.items().stream(), measured.items().stream())
                .toList();
        split(IntStream.range(0, items.size()).boxed().toList(), folder.size());
        try (OutputDirectory output = ModelDirectory.claim(out, existing);
                RunDirectory directory = RunDirectory.claim(run, existing);
                TextModel language = TextModel.open(text, specialTokens, execution);
                Parameters parameters = new Parameters(training.seed())) {
            List<List<String>> captions =
                    items.stream().map(CaptionedImage::captions).toList();
            requireMemory(captions, language);
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
            output.requireRoom(ModelDirectory.bytes(model, Saving.DEFAULT));
            ImageCache cache;
            HeldOut<Integer> split;
            CaptionVectors captionVectors;
            // Opened before the images are read, because it may be refused.
            try (TextVectorStore store = TextVectorStore.open(
                    vectors, language.fingerprint(), language.llama().config().hiddenSize())) {
                cache = read(items, vision.config(), progress);
                folder.requireReadable(cache.reasons());
                split = split(Arrays.stream(cache.usable()).boxed().toList(), folder.size());
                progress.announce("stage 2, from %s: %s (%s)".formatted(from(), RecipeNotes.line(training), origin()));
                captionVectors = TextVectors.of(language.encoder(), captions, store, progress);
            }
            List<List<CaptionRow>> rows =
                    captions.stream().map(language.encoder()::rows).toList();
            List<CaptionKinds> kinds = rows.stream().map(CaptionKinds::ofRows).toList();
            CachedTextSide textSide = new CachedTextSide(adapter, captionVectors, kinds);
            ClipEvaluation evaluation = new ClipEvaluation(
                    model, language.tokenizerFiles(), cache, split.measured(), captionVectors, execution, progress);
            TrainingRun recorded = directory
                    .begin(settings(folder, measured, language, parameters), progress)
                    .evaluating(evaluation);
            LossCurve losses =
                    train(model, textSide, cache.only(split.training()), language, output, recorded, progress);
            // Saved before it is measured: whatever happens then, nothing was trained for nothing.
            ModelDirectory.save(output, model, language.tokenizerFiles(), Saving.DEFAULT);
            RetrievalMetrics retrieval = evaluation.retrieval();
            directory.finish(progress);
            return new Result(
                    folder.report(),
                    cache.reasons(),
                    split.training().size(),
                    split.measured().size(),
                    retrieval,
                    losses.skipped(),
                    rows.stream().mapToInt(List::size).sum(),
                    Math.toIntExact(rows.stream()
                            .flatMap(List::stream)
                            .filter(CaptionRow::cut)
                            .count()));
        }
    }

    /** A training that ends before its time leaves its model as it was before the steps that were not finite. */
    private LossCurve train(
            Llm2ClipModel model,
            TextSide textSide,
            ImageCache images,
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

    /** Images of another data set; none if a share is measured. */
    private CaptionedImages measured(CaptionedImages folder) {
        return switch (validation) {
            case Validation.Share _ -> new CaptionedImages(folder.folder(), List.of(), folder.report());
            case Validation.Data data -> CaptionedImages.open(data.path());
        };
    }

    /** Divides numbers of images, of which those from {@code own} on are of another data set. */
    private HeldOut<Integer> split(List<Integer> usable, int own) {
        return switch (validation) {
            case Validation.Share share -> HeldOut.of(usable, share, images.toString(), "images");
            case Validation.Data data ->
                HeldOut.of(
                        usable.stream().filter(i -> i < own).toList(),
                        usable.stream().filter(i -> i >= own).toList(),
                        images + " and " + data.path(),
                        "images");
        };
    }

    private ImageCache read(List<CaptionedImage> items, VisionConfig vision, Progress progress) {
        try (Progress.Phase phase = progress.begin("reading images", items.size(), "image")) {
            return ImageCache.load(
                    ImageSource.ofFiles(
                            items.stream().map(CaptionedImage::path).toList(),
                            reader,
                            preset(vision).of(vision)),
                    phase);
        }
    }

    /** Images at model size are kept on the heap for the whole run, vectors of captions beyond it. */
    private void requireMemory(List<List<String>> captions, TextModel language) {
        VisionConfig vision = switch (start) {
            case Pretrained pretrained -> VisionConfig.ofCheckpoint(pretrained.path);
            case FromScratch scratch -> scratch.config;
        };
        long pixels = captions.size() * 3L * vision.largestImage();
        long heap = Runtime.getRuntime().maxMemory();
        if (pixels > heap) {
            throw new InputException(
                    "%s: its %,d images take %,d MB of memory, the JVM has %,d MB; set -Xmx%dg (LLM2CLIP_JAVA_OPTIONS=-Xmx%dg) or use fewer."
                            .formatted(
                                    images,
                                    captions.size(),
                                    pixels >> 20,
                                    heap >> 20,
                                    (pixels >> 30) + 2,
                                    (pixels >> 30) + 2));
        }
        FloatMatrix.requireMemory(
                captions.stream().mapToLong(List::size).sum(),
                language.llama().config().hiddenSize());
    }

    private ModelDescription description(TextModel language, VisionConfig vision) {
        return new ModelDescription(preset(vision), reader.exifOrientation(), training.seed(), provenance(language));
    }

    /** All that the bits of the model depend on. */
    private RunSettings settings(
            CaptionedImages folder, CaptionedImages measured, TextModel language, Parameters initial) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("start", from());
        if (start instanceof FromScratch scratch) {
            settings.putAll(RecipeNotes.of("vision.", scratch.config));
        }
        settings.putAll(RecipeNotes.of("stage_2.", training));
        settings.put("data", DataDigest.ofImages(folder.items()));
        settings.put(
                "validation",
                switch (validation) {
                    case Validation.Share share -> "1 in " + share.every();
                    case Validation.Data _ -> DataDigest.ofImages(measured.items());
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
        language.provenance().forEach((name, note) -> notes.put(ModelDescription.TEXT_NOTES + name, note));
        return notes;
    }
}

package io.llm2clip.demo;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.demo.scenes.DemoDataSet;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.nn.checkpoint.DirectoryLock;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.Series;
import io.llm2clip.report.Thumbnail;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.training.CaptionCacheJob;
import io.llm2clip.training.run.Metric;
import io.llm2clip.training.run.PhaseMetrics;
import io.llm2clip.training.run.RunMetrics;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** Runs the demo: data, stage 1, stage 2, baselines, comparison. */
public final class Demo {
    private final DemoOptions options;
    private final DemoRecipe recipe;
    private final DemoFolders folders;
    private final Progress progress;
    private final PhaseMeter meter = new PhaseMeter();
    private final List<Arm> arms = new ArrayList<>();

    private Demo(DemoOptions options, Progress progress) {
        this.options = options;
        this.recipe = DemoRecipe.of(options);
        this.folders = new DemoFolders(options.directory());
        this.progress = progress;
    }

    /**
     * Runs everything and writes data, models and report below the options' directory.
     *
     * @throws InputException if the directory holds something else or cannot be written
     */
    public static DemoResult run(DemoOptions options, Progress progress) {
        return new Demo(options, progress).run();
    }

    private DemoResult run() {
        OutputDirectory.share(options.directory(), "demo");
        try (DirectoryLock _ = DirectoryLock.acquireWithin(options.directory())) {
            requireReplaceable();
            DemoTexts texts = meter.measure("data", this::data);
            DemoJobs jobs = new DemoJobs(recipe, options, texts, folders, progress);
            Map<String, CaptionRetrieval.Change> captionRetrieval =
                    meter.measure("language model and stage 1", jobs::stage1).captionRetrieval();
            train(jobs);
            Comparison comparison = meter.measure("evaluation", () -> compare(texts));
            Map<String, PhaseMetrics> trained = trained();
            DemoResult result = result(texts, captionRetrieval, comparison, trained);
            DemoReport.write(
                    folders.report(),
                    result,
                    losses(trained),
                    galleries(texts, comparison),
                    recipe,
                    options.execution().device().name());
            return result;
        }
    }

    /** The model is what a demo leaves behind; all else is replaced with it. */
    private void requireReplaceable() {
        try (OutputDirectory _ = ModelDirectory.claim(folders.model(Arm.LLM2CLIP), options.existing())) {}
    }

    private DemoTexts data() {
        int total = recipe.data().trainImages()
                + recipe.data().validationImages()
                + recipe.data().testImages();
        try (Progress.Phase phase = progress.begin("data", total, "image")) {
            int[] done = {0};
            DemoDataSet data = DemoDataSet.write(
                    folders.data(),
                    recipe.data(),
                    Processor.threadCount(),
                    (finished, _) -> {
                        phase.advance(finished - done[0]);
                        done[0] = finished;
                    },
                    options.existing());
            return DemoTexts.read(data, options.validation());
        } catch (IOException e) {
            throw new InputException("The demo's data cannot be written: " + IoReason.of(e) + ".", e);
        }
    }

    private void train(DemoJobs jobs) {
        Path vectors = folders.emptyVectors(Arm.LLM2CLIP);
        CaptionCacheJob.Result cached = meter.measure("text vectors", () -> jobs.cacheVectors(folders.text(), vectors));
        Arm llm2clip = train(Arm.LLM2CLIP, () -> jobs.llm2clip(Arm.LLM2CLIP, folders.text(), vectors));
        int steps = recipe.stage2().steps();
        Arm clip = train(Arm.CLIP, () -> jobs.clip(Arm.CLIP, DemoRecipe.WINDOW, steps));
        long stage2 = llm2clip.training().flops() + cached.flops();
        int equal = (int)
                Math.max(1, Math.round((double) stage2 * steps / clip.training().flops()));
        train(Arm.CLIP_EQUAL_COMPUTE, () -> jobs.clip(Arm.CLIP_EQUAL_COMPUTE, DemoRecipe.WINDOW, equal));
        if (options.ablations()) {
            train(
                    Arm.WITHOUT_STAGE_1,
                    () -> jobs.llm2clip(
                            Arm.WITHOUT_STAGE_1, folders.languageModel(), folders.emptyVectors(Arm.WITHOUT_STAGE_1)));
            train(Arm.CLIP_WINDOW_32, () -> jobs.clip(Arm.CLIP_WINDOW_32, DemoRecipe.SHORT_WINDOW, steps));
            train(Arm.CLIP_UNLIMITED, () -> jobs.clip(Arm.CLIP_UNLIMITED, DemoRecipe.UNLIMITED_WINDOW, steps));
        }
    }

    private Arm train(String name, Supplier<Arm> training) {
        Arm arm = meter.measure("stage 2: " + DemoTable.arm(name), training);
        arms.add(arm);
        return arm;
    }

    /** Embeds what is measured by each of the saved models, one after another. */
    private Comparison compare(DemoTexts texts) {
        List<Path> files =
                texts.measured().items().stream().map(CaptionedImage::path).toList();
        Comparison comparison = new Comparison(texts.querySets());
        try (Progress.Phase phase = progress.begin("evaluation", (long) arms.size() * files.size(), "image")) {
            for (Arm arm : arms) {
                try (Llm2Clip model =
                        Llm2Clip.load(arm.model(), LoadOptions.DEFAULT.withExecution(options.execution()))) {
                    FloatMatrix images = FloatMatrix.allocate(files.size(), model.embeddingSize());
                    model.embedImages(
                            model.images(files),
                            images,
                            failure -> {
                                throw new InputException(failure.reason());
                            },
                            phase);
                    comparison.add(
                            arm.name(),
                            images,
                            captions -> model.textEmbeddings(captions).vectors());
                }
            }
        }
        return comparison;
    }

    /** Losses of the trainings, a line per kind of batch. */
    private static Map<String, List<Series>> losses(Map<String, PhaseMetrics> trained) {
        Map<String, List<Series>> losses = new LinkedHashMap<>();
        trained.forEach((name, phase) -> losses.put(name, phase.losses()));
        return losses;
    }

    /** What the trainings recorded, by names for people. */
    private Map<String, PhaseMetrics> trained() {
        Map<String, PhaseMetrics> trained = new LinkedHashMap<>();
        RunMetrics.read(folders.run(folders.text()).directory())
                .phases()
                .forEach(phase -> trained.put(phase.name(), phase));
        for (Arm arm : arms) {
            RunMetrics.read(folders.run(arm.model()).directory())
                    .phases()
                    .forEach(phase -> trained.put("stage 2: " + DemoTable.arm(arm.name()), phase));
        }
        return trained;
    }

    private static Map<String, Gallery> galleries(DemoTexts texts, Comparison comparison) {
        List<CaptionedImage> images = texts.measured().items();
        Map<String, Gallery> galleries = new LinkedHashMap<>();
        texts.querySets().forEach((set, columns) -> {
            if (set.startsWith("long")) {
                List<String> queries = columns.getFirst();
                galleries.put(
                        DemoTable.queries(set),
                        new Gallery(
                                Gallery.Kind.IMAGES,
                                comparison.searches(set),
                                List.of(DemoTable.arm(Arm.LLM2CLIP), DemoTable.arm(Arm.CLIP)),
                                queries::get,
                                query -> query,
                                number -> new Gallery.Item(
                                        images.get(number).captions().getFirst(),
                                        Thumbnail.of(images.get(number).path()))));
            }
        });
        return galleries;
    }

    private static DemoExample example(DemoTexts texts, Comparison comparison) {
        return DemoExample.of(
                texts.measured().items().stream().map(CaptionedImage::path).toList(),
                texts.briefCaptions(),
                comparison.imageEmbeddings(Arm.LLM2CLIP),
                comparison.queryEmbeddings(Arm.LLM2CLIP, "short"));
    }

    private DemoResult result(
            DemoTexts texts,
            Map<String, CaptionRetrieval.Change> captionRetrieval,
            Comparison comparison,
            Map<String, PhaseMetrics> trained) {
        double images = texts.measured().size();
        Map<String, DemoResult.Compute> compute = new LinkedHashMap<>();
        arms.forEach(arm -> compute.put(
                arm.name(), new DemoResult.Compute(arm.steps(), arm.training().flops())));
        Map<String, List<Float>> everyLoss = new LinkedHashMap<>();
        trained.forEach(
                (name, phase) -> everyLoss.put(name, phase.metric(Metric.LOSS).values()));
        return new DemoResult(
                options.seed(),
                options.quick(),
                new DemoResult.Data(texts.training().size(), texts.measured().size()),
                captionRetrieval,
                comparison.recalls(),
                arms.getFirst().evaluated(),
                comparison.differences(options.seed()),
                new Recall(1 / images, 5 / images, 10 / images),
                compute,
                meter.phases(),
                everyLoss,
                folders.model(Arm.LLM2CLIP).toString(),
                folders.report().toString(),
                example(texts, comparison));
    }
}

package io.llm2clip.demo;

import io.llm2clip.data.CaptionedImage;
import io.llm2clip.data.InputException;
import io.llm2clip.data.TextVectorStore;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.CaptionFolder;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.demo.scenes.DemoDataSet;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.evaluation.CaptionRetrieval;
import io.llm2clip.evaluation.Recall;
import io.llm2clip.evaluation.RetrievalMetrics;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.model.ImageEncoder;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.progress.Progress;
import io.llm2clip.report.Gallery;
import io.llm2clip.report.Series;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.CaptionTraining;
import io.llm2clip.training.LanguageModelTraining;
import io.llm2clip.training.LossCurve;
import io.llm2clip.training.TextVectors;
import io.llm2clip.training.VectorLookup;
import io.llm2clip.training.run.RunMetrics;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** Runs the demo: data, language model, stage 1, stage 2, baseline, comparison. */
public final class Demo {
    private final DemoOptions options;
    private final DemoRecipe recipe;
    private final Progress progress;
    private final VisionConfig visionConfig = VisionConfig.miniature();
    private final Preprocessing preprocessing = Preprocessing.miniature(visionConfig.imageSize());
    private final PhaseMeter meter = new PhaseMeter();
    private final Map<String, LossCurve> curves = new LinkedHashMap<>();
    private final Map<String, List<Series>> losses = new LinkedHashMap<>();
    private final RunMetrics steps = new RunMetrics();

    private Demo(DemoOptions options, Progress progress) {
        this.options = options;
        this.recipe = DemoRecipe.of(options);
        this.progress = progress;
    }

    /**
     * Runs everything and writes data, model and report below the options' directory.
     *
     * @throws InputException if the directory holds something else or cannot be written
     */
    public static DemoResult run(DemoOptions options, Progress progress) {
        return new Demo(options, progress).run();
    }

    private DemoResult run() {
        OutputDirectory.share(options.directory(), "demo");
        try (OutputDirectory model = ModelDirectory.claim(options.directory().resolve("model"), options.existing())) {
            forgetVectors();
            return run(model);
        }
    }

    private DemoResult run(OutputDirectory model) {
        DemoTexts texts = meter.measure("data", this::data);
        ExampleSet training = CaptionFolder.open(texts.training().folder());
        ImageExamples images = new ImageExamples(training, ImageReader.DEFAULT, preprocessing);
        List<List<String>> captions =
                texts.training().items().stream().map(CaptionedImage::captions).toList();
        try (TextModel language = meter.measure(
                "tokenizer",
                () -> TextModel.create(
                        recipe.languageModelConfig(),
                        options.seed(),
                        model.unfinished().resolve("text").resolve("tokenizer.json"),
                        trainingTexts(texts),
                        SpecialTokens.AS_TEXT,
                        options.execution()))) {
            train(
                    "language model",
                    () -> LanguageModelTraining.run(
                            language.llama(),
                            trainingTexts(texts).map(language::row).toList(),
                            recipe.languageModel(),
                            options.execution(),
                            steps,
                            progress));
            Optional<RawVectors> raw = options.ablations()
                    ? Optional.of(meter.measure("vectors without stage 1", () -> RawVectors.of(language, texts)))
                    : Optional.empty();
            CaptionRetrieval before = captionRetrieval(language, texts, true);
            train(
                    "stage 1",
                    () -> CaptionTraining.prepare(language.encoder(), texts.corpus(), recipe.stage1(), progress)
                            .run(steps, progress, () -> {}));
            CaptionRetrieval after = captionRetrieval(language, texts, false);
            long flopsBefore = language.encoder().flops();
            try (TextVectorStore store =
                            TextVectorStore.open(vectorFolder(), language.fingerprint(), recipe.hiddenSize());
                    Arms arms = new Arms(
                            recipe,
                            visionConfig,
                            options.seed(),
                            language,
                            images,
                            options.execution(),
                            steps,
                            progress)) {
                meter.measure(
                        "text vectors",
                        () -> TextVectors.fill(language.encoder(), training, VectorPart.WHOLE, store, false, progress));
                long vectorFlops = language.encoder().flops() - flopsBefore;
                VectorLookup vectors = VectorLookup.of(language.encoder(), store);
                train("stage 2", () -> arms.llm2clip(Arm.LLM2CLIP, vectors, language::vectors));
                train(
                        "CLIP baseline",
                        () -> arms.clip(Arm.CLIP, 77, recipe.stage2().steps()));
                train(
                        "CLIP at equal compute",
                        () -> arms.clip(Arm.CLIP_EQUAL_COMPUTE, 77, arms.stepsOfEqualCompute(vectorFlops)));
                if (raw.isPresent()) {
                    train("without stage 1", () -> arms.llm2clip(Arm.WITHOUT_STAGE_1, raw.get(), raw.get()::rows));
                    train(
                            "CLIP, window 32",
                            () -> arms.clip(
                                    Arm.CLIP_WINDOW_32, 32, recipe.stage2().steps()));
                    train(
                            "CLIP, unlimited window",
                            () -> arms.clip(
                                    Arm.CLIP_UNLIMITED,
                                    language.longest(captions),
                                    recipe.stage2().steps()));
                }
                Comparison comparison = meter.measure("evaluation", () -> compare(arms, texts));
                save(model, language, arms.arm(Arm.LLM2CLIP), arms.adapter(Arm.LLM2CLIP));
                DemoResult result = result(texts, after.since(before), comparison, arms, example(texts, comparison));
                DemoReport.write(
                        Path.of(result.report()),
                        result,
                        losses,
                        galleries(texts, comparison),
                        recipe,
                        options.execution().device().name());
                return result;
            }
        }
    }

    /** Vectors of an earlier run would hide the cost of computing them, so every run starts without. */
    private void forgetVectors() {
        try {
            for (String file : List.of("finished", "keys.bin", "vectors.f32")) {
                Files.deleteIfExists(vectorFolder().resolve(file));
            }
        } catch (IOException e) {
            throw new InputException(
                    "The demo's directory %s cannot be written (%s); choose another with --out."
                            .formatted(options.directory(), IoReason.of(e)),
                    e);
        }
    }

    private Path vectorFolder() {
        return options.directory().resolve("text-vectors");
    }

    private DemoTexts data() {
        int total = recipe.data().trainImages()
                + recipe.data().validationImages()
                + recipe.data().testImages();
        try (Progress.Phase phase = progress.begin("data", total, "image")) {
            int[] done = {0};
            DemoDataSet data = DemoDataSet.write(
                    options.directory().resolve("data"),
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

    /** What tokenizer and language model learn from: the corpus and the captions of the training images. */
    private static Stream<String> trainingTexts(DemoTexts texts) {
        return Stream.concat(
                        texts.corpus().stream(),
                        texts.training().items().stream().map(CaptionedImage::captions))
                .flatMap(List::stream);
    }

    private void train(String name, Supplier<LossCurve> training) {
        curves.put(name, meter.measure(name, training));
        losses.put(name, steps.phases().getLast().losses());
    }

    private CaptionRetrieval captionRetrieval(TextModel language, DemoTexts texts, boolean causal) {
        List<List<String>> captions =
                texts.measured().items().stream().map(CaptionedImage::captions).toList();
        return CaptionRetrieval.measure(captions, language.encoder()::kinds, each -> {
            try (Progress.Phase phase = progress.begin("caption retrieval", each.size(), "caption")) {
                return language.encoder().encode(each, causal, phase);
            }
        });
    }

    private Comparison compare(Arms arms, DemoTexts texts) {
        ImageSource measured = ImageSource.ofFiles(
                texts.measured().items().stream().map(CaptionedImage::path).toList(),
                ImageReader.DEFAULT,
                preprocessing);
        Comparison comparison = new Comparison(texts.querySets());
        try (Progress.Phase phase =
                progress.begin("evaluation", (long) arms.all().size() * measured.count(), "image")) {
            for (Arm arm : arms.all()) {
                try (ImageEncoder encoder = new ImageEncoder(arm.vision(), options.execution())) {
                    comparison.add(arm, encoder.encode(measured, phase));
                }
            }
        }
        return comparison;
    }

    private void save(OutputDirectory output, TextModel language, Arm arm, TextAdapter adapter) {
        ModelDescription description = new ModelDescription(
                PreprocessingPreset.MINIATURE,
                ImageReader.DEFAULT.exifOrientation(),
                options.seed(),
                Map.of("made_by", "llm2clip demo"));
        ModelDirectory.save(
                output,
                new Llm2ClipModel(
                        description,
                        new LanguageBranch(language.llama(), adapter, language.reading()),
                        arm.vision(),
                        arm.logits()),
                language.tokenizerFiles(),
                Saving.DEFAULT);
    }

    private static Map<String, Gallery> galleries(DemoTexts texts, Comparison comparison) {
        List<Gallery.Picture> pictures = texts.measured().items().stream()
                .map(image -> new Gallery.Picture(image.path(), image.captions().getFirst()))
                .toList();
        Map<String, Gallery> galleries = new LinkedHashMap<>();
        texts.querySets().forEach((set, columns) -> {
            if (set.startsWith("long")) {
                List<String> queries = columns.getFirst();
                galleries.put(
                        DemoTable.queries(set),
                        new Gallery(
                                comparison.searches(set),
                                List.of(DemoTable.arm(Arm.LLM2CLIP), DemoTable.arm(Arm.CLIP)),
                                queries::get,
                                query -> query,
                                pictures::get));
            }
        });
        return galleries;
    }

    /** What {@code eval} finds on the same images: all their captions, the first of an image's counts. */
    private static BothWays asEvaluated(DemoTexts texts, Comparison comparison, Arms arms) {
        List<String> captions = new ArrayList<>();
        List<Integer> imageOf = new ArrayList<>();
        for (int image = 0; image < texts.measured().size(); image++) {
            for (String caption : texts.measured().items().get(image).captions()) {
                captions.add(caption);
                imageOf.add(image);
            }
        }
        return BothWays.of(RetrievalMetrics.of(
                comparison.imageEmbeddings(Arm.LLM2CLIP),
                arms.arm(Arm.LLM2CLIP).texts().apply(captions),
                imageOf.stream().mapToInt(Integer::intValue).toArray()));
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
            Arms arms,
            DemoExample example) {
        double images = texts.measured().size();
        Map<String, DemoResult.Compute> compute = new LinkedHashMap<>();
        arms.all()
                .forEach(arm -> compute.put(
                        arm.name(),
                        new DemoResult.Compute(arm.steps(), arm.training().flops())));
        Map<String, List<Float>> everyLoss = new LinkedHashMap<>();
        curves.forEach((name, curve) -> everyLoss.put(name, curve.losses()));
        return new DemoResult(
                options.seed(),
                options.quick(),
                new DemoResult.Data(texts.training().size(), texts.measured().size()),
                captionRetrieval,
                comparison.recalls(),
                asEvaluated(texts, comparison, arms),
                comparison.differences(options.seed()),
                new Recall(1 / images, 5 / images, 10 / images),
                compute,
                meter.phases(),
                everyLoss,
                options.directory().resolve("model").toString(),
                options.directory().resolve("report.html").toString(),
                example);
    }
}

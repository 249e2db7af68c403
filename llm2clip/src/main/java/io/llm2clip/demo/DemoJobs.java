package io.llm2clip.demo;

import io.llm2clip.data.StoredFloats;
import io.llm2clip.data.VectorPart;
import io.llm2clip.dataset.CaptionFolder;
import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.DataSource;
import io.llm2clip.dataset.TextFile;
import io.llm2clip.evaluation.BothWays;
import io.llm2clip.image.ImageReader;
import io.llm2clip.model.TextTowerModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.training.CaptionCacheJob;
import io.llm2clip.training.CaptionTrainingJob;
import io.llm2clip.training.ClipData;
import io.llm2clip.training.ClipText;
import io.llm2clip.training.ClipTraining;
import io.llm2clip.training.ClipTrainingJob;
import io.llm2clip.training.TextStart;
import io.llm2clip.training.Validation;
import io.llm2clip.training.VisionStart;
import io.llm2clip.training.pair.InstructionTable;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * The trainings of the demo: the jobs of {@code train caption}, {@code cache-text} and {@code train clip}. Those of stage 2 have the same
 * images, vision tower, initial weights, order, shifts and optimizer, and for each image of a step the same kind of caption.
 */
final class DemoJobs {
    private final DemoRecipe recipe;
    private final DemoOptions options;
    private final DemoTexts texts;
    private final DemoFolders folders;
    private final Progress progress;

    DemoJobs(DemoRecipe recipe, DemoOptions options, DemoTexts texts, DemoFolders folders, Progress progress) {
        this.recipe = recipe;
        this.options = options;
        this.texts = texts;
        this.folders = folders;
        this.progress = progress;
    }

    /** A tokenizer, a language model and stage 1, all on the corpus. */
    CaptionTrainingJob.Result stage1() {
        return new CaptionTrainingJob(
                        List.of(DataSource.of(TextFile.open(texts.corpus()))),
                        InstructionTable.NONE,
                        new TextStart.FromScratch(
                                recipe.model(),
                                recipe.languageModel(),
                                options.ablations() ? Optional.of(folders.languageModel()) : Optional.empty()),
                        recipe.stage1(),
                        new Validation.Data(texts.measured().folder()),
                        folders.text(),
                        Optional.empty(),
                        Existing.REPLACE,
                        Optional.empty(),
                        options.execution(),
                        folders.run(folders.text()))
                .run(progress);
    }

    /** The vectors of all captions to learn from. */
    CaptionCacheJob.Result cacheVectors(Path text, Path vectors) {
        return new CaptionCacheJob(
                        List.of(training()),
                        text,
                        vectors,
                        VectorPart.WHOLE,
                        Optional.of(StoredFloats.F32),
                        false,
                        Optional.empty(),
                        options.execution())
                .run(progress);
    }

    /** Stage 2 from a text encoder. */
    Arm llm2clip(String name, Path text, Path vectors) {
        return stage2(name, new ClipText.LanguageModel(text, vectors), recipe.stage2());
    }

    /** The baseline: a causal text tower from scratch that sees so many tokens of a caption. */
    Arm clip(String name, int window, int steps) {
        TextTowerModel.Size usual = TextTowerModel.Size.MINIATURE;
        TextTowerModel.Size size =
                new TextTowerModel.Size(recipe.model().vocabularySize(), window, usual.width(), usual.layers());
        return stage2(
                name,
                new ClipText.Tower(new ClipText.NewTower(size), Optional.empty()),
                recipe.stage2().withSteps(steps));
    }

    private Arm stage2(String name, ClipText text, ClipTraining.Config config) {
        progress.announce("stage 2 of %s".formatted(DemoTable.arm(name)));
        VisionStart start = new VisionStart.FromScratch(VisionConfig.miniature());
        Path model = folders.model(name);
        ClipTrainingJob.Result result = new ClipTrainingJob(
                        new ClipData(
                                DataMix.of(training()),
                                start.choices(),
                                ImageReader.DEFAULT,
                                new Validation.Data(texts.measured().folder())),
                        text,
                        start,
                        config,
                        model,
                        Existing.REPLACE,
                        options.execution(),
                        folders.run(model))
                .run(progress);
        return new Arm(
                name,
                model,
                config.steps(),
                result.losses(),
                BothWays.of(result.retrieval().values().iterator().next()));
    }

    private CaptionFolder training() {
        return CaptionFolder.open(texts.training().folder());
    }
}

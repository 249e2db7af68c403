package io.llm2clip.demo;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.model.ClipTextTower;
import io.llm2clip.model.Logits;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.TextProjection;
import io.llm2clip.model.TowerTextEncoder;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.training.CachedTextSide;
import io.llm2clip.training.ClipTraining;
import io.llm2clip.training.LossCurve;
import io.llm2clip.training.TextSide;
import io.llm2clip.training.TowerTextSide;
import io.llm2clip.training.VectorLookup;
import io.llm2clip.training.run.TrainingRun;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;

/**
 * Trains the pairs of towers that the demo compares: same images, vision tower, initial weights, order, shifts and optimizer, and
 * for each image of a step the same kind of caption.
 */
final class Arms implements AutoCloseable {
    private final DemoRecipe recipe;
    private final VisionConfig visionConfig;
    private final long seed;
    private final TextModel language;
    private final ImageExamples images;
    private final Execution execution;
    private final TrainingRun run;
    private final Progress progress;
    private final Map<String, Arm> arms = new LinkedHashMap<>();
    private final Map<String, TextAdapter> adapters = new HashMap<>();
    private final Deque<AutoCloseable> resources = new ArrayDeque<>();

    Arms(
            DemoRecipe recipe,
            VisionConfig visionConfig,
            long seed,
            TextModel language,
            ImageExamples images,
            Execution execution,
            TrainingRun run,
            Progress progress) {
        this.recipe = recipe;
        this.visionConfig = visionConfig;
        this.seed = seed;
        this.language = language;
        this.images = images;
        this.execution = execution;
        this.run = run;
        this.progress = progress;
    }

    List<Arm> all() {
        return List.copyOf(arms.values());
    }

    Arm arm(String name) {
        return Objects.requireNonNull(arms.get(name), name);
    }

    TextAdapter adapter(String name) {
        return Objects.requireNonNull(adapters.get(name), name);
    }

    /** Trains on vectors of a frozen language model. */
    LossCurve llm2clip(String name, VectorLookup vectors, Function<List<String>, FloatMatrix> queryVectors) {
        Parameters parameters = parameters();
        TextAdapter adapter = TextAdapter.createIdentity(
                parameters, new TextAdapter.Config(recipe.hiddenSize(), visionConfig.projectionSize(), true));
        TextProjection projection = owned(new TextProjection(adapter, execution));
        Arm arm = train(
                name,
                parameters,
                new CachedTextSide(adapter, vectors, language.encoder()::kinds),
                queries -> projection.project(queryVectors.apply(queries)),
                recipe.stage2());
        adapters.put(arm.name(), adapter);
        return arm.training();
    }

    /** Trains the baseline: a causal text tower from scratch that sees so many tokens of a caption. */
    LossCurve clip(String name, int window, int steps) {
        Parameters parameters = parameters();
        ClipTextTower tower = ClipTextTower.create(
                parameters, ClipTextTower.Config.miniature(recipe.vocabulary(), window, visionConfig.projectionSize()));
        TowerTextEncoder encoder = owned(new TowerTextEncoder(tower, language::row, execution));
        return train(
                        name,
                        parameters,
                        new TowerTextSide(tower, language::row, language.encoder()::kinds),
                        encoder::encode,
                        recipe.stage2().withSteps(steps))
                .training();
    }

    /** Steps of the baseline that take as many operations as stage 2 took, the text vectors included. */
    int stepsOfEqualCompute(long vectorFlops) {
        long stage2 = arm(Arm.LLM2CLIP).training().flops() + vectorFlops;
        Arm clip = arm(Arm.CLIP);
        return (int) Math.max(
                1, Math.round((double) stage2 * clip.steps() / clip.training().flops()));
    }

    private Arm train(
            String name,
            Parameters parameters,
            TextSide<?> text,
            Function<List<String>, FloatMatrix> texts,
            ClipTraining.Config config) {
        VisionTower vision = VisionTower.create(parameters, visionConfig);
        Logits logits = Logits.softmax(parameters);
        LossCurve losses =
                ClipTraining.run(name, vision, text, logits, ImageMix.of(images), config, execution, run, progress);
        Arm arm = new Arm(name, vision, logits, texts, config.steps(), losses);
        arms.put(name, arm);
        return arm;
    }

    /** Parameters take their initial values from their names, so the vision towers of all arms start alike. */
    private Parameters parameters() {
        return owned(new Parameters(seed));
    }

    private <T extends AutoCloseable> T owned(T resource) {
        resources.push(resource);
        return resource;
    }

    @Override
    public void close() {
        while (!resources.isEmpty()) {
            try {
                resources.pop().close();
            } catch (Exception e) {
                throw new IllegalStateException("Memory of the demo could not be freed.", e);
            }
        }
    }
}

package io.llm2clip.demo;

import io.llm2clip.demo.scenes.DemoDataSetOptions;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.training.CaptionTraining;
import io.llm2clip.training.ClipTraining;
import io.llm2clip.training.LanguageModelTraining;
import io.llm2clip.training.OptimizerSettings;
import io.llm2clip.training.pair.Pairing;

/**
 * Sizes and hyper-parameters of the demo. Chosen on validation images of other seeds than the default one, never on held-out ones.
 *
 * @param model the language model
 * @param stage2 training of the vision tower; the baseline takes the same
 */
record DemoRecipe(
        DemoDataSetOptions data,
        LlamaConfig model,
        LanguageModelTraining.Config languageModel,
        CaptionTraining.Config stage1,
        ClipTraining.Config stage2) {

    /** Tokens of a caption that the baseline reads, as CLIP does. */
    static final int WINDOW = 77;

    static final int SHORT_WINDOW = 32;
    /** More tokens than any caption has. */
    static final int UNLIMITED_WINDOW = 256;

    private static final int VOCABULARY = 1024;

    static DemoRecipe of(DemoOptions options) {
        long seed = options.seed();
        return options.quick() ? quick(seed) : standard(seed);
    }

    private static DemoRecipe standard(long seed) {
        return new DemoRecipe(
                DemoDataSetOptions.standard(seed),
                LlamaConfig.miniature(VOCABULARY),
                LanguageModelTraining.Config.of(110, 32, 128, 3e-3f, 20, seed),
                stage1(170, 3e-3f, 0.5, seed),
                ClipTraining.Config.miniature(250, 5e-4f, 20, seed));
    }

    private static DemoRecipe quick(long seed) {
        return new DemoRecipe(
                DemoDataSetOptions.quick(seed),
                new LlamaConfig(VOCABULARY, 128, 352, 2, 4, 2, 32, 1e-5f, 10_000, null, 2048, false),
                LanguageModelTraining.Config.of(40, 32, 128, 4e-3f, 10, seed),
                stage1(42, 4e-3f, 0.7, seed),
                ClipTraining.Config.miniature(45, 1e-3f, 10, seed));
    }

    private static CaptionTraining.Config stage1(int steps, float learningRate, double curriculum, long seed) {
        OptimizerSettings optimizer = new OptimizerSettings(learningRate, 10, 0, AdamW.Options.DEFAULT.withClipNorm(1));
        return new CaptionTraining.Config(
                steps, 32, optimizer, LoraSettings.of(16, 32), 50, false, Pairing.byLength(curriculum), 136, seed);
    }
}

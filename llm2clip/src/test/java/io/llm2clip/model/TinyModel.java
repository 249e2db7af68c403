package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameters;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A model of random weights, as small as a model can be, for tests of everything around it. */
public final class TinyModel {
    static final int VOCABULARY = 300;

    static final ModelDescription DESCRIPTION = new ModelDescription(
            PreprocessingPreset.MINIATURE, true, Long.MIN_VALUE + 1, Map.of("created", "by a test"));

    static final CaptionReading READING = CaptionReading.of(CaptionFormat.of(ChatTemplate.plain("<eot>")));

    private static final VisionConfig VISION = new VisionConfig(
            VisionConfig.Architecture.CLIP, 16, 8, 16, 32, 1, 2, 6, Activation.GELU, VisionConfig.Pooling.MEAN, 1e-5f);

    private TinyModel() {}

    static LlamaConfig text(int hiddenSize) {
        return new LlamaConfig(VOCABULARY, hiddenSize, 24, 1, 2, 1, 8, 1e-5f, 10000, null, 512, false);
    }

    /** Embeddings of 6 values from caption vectors of 16 and images of 16 pixels. */
    public static Llm2ClipModel create(Parameters parameters) {
        return new Llm2ClipModel(
                DESCRIPTION,
                new LanguageBranch(
                        Llama.languageModel(parameters, text(16), LlamaInitialization.FAST),
                        TextAdapter.create(parameters, new TextAdapter.Config(16, 6, true)),
                        READING),
                VisionTower.create(parameters, VISION),
                Logits.softmax(parameters));
    }

    /** A tokenizer of bytes and a few words. */
    public static void writeTokenizer(Path file) throws IOException {
        new BpeTrainer(VOCABULARY, List.of("<pad>", "<bos>", "<eot>"), "<bos>")
                .train(List.of("a red kite over a beach", "a small tent on a meadow"))
                .write(file);
    }
}

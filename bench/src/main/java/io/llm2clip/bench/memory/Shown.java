package io.llm2clip.bench.memory;

import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.text.BpeTrainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The models that are shown, of published shapes or of tiny ones for a rehearsal. */
record Shown(LlamaConfig text, VisionConfig vision) {
    static final String TEXT = "text";
    static final String INT8 = "int8";
    static final String VISION = "vision";

    private static final long SEED = 1;
    private static final List<String> WORDS = List.of(
            "a", "red", "kite", "over", "the", "beach", "small", "tent", "on", "green", "meadow", "under", "clouds");

    /** Llama-3.2-1B and ViT-L/14-336. */
    static Shown published() {
        Llama3Scaling scaling = new Llama3Scaling(32, 1, 4, 8192);
        return new Shown(
                new LlamaConfig(128_256, 2048, 8192, 16, 32, 8, 64, 1e-5f, 500_000, scaling, 131_072, true),
                VisionConfig.openAi(336, 14, 1024, 24, 768));
    }

    static Shown tiny() {
        return new Shown(
                new LlamaConfig(512, 64, 96, 2, 4, 2, 16, 1e-5f, 500_000, null, 512, true),
                VisionConfig.openAi(32, 16, 64, 2, 32));
    }

    /** Writes both with random weights, but for what is there already. */
    void make(Path directory) throws IOException {
        Path texts = directory.resolve(TEXT);
        if (!Files.exists(texts.resolve("config.json"))) {
            Files.createDirectories(texts);
            try (Parameters parameters = Parameters.frozen()) {
                Llama llama = Llama.encoder(parameters, text, LlamaInitialization.STANDARD);
                RandomCheckpoint.write(texts.resolve("model.safetensors"), llama.parameters(), SEED);
            }
            new BpeTrainer(400, List.of("<pad>", "<bos>", "<eot>"), "<bos>")
                    .train(List.of(caption(1000)))
                    .write(texts.resolve("tokenizer.json"));
            // Last, as the sign that all is there.
            text.write(texts.resolve("config.json"));
        }
        Path images = directory.resolve(VISION);
        if (!Files.exists(images.resolve("config.json"))) {
            Files.createDirectories(images);
            try (Parameters parameters = Parameters.frozen()) {
                VisionTower tower = VisionTower.create(parameters, vision);
                RandomCheckpoint.write(images.resolve("model.safetensors"), tower.parameters(), SEED);
            }
            vision.write(images.resolve("config.json"));
        }
    }

    /** Captions of lengths from few to many words, each of which is a token, in an order that mixes them. */
    static List<String> captions(int count, int shortest, int longest) {
        List<String> captions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            // A prime step goes through all lengths before it repeats one.
            int words = shortest + (int) (i * 7919L % (longest - shortest + 1));
            captions.add(caption(words));
        }
        return captions;
    }

    private static String caption(int words) {
        return String.join(
                " ",
                Stream.iterate(0, i -> i + 1)
                        .limit(words)
                        .map(i -> WORDS.get(i % WORDS.size()))
                        .toList());
    }
}

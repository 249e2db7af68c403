package io.llm2clip.cli;

import io.llm2clip.model.CaptionReading;
import io.llm2clip.model.ClipTextTower;
import io.llm2clip.model.EndToken;
import io.llm2clip.model.FgClip2TextTower;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.Logits;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.SiglipTextTower;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.TextTowerSizes;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.tensor.Shape;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import javax.imageio.ImageIO;

/** Files for tests of commands: a tiny model of random weights, and pictures. */
final class Fixture {
    private Fixture() {}

    /** A model with embeddings of 6 values. */
    static Path model(Path directory) throws IOException {
        return model(directory, 16);
    }

    /** The same with layers of other widths, such as whole blocks of quantized weights. */
    static Path model(Path directory, int width) throws IOException {
        Path tokenizer = directory.resolveSibling(directory.getFileName() + "-tokenizer.json");
        new BpeTrainer(300, List.of("<pad>", "<bos>", "<eot>"), "<bos>")
                .train(List.of("a red kite over a beach", "a small tent on a meadow"))
                .write(tokenizer);
        try (Parameters parameters = new Parameters(1)) {
            ModelDirectory.save(
                    directory,
                    new Llm2ClipModel(
                            new ModelDescription(PreprocessingPreset.MINIATURE, true, 1, Map.of()),
                            new LanguageBranch(
                                    Llama.languageModel(
                                            parameters,
                                            new LlamaConfig(
                                                    300,
                                                    width,
                                                    2 * width - 8,
                                                    1,
                                                    2,
                                                    1,
                                                    8,
                                                    1e-5f,
                                                    10000,
                                                    null,
                                                    512,
                                                    false),
                                            LlamaInitialization.FAST),
                                    TextAdapter.create(parameters, new TextAdapter.Config(width, 6, true)),
                                    CaptionReading.of(CaptionFormat.of(ChatTemplate.plain("<eot>")))),
                            VisionTower.create(
                                    parameters,
                                    new VisionConfig(
                                            VisionConfig.Architecture.CLIP,
                                            16,
                                            8,
                                            width,
                                            2 * width,
                                            1,
                                            2,
                                            6,
                                            Activation.GELU,
                                            VisionConfig.Pooling.MEAN,
                                            1e-5f)),
                            Logits.softmax(parameters)),
                    tokenizer,
                    Existing.REFUSE);
        }
        return directory;
    }

    /**
     * The published form of an LLM2CLIP model under Hugging Face's names, and its text encoder: what {@link #model} writes in one
     * directory.
     */
    static void published(Path directory, Path textEncoder) throws IOException {
        Files.createDirectories(directory);
        VisionConfig vision = new VisionConfig(
                VisionConfig.Architecture.CLIP,
                16,
                8,
                16,
                32,
                1,
                2,
                6,
                Activation.QUICK_GELU,
                VisionConfig.Pooling.CLASS_TOKEN,
                1e-5f);
        vision.write(directory.resolve("config.json"));
        try (Parameters parameters = new Parameters(2)) {
            VisionTower.create(parameters, vision);
            TextAdapter.create(parameters, new TextAdapter.Config(16, 6, true));
            Logits.softmax(parameters);
            ParameterFiles.save(parameters.all(), directory.resolve("model.safetensors"), Map.of());
        }
        Path tokenizer = textEncoder.resolveSibling("published-tokenizer.json");
        try (TextModel text = TextModel.create(
                new LlamaConfig(300, 16, 24, 1, 2, 1, 8, 1e-5f, 10000, null, 512, false),
                3,
                tokenizer,
                Stream.of("a red kite over a beach", "a small tent on a meadow"))) {
            text.save(textEncoder, Map.of(), Existing.REFUSE);
        }
    }

    /** A CLIP under Hugging Face's names, with its own text tower that reads at most 8 tokens, and embeddings of 6 values. */
    static Path dual(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("config.json"), """
                {"model_type": "clip", "projection_dim": 6,
                 "text_config": {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
                  "vocab_size": 54, "max_position_embeddings": 8, "eos_token_id": 53},
                 "vision_config": {"image_size": 16, "patch_size": 8, "hidden_size": 16, "intermediate_size": 32,
                  "num_hidden_layers": 1, "num_attention_heads": 2}}
                """);
        try (Parameters parameters = new Parameters(4)) {
            VisionTower.create(parameters, VisionConfig.read(directory.resolve("config.json")));
            ClipTextTower.create(
                    parameters,
                    new ClipTextTower.Config(
                            new TextTowerSizes(54, 8, 16, 24, 1, 2, 6, Activation.QUICK_GELU, 1e-5f),
                            new EndToken.First(53)));
            Logits.softmax(parameters);
            ParameterFiles.save(parameters.all(), directory.resolve("model.safetensors"), Map.of());
        }
        StringBuilder tokens = new StringBuilder("{");
        for (int letter = 0; letter < 26; letter++) {
            char c = (char) ('a' + letter);
            tokens.append("\"%c\": %d, \"%c</w>\": %d, ".formatted(c, letter, c, 26 + letter));
        }
        tokens.append("\"<|startoftext|>\": 52, \"<|endoftext|>\": 53}");
        Files.writeString(directory.resolve("vocab.json"), tokens);
        Files.writeString(directory.resolve("merges.txt"), "#version: 0.2\n");
        return directory;
    }

    /** An FG-CLIP 2 that reads letters, 8 of short captions and 20 of long ones, and pictures of any shape in patches of 4 pixels. */
    static Path fgClip2(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("config.json"), """
                {"model_type": "fgclip2",
                 "text_config": {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
                  "vocab_size": 30, "max_position_embeddings": 8, "longtext_len": 20, "keep_len": 3},
                 "vision_config": {"num_patches": 9, "patch_size": 4, "hidden_size": 16, "intermediate_size": 32,
                  "num_hidden_layers": 1, "num_attention_heads": 2}}
                """);
        try (Parameters parameters = new Parameters(5)) {
            VisionConfig vision = VisionConfig.read(directory.resolve("config.json"));
            VisionTower tower = VisionTower.create(parameters, vision);
            FgClip2TextTower.create(
                    parameters,
                    new FgClip2TextTower.Config(
                            new TextTowerSizes(30, 8, 16, 24, 1, 2, 16, Activation.GELU_TANH, 1e-6f), 20, 3),
                    0);
            Logits.softmax(parameters);
            ParameterFiles.save(
                    parameters.all(),
                    tower.layout().stored().usual(),
                    directory.resolve("model.safetensors"),
                    Map.of());
        }
        StringBuilder tokens = new StringBuilder("\"<pad>\": 0, \"<eos>\": 1, \"<unk>\": 2, \"\u2581\": 3");
        for (int letter = 0; letter < 26; letter++) {
            tokens.append(", \"%c\": %d".formatted('a' + letter, 4 + letter));
        }
        Files.writeString(directory.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null,
                 "added_tokens": [
                  {"id": 0, "content": "<pad>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
                  {"id": 1, "content": "<eos>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
                  {"id": 2, "content": "<unk>", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}],
                 "normalizer": {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"},
                 "pre_tokenizer": null,
                 "post_processor": {"type": "TemplateProcessing",
                  "single": [{"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "<eos>", "type_id": 0}}],
                  "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
                  "special_tokens": {"<eos>": {"id": "<eos>", "ids": [1], "tokens": ["<eos>"]}}},
                 "decoder": null,
                 "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
                  "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": false, "vocab": {%s}, "merges": []}}
                """.formatted(tokens));
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"pad_token\": \"<pad>\"}");
        return directory;
    }

    /** A SigLIP under Hugging Face's names, with its own text tower that reads 8 tokens, and embeddings of 16 values. */
    static Path siglip(Path directory) throws IOException {
        Files.createDirectories(directory);
        Files.writeString(directory.resolve("config.json"), """
                {"model_type": "siglip",
                 "text_config": {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
                  "vocab_size": 300, "max_position_embeddings": 8},
                 "vision_config": {"image_size": 16, "patch_size": 8, "hidden_size": 16, "intermediate_size": 32,
                  "num_hidden_layers": 1, "num_attention_heads": 2}}
                """);
        try (Parameters parameters = new Parameters(5)) {
            VisionTower tower = VisionTower.create(parameters, VisionConfig.read(directory.resolve("config.json")));
            SiglipTextTower.create(
                    parameters, new TextTowerSizes(300, 8, 16, 24, 1, 2, 16, Activation.GELU_TANH, 1e-6f), 0);
            parameters.root().create("logit_scale", Shape.SCALAR, Initializer.constant((float) Math.log(10)));
            parameters.root().create("logit_bias", Shape.SCALAR, Initializer.constant(-3));
            ParameterFiles.save(
                    parameters.all(),
                    tower.layout().stored().usual(),
                    directory.resolve("model.safetensors"),
                    Map.of());
        }
        new BpeTrainer(300, List.of("<pad>", "<bos>", "<eot>"), "<bos>")
                .train(List.of("a red kite over a beach", "a small tent on a meadow"))
                .write(directory.resolve("tokenizer.json"));
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"pad_token\": \"<pad>\"}");
        return directory;
    }

    /** A picture of one color. */
    static Path picture(Path file, int rgb) throws IOException {
        Files.createDirectories(file.getParent());
        BufferedImage image = new BufferedImage(20, 24, BufferedImage.TYPE_INT_RGB);
        for (int y = 0; y < image.getHeight(); y++) {
            for (int x = 0; x < image.getWidth(); x++) {
                image.setRGB(x, y, rgb * (1 + x / 10));
            }
        }
        ImageIO.write(image, "png", file.toFile());
        return file;
    }
}

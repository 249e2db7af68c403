package io.llm2clip.cli;

import io.llm2clip.model.CaptionReading;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.model.Llm2ClipModel;
import io.llm2clip.model.Logits;
import io.llm2clip.model.ModelDescription;
import io.llm2clip.model.ModelDirectory;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import javax.imageio.ImageIO;

/**
 * Does what most runs begin with, on things that it makes up, so that the JVM can keep the classes and what it learned about them for
 * those runs: an entry point of the launcher, which starts it in the background.
 */
final class Rehearsal {
    private static final String CAPTION = "a red kite";
    private static final int VOCABULARY = 300;
    private static final int WIDTH = 16;
    private static final int EMBEDDING = 6;

    private Rehearsal() {}

    /** @param arguments a folder in which it may leave files */
    public static void main(String[] arguments) throws IOException, ReflectiveOperationException {
        // Loads the classes of all commands.
        HelpRehearsal.ofAllCommands();
        System.exit(similarity(Path.of(arguments[0])));
    }

    private static int similarity(Path folder) throws IOException {
        String model = model(folder.resolve("model")).toString();
        int code = 0;
        for (String format : List.of("png", "jpg")) {
            String picture =
                    picture(folder.resolve("picture." + format), format).toString();
            String[] words = {"similarity", picture, CAPTION, CAPTION, "--model", model};
            code = Math.max(code, Llm2ClipCommand.run(words));
        }
        return code;
    }

    private static Path model(Path directory) throws IOException {
        Path tokenizer = directory.resolveSibling("tokenizer.json");
        new BpeTrainer(VOCABULARY, List.of("<pad>", "<bos>", "<eot>"), "<bos>")
                .train(List.of(CAPTION))
                .write(tokenizer);
        try (Parameters parameters = new Parameters(1)) {
            Llama llama = Llama.languageModel(
                    parameters,
                    new LlamaConfig(VOCABULARY, WIDTH, 2 * WIDTH, 1, 2, 1, WIDTH / 2, 1e-5f, 10000, null, 512, false),
                    LlamaInitialization.FAST);
            TextAdapter adapter = TextAdapter.create(parameters, new TextAdapter.Config(WIDTH, EMBEDDING, true));
            VisionConfig vision = new VisionConfig(
                    VisionConfig.Architecture.CLIP,
                    WIDTH,
                    WIDTH / 2,
                    WIDTH,
                    2 * WIDTH,
                    1,
                    2,
                    EMBEDDING,
                    Activation.QUICK_GELU,
                    VisionConfig.Pooling.CLASS_TOKEN,
                    1e-5f);
            Llm2ClipModel model = new Llm2ClipModel(
                    new ModelDescription(PreprocessingPreset.MINIATURE, true, 1, Map.of()),
                    new LanguageBranch(
                            llama, adapter, CaptionReading.of(CaptionFormat.of(ChatTemplate.plain("<eot>")))),
                    VisionTower.create(parameters, vision),
                    Logits.softmax(parameters));
            ModelDirectory.save(directory, model, tokenizer, Existing.REFUSE);
        }
        return directory;
    }

    private static Path picture(Path file, String format) throws IOException {
        BufferedImage picture = new BufferedImage(2 * WIDTH, WIDTH, BufferedImage.TYPE_INT_RGB);
        Files.createDirectories(file.getParent());
        ImageIO.write(picture, format, file.toFile());
        return file;
    }
}

package io.llm2clip.model;

import io.llm2clip.nn.Parameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Where a text encoder is read from. */
sealed interface TextSource extends AutoCloseable permits TextDirectory, GgufText, AdaptedText {

    /**
     * A directory of a text encoder or of a whole model, or a GGUF file, or a directory that holds one such and no configuration, or
     * that of a PEFT adapter, whose base is found.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if the file is no GGUF file of a text encoder, or an adapter's base is
     *     missing
     */
    static TextSource open(Path path) {
        return open(path, 0);
    }

    /**
     * The same with adapters upon it.
     *
     * @param adapters directories of PEFT adapters, in the order in which they were trained
     */
    static TextSource open(Path path, List<Path> adapters) {
        TextSource source = open(path);
        for (Path adapter : adapters) {
            source = AdaptedText.upon(source, path, adapter);
        }
        return source;
    }

    /** @param depth how many adapters are upon it already */
    static TextSource open(Path path, int depth) {
        if (Files.isRegularFile(path)) {
            return GgufText.open(path);
        }
        Path directory = ModelDirectory.part(path, ModelDirectory.TEXT);
        if (AdaptedText.isIn(directory)) {
            return AdaptedText.open(directory, depth);
        }
        List<Path> files = Files.exists(directory.resolve(ModelDirectory.CONFIG)) ? List.of() : ggufFiles(directory);
        if (files.size() == 1) {
            return GgufText.open(files.getFirst());
        }
        LoraConfig.requireNone(directory);
        return new TextDirectory(directory);
    }

    private static List<Path> ggufFiles(Path directory) {
        try (Stream<Path> files = Files.list(directory)) {
            return files.filter(file -> file.toString().endsWith(".gguf"))
                    .filter(Files::isRegularFile)
                    .toList();
        } catch (IOException e) {
            // Whoever reads the directory says what is wrong with it.
            return List.of();
        }
    }

    /** @throws io.llm2clip.nn.checkpoint.CheckpointException if there is none, or of another architecture */
    LlamaConfig config();

    TokenizerFiles tokenizer();

    /** How the encoder takes captions. */
    CaptionSettings captions();

    /** The notes that the encoder was saved with. */
    Map<String, String> notes();

    /**
     * Makes the encoder, with its weights.
     *
     * @param languageHead whether it has its language head, too, which files of encoders may lack
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if the weights are damaged, or not of the configuration
     */
    Llama encoder(Parameters owner, boolean languageHead);

    /** Gives a Llama of {@link #config} its weights. */
    void load(Llama llama);

    @Override
    void close();
}

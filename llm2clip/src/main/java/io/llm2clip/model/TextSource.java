package io.llm2clip.model;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Where a text encoder is read from. */
sealed interface TextSource extends AutoCloseable permits TextDirectory, GgufText {

    /**
     * A directory of a text encoder or of a whole model, or a GGUF file, or a directory that holds one such and no configuration.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if the file is no GGUF file of a text encoder
     */
    static TextSource open(Path path) {
        if (Files.isRegularFile(path)) {
            return GgufText.open(path);
        }
        Path directory = ModelDirectory.part(path, ModelDirectory.TEXT);
        List<Path> files = Files.exists(directory.resolve(ModelDirectory.CONFIG)) ? List.of() : ggufFiles(directory);
        return files.size() == 1 ? GgufText.open(files.getFirst()) : new TextDirectory(directory);
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

    /** Gives a Llama of {@link #config} its weights. */
    void load(Llama llama);

    @Override
    void close();
}

package io.llm2clip.model;

import io.llm2clip.text.CaptionFormat;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/** Where a text encoder is read from. */
sealed interface TextSource extends AutoCloseable permits TextDirectory, GgufText {

    /**
     * A directory of a text encoder or of a whole model, or a GGUF file.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if the file is no GGUF file of a text encoder
     */
    static TextSource open(Path path) {
        return Files.isRegularFile(path)
                ? GgufText.open(path)
                : new TextDirectory(ModelDirectory.part(path, ModelDirectory.TEXT));
    }

    /** @throws io.llm2clip.nn.checkpoint.CheckpointException if there is none, or of another architecture */
    LlamaConfig config();

    TokenizerFiles tokenizer();

    /** How the encoder was saved to format captions, if it was. */
    Optional<CaptionFormat> format();

    /** The notes that the encoder was saved with. */
    Map<String, String> notes();

    /** Gives a Llama of {@link #config} its weights. */
    void load(Llama llama);

    @Override
    void close();
}

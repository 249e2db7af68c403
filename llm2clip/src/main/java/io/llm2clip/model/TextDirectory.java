package io.llm2clip.model;

import io.llm2clip.text.CaptionFormat;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * A text encoder in files of Hugging Face's names.
 *
 * @param path of the directory
 */
record TextDirectory(Path path) implements TextSource {

    @Override
    public LlamaConfig config() {
        return LlamaConfig.read(path.resolve(ModelDirectory.CONFIG));
    }

    @Override
    public TokenizerFiles tokenizer() {
        return TokenizerFiles.of(path.resolve(TextFiles.TOKENIZER));
    }

    @Override
    public Optional<CaptionFormat> format() {
        return TextFiles.savedFormat(path);
    }

    @Override
    public Map<String, String> notes() {
        return TextFiles.provenance(path);
    }

    @Override
    public void load(Llama llama) {
        TextFiles.load(llama, path);
    }

    @Override
    public void close() {}
}

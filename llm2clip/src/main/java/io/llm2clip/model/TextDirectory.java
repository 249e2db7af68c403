package io.llm2clip.model;

import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import java.nio.file.Path;
import java.util.Map;

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
        return TokenizerFiles.in(path);
    }

    @Override
    public CaptionSettings captions() {
        return CaptionSettings.read(path, config().family());
    }

    @Override
    public Map<String, String> notes() {
        return TextFiles.provenance(path);
    }

    @Override
    public Llama encoder(Parameters owner, boolean languageHead) {
        LlamaConfig config = config();
        try (Checkpoint weights = Checkpoint.open(path)) {
            Llama llama = Described.network(
                    weights,
                    config.layers(),
                    () -> Llama.of(owner, config, LlamaInitialization.STANDARD, languageHead));
            load(llama);
            return llama;
        }
    }

    @Override
    public void load(Llama llama) {
        TextFiles.load(llama, path);
    }

    @Override
    public void close() {}
}

package io.llm2clip.model;

import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A text encoder as an adapter of PEFT has it: a base, which may be such a one itself, and low-rank updates, which stay apart from
 * its weights, so that these are used where they lie.
 *
 * @param directory of the adapter
 * @param adapter its configuration
 * @param base what it changes
 * @param basePath where that is
 */
record AdaptedText(Path directory, LoraConfig adapter, TextSource base, Path basePath) implements TextSource {
    /** More than anybody has trained one upon the other. */
    private static final int DEEPEST = 8;

    /** Whether a directory holds an adapter, but of a vision tower. */
    static boolean isIn(Path directory) {
        return LoraConfig.isIn(directory) && !AdaptedVision.isIn(directory);
    }

    /** Whether the directory of an adapter is that of an LLM2CLIP model as well, for which the adapter was made. */
    static boolean isBesideModel(Path directory) {
        if (!PublishedModel.looksLike(directory)) {
            return false;
        }
        try (Checkpoint source = PublishedFiles.open(directory)) {
            return AdapterFiles.isIn(source);
        } catch (CheckpointException e) {
            // Whoever opens the weights says what is wrong with them.
            return false;
        }
    }

    /**
     * An adapter with the base that it names.
     *
     * @param depth how many adapters are upon it already
     * @throws CheckpointException if one of them is missing or damaged, or the adapter of another kind
     */
    static AdaptedText open(Path directory, int depth) {
        LoraConfig config = LoraConfig.read(directory.resolve(LoraConfig.FILE));
        Path base = BaseModel.find(directory, config);
        if (depth == DEEPEST) {
            throw new CheckpointException(
                    "%s: expected a base model below up to %d adapters, found another adapter; one of them names itself as its base."
                            .formatted(directory, DEEPEST));
        }
        TextSource source = base.equals(directory) ? new TextDirectory(directory) : TextSource.open(base, depth + 1);
        return new AdaptedText(directory, config, source, base);
    }

    /**
     * An adapter upon a base that is given, which the adapter's configuration need not name; takes over the base.
     *
     * @throws CheckpointException if it is missing, damaged or of another kind
     */
    static AdaptedText upon(TextSource base, Path basePath, Path directory) {
        try {
            if (!isIn(directory)) {
                throw new CheckpointException(
                        "%s: expected the directory of a PEFT adapter, with an %s, found none; give the one that the adapter was saved to."
                                .formatted(directory, LoraConfig.FILE));
            }
            return new AdaptedText(directory, LoraConfig.read(directory.resolve(LoraConfig.FILE)), base, basePath);
        } catch (RuntimeException | Error e) {
            base.close();
            throw e;
        }
    }

    @Override
    public LlamaConfig config() {
        return base.config();
    }

    @Override
    public TokenizerFiles tokenizer() {
        Path own = directory.resolve(TextFiles.TOKENIZER);
        return Files.isRegularFile(own) ? TokenizerFiles.of(own) : base.tokenizer();
    }

    @Override
    public CaptionSettings captions() {
        return base.captions().adapted(directory);
    }

    @Override
    public Map<String, String> notes() {
        Map<String, String> own = TextFiles.provenance(directory);
        return own.isEmpty() ? base.notes() : own;
    }

    @Override
    public Llama encoder(Parameters owner, boolean languageHead) {
        Llama llama = base.encoder(owner, languageHead);
        LoraFiles.attach(llama, adapter, basePath);
        return llama;
    }

    @Override
    public void load(Llama llama) {
        base.load(llama);
        LoraFiles.attach(llama, adapter, basePath);
    }

    @Override
    public void close() {
        base.close();
    }
}

package io.llm2clip.model;

import io.llm2clip.data.InputException;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Path;
import java.util.function.Supplier;

/** A model whose weights are read, from a directory that {@link ModelDirectory} wrote or from published files. */
public final class OpenModel implements AutoCloseable {
    private final Path path;
    private final Parameters parameters;
    private final Llm2ClipModel model;
    private final Tokenizer tokenizer;
    private final TokenizerOrigin origin;

    private OpenModel(
            Path path, Parameters parameters, Llm2ClipModel model, Tokenizer tokenizer, TokenizerOrigin origin) {
        this.path = path;
        this.parameters = parameters;
        this.model = model;
        this.tokenizer = tokenizer;
        this.origin = origin;
    }

    /**
     * Opens a model as its files say.
     *
     * @throws CheckpointException if a part is missing, damaged, of an unknown architecture, or does not fit the others
     */
    public static OpenModel open(Path path) {
        return open(path, ModelOptions.STORED);
    }

    /**
     * Opens a model: a directory that was saved, or a published LLM2CLIP model, which is a file of weights or a directory of one and
     * comes without its text encoder, or a CLIP or SigLIP with a text tower of its own, also a file or a directory of one.
     *
     * @throws CheckpointException if a part is missing, damaged, of an unknown architecture, or does not fit the others
     */
    public static OpenModel open(Path path, ModelOptions options) {
        return open(path, options, Parameters.frozen(options.weights(), options.device()));
    }

    /** Opens a model to save it in another form, and not to compute with it: no weights are in memory. */
    public static OpenModel onDisk(Path path, ModelOptions options) {
        return open(path, options, Parameters.onDisk());
    }

    private static OpenModel open(Path path, ModelOptions options, Parameters parameters) {
        JavaRuntime.require();
        OutputDirectory.recover(path);
        Preparation.begin();
        try {
            ModelSource source = ModelSource.find(path, options);
            return switch (source) {
                case LanguageModelSource language -> {
                    try (TextSource encoder = TextSource.open(language.text())) {
                        yield withLanguageModel(language, encoder, parameters, options.vision());
                    }
                }
                case DualEncoder dual -> {
                    try (Checkpoint weights = Checkpoint.open(dual.vision())) {
                        yield withTower(dual, weights, parameters, options.vision());
                    }
                }
            };
        } catch (RuntimeException | Error e) {
            parameters.close();
            throw e;
        }
    }

    private static OpenModel withLanguageModel(
            LanguageModelSource source, TextSource encoder, Parameters parameters, VisionOptions options) {
        VisionTower vision = vision(source, parameters, options);
        LlamaConfig config = encoder.config();
        TextAdapter adapter =
                Described.network(source.adapter(), () -> TextAdapter.create(parameters, source.adapterConfig()));
        requireFit(source, () -> {
            LanguageBranch.requireFit(config, adapter.config());
            Llm2ClipModel.requireFit(adapter.config().embeddingSize(), vision.config());
            requirePreprocessing(source, vision.config());
        });
        Llama llama = encoder.encoder(parameters, false);
        Logits logits = AdapterFiles.load(parameters, adapter, source.adapter());
        TokenizerFiles files = encoder.tokenizer();
        Tokenizer tokenizer = TextFiles.tokenizer(files, config, source.specialTokens());
        return opened(source, parameters, tokenizer, files, () -> {
            LanguageBranch text = new LanguageBranch(llama, adapter, source.reading(tokenizer));
            return new Llm2ClipModel(source.description(vision.config()), text, vision, logits);
        });
    }

    private static OpenModel withTower(
            DualEncoder source, Checkpoint weights, Parameters parameters, VisionOptions options) {
        VisionTower vision = vision(
                source, parameters, source.vision(options, weights.entries().keySet()));
        TextTower text = TextTowerFiles.create(
                parameters,
                weights,
                source.layout(),
                source.config(),
                source.activation(),
                source.tokenizer().pad());
        requireFit(source, () -> {
            Llm2ClipModel.requireFit(text.embeddingSize(), vision.config());
            requirePreprocessing(source, vision.config());
        });
        TextTowerFiles.load(text, weights, source.layout().names());
        Logits logits = TextTowerFiles.logits(parameters, weights);
        Tokenizer tokenizer = source.tokenizer().open(text, source.specialTokens());
        return opened(
                source,
                parameters,
                tokenizer,
                source.tokenizer(),
                () -> new Llm2ClipModel(source.description(vision.config()), text, vision, logits));
    }

    private static void requirePreprocessing(ModelSource source, VisionConfig vision) {
        source.description(vision).preprocessing().of(vision);
    }

    /** Before weights are read, which takes long. */
    private static void requireFit(ModelSource source, Runnable check) {
        try {
            check.run();
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: its parts do not fit: %s".formatted(source.path(), e.getMessage()), e);
        }
    }

    private static OpenModel opened(
            ModelSource source,
            Parameters parameters,
            Tokenizer tokenizer,
            TokenizerOrigin origin,
            Supplier<Llm2ClipModel> model) {
        try {
            return new OpenModel(source.path(), parameters, model.get(), tokenizer, origin);
        } catch (RuntimeException | Error e) {
            tokenizer.close();
            throw e;
        }
    }

    private static VisionTower vision(ModelSource source, Parameters parameters, VisionOptions options) {
        try {
            return VisionTower.open(parameters, source.vision(), options);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException(
                    "%s: its vision tower cannot be opened so: %s".formatted(source.path(), e.getMessage()), e);
        }
    }

    /** The parts, whose memory lives until this is closed. */
    public Llm2ClipModel model() {
        return model;
    }

    /**
     * Checks that the model, whose weights are in memory, can be computed with as is asked for.
     *
     * @param path of the model, for the message
     * @throws InputException if the precision is int8, and no weight is quantized
     */
    public void requirePrecision(Path path, Execution execution) {
        IntegerPrecision.require(parameters, path, execution);
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /**
     * Saves the model in the form of its kind, which {@link #open} opens: of one with a language model that of {@link ModelDirectory}, of
     * one with a text tower of its own that of Hugging Face.
     *
     * @param output was claimed by {@link ModelDirectory#claim}
     * @param saving how weights are written
     */
    public void save(OutputDirectory output, Saving saving) {
        switch (origin) {
            case TokenizerFiles files -> ModelDirectory.save(output, model, files, saving);
            case TowerTokenizer files -> DualDirectory.save(output, model, tower(), files, saving);
        }
    }

    /** The bytes that saving takes, but for small files. */
    public long bytes(Saving saving) {
        return switch (origin) {
            case TokenizerFiles _ -> ModelDirectory.bytes(model, saving);
            case TowerTokenizer _ -> DualDirectory.bytes(model, tower(), saving);
        };
    }

    private TextTower tower() {
        return (TextTower) model.text();
    }

    /** What was opened. */
    public Path path() {
        return path;
    }

    @Override
    public void close() {
        try (parameters;
                tokenizer) {}
    }
}

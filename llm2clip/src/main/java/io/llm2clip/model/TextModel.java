package io.llm2clip.model;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.FloatMatrix;
import io.llm2clip.data.InputException;
import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * A language model with everything that turns a caption into a vector.
 *
 * <p>On disk it is a directory that Hugging Face transformers opens, config.json, model.safetensors and tokenizer files, with a
 * {@code caption.json} that says how captions are formatted.
 */
public final class TextModel implements AutoCloseable {
    private static final String KIND = "text encoder";
    private static final String BEGIN = "<bos>";
    private static final String END = "<eot>";
    private static final List<String> SPECIAL = List.of("<pad>", BEGIN, END, "<mask>");

    private final Parameters parameters;
    private final Llama llama;
    private final Tokenizer tokenizer;
    private final CaptionReading reading;
    private final CaptionEncoder encoder;
    private final TokenizerFiles tokenizerFiles;
    private final Map<String, String> provenance;

    private TextModel(
            Parameters parameters,
            Llama llama,
            Tokenizer tokenizer,
            TokenizerFiles tokenizerFiles,
            CaptionReading reading,
            Map<String, String> provenance,
            Execution execution) {
        this.parameters = parameters;
        this.llama = llama;
        this.tokenizer = tokenizer;
        this.tokenizerFiles = tokenizerFiles;
        this.reading = reading;
        this.provenance = provenance;
        this.encoder = new CaptionEncoder(llama, tokenizer, reading.format(), reading.pooling(), execution);
    }

    /**
     * Learns a tokenizer from texts, writes it, and starts a language model of random weights over its vocabulary, which computes on the
     * CPU.
     */
    public static TextModel create(LlamaConfig config, long seed, Path tokenizerFile, Stream<String> texts) {
        return create(config, seed, tokenizerFile, texts, SpecialTokens.AS_TEXT, Execution.cpu());
    }

    /**
     * The same.
     *
     * @param specialTokens how special tokens in captions are taken
     * @param execution where and how the model computes
     */
    public static TextModel create(
            LlamaConfig config,
            long seed,
            Path tokenizerFile,
            Stream<String> texts,
            SpecialTokens specialTokens,
            Execution execution) {
        JavaRuntime.require();
        try {
            Files.createDirectories(tokenizerFile.toAbsolutePath().getParent());
            new BpeTrainer(config.vocabularySize(), SPECIAL, BEGIN)
                    .train(texts.toList())
                    .write(tokenizerFile);
        } catch (IOException e) {
            throw new InputException(
                    "The tokenizer could not be written to " + tokenizerFile + " (" + e.getMessage()
                            + "); give a directory with room.",
                    e);
        }
        CaptionFormat format = CaptionFormat.of(ChatTemplate.plain(END)).with(specialTokens);
        return of(
                Tokenizer.open(tokenizerFile, specialTokens),
                new Parameters(seed),
                TokenizerFiles.of(tokenizerFile),
                CaptionReading.of(format),
                Map.of(),
                execution,
                parameters -> Llama.languageModel(parameters, config, LlamaInitialization.FAST));
    }

    /**
     * Opens a saved text model, one of Hugging Face of an architecture of {@link LlamaFamily}, one in a GGUF file, or an adapter of PEFT
     * for one. One without a caption.json gets the template that LLM2CLIP's code has for its kind, and is used as its llm2vec_config.json
     * says, if there is one. It computes on the CPU.
     *
     * @param path of the directory of a text model, of a whole model that has one, or of an adapter, or of a GGUF file
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a part is missing, damaged or does not fit
     */
    public static TextModel open(Path path) {
        return open(path, Optional.empty(), Execution.cpu());
    }

    /**
     * The same.
     *
     * @param specialTokens how special tokens in captions are taken, if not as the text model was saved with
     * @param execution where and how the model computes
     * @throws InputException if the precision is int8, and no weight is quantized
     */
    public static TextModel open(Path path, Optional<SpecialTokens> specialTokens, Execution execution) {
        return open(path, specialTokens, WeightFormat.STORED, execution);
    }

    /**
     * The same.
     *
     * @param weights in which format they are kept in memory
     */
    public static TextModel open(
            Path path, Optional<SpecialTokens> specialTokens, WeightFormat weights, Execution execution) {
        return open(path, List.of(), specialTokens, Parameters.frozen(weights, execution.device()), false, execution);
    }

    /**
     * Opens a text model with its language head, which is not saved with it.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException as {@link #open}, and if there is no head
     */
    public static TextModel openLanguageModel(Path path, Optional<SpecialTokens> specialTokens, Execution execution) {
        Parameters weights = Parameters.frozen(WeightFormat.STORED, execution.device());
        return open(path, List.of(), specialTokens, weights, true, execution);
    }

    /**
     * Opens a text model with adapters of PEFT upon it, which stay apart from its weights. It computes on the CPU.
     *
     * @param adapters their directories, in the order in which they were trained
     */
    public static TextModel open(
            Path path, List<Path> adapters, Optional<SpecialTokens> specialTokens, WeightFormat weights) {
        Execution execution = Execution.cpu();
        return open(path, adapters, specialTokens, Parameters.frozen(weights, execution.device()), false, execution);
    }

    /** The same, to be saved in another form, and not to be computed with: no weights are in memory. */
    public static TextModel onDisk(Path path, List<Path> adapters) {
        return open(path, adapters, Optional.empty(), Parameters.onDisk(), false, Execution.cpu());
    }

    private static TextModel open(
            Path path,
            List<Path> adapters,
            Optional<SpecialTokens> specialTokens,
            Parameters weights,
            boolean languageHead,
            Execution execution) {
        JavaRuntime.require();
        OutputDirectory.recover(path);
        try (TextSource source = TextSource.open(path, adapters)) {
            LlamaConfig config = source.config();
            CaptionSettings captions = source.captions();
            SpecialTokens taken = specialTokens.orElseGet(captions::specialTokens);
            TokenizerFiles files = source.tokenizer();
            Tokenizer tokenizer = TextFiles.tokenizer(files, config, taken);
            return of(tokenizer, weights, files, captions.reading(tokenizer), source.notes(), execution, parameters -> {
                Llama llama = source.encoder(parameters, languageHead);
                IntegerPrecision.require(parameters, path, execution);
                return llama;
            });
        }
    }

    /** Takes over tokenizer and parameters: the model frees them, or this method if it fails. */
    private static TextModel of(
            Tokenizer tokenizer,
            Parameters parameters,
            TokenizerFiles tokenizerFiles,
            CaptionReading reading,
            Map<String, String> provenance,
            Execution execution,
            Function<Parameters, Llama> llama) {
        try {
            return new TextModel(
                    parameters, llama.apply(parameters), tokenizer, tokenizerFiles, reading, provenance, execution);
        } catch (RuntimeException | Error e) {
            try (parameters;
                    tokenizer) {
                throw e;
            }
        }
    }

    /**
     * Claims a directory for a text model, before the work that makes it.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it cannot be written, another run has it, or it holds something that is
     *     not to be replaced
     */
    public static OutputDirectory claim(Path directory, Existing existing) {
        return OutputDirectory.claim(directory, KIND, existing);
    }

    /**
     * Saves the model to a directory of its own, whole or not at all, in the types that its weights came in.
     *
     * @param provenance free-form notes, such as how the model was made
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it cannot be written, or the directory holds something that is not to be
     *     replaced
     */
    public void save(Path directory, Map<String, String> provenance, Existing existing) {
        try (OutputDirectory output = claim(directory, existing)) {
            save(output, provenance, Saving.DEFAULT);
        }
    }

    /**
     * The same to a directory that was claimed.
     *
     * @param saving how the weights are written
     */
    public void save(OutputDirectory output, Map<String, String> provenance, Saving saving) {
        write(output, provenance, saving);
        output.publish();
    }

    /** The same to a directory that is not published yet. */
    public void write(OutputDirectory output, Map<String, String> provenance, Saving saving) {
        output.fill(directory -> TextFiles.write(directory, llama, reading, provenance, tokenizerFiles, saving));
    }

    /** Claims a directory for an adapter, as {@link #claim} does for a text model. */
    public static OutputDirectory claimAdapter(Path directory, Existing existing) {
        return OutputDirectory.claim(directory, "adapter", existing);
    }

    /**
     * Saves the low-rank updates that {@link Llama#attachLora} attached, before they are merged, as an adapter that PEFT loads.
     *
     * @param output was claimed by {@link #claimAdapter}
     * @param base the model that this was opened from
     * @param settings that they were attached with
     * @param provenance free-form notes
     */
    public void saveAdapter(OutputDirectory output, Path base, LoraSettings settings, Map<String, String> provenance) {
        output.fill(directory -> {
            LoraFiles.write(directory, llama.loraParameters(), settings, BaseModel.name(base));
            TextFiles.writeCaptions(directory, reading, provenance, tokenizerFiles);
        });
        output.publish();
    }

    /** The bytes that saving takes, but for small files. */
    public long bytes(Saving saving) {
        return ParameterFiles.bytes(TextFiles.contents(llama, saving));
    }

    /** The notes that the model was saved with. */
    public Map<String, String> provenance() {
        return provenance;
    }

    public Llama llama() {
        return llama;
    }

    public CaptionEncoder encoder() {
        return encoder;
    }

    /** How it reads captions. */
    public CaptionReading reading() {
        return reading;
    }

    public CaptionFormat format() {
        return reading.format();
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** Its tokenizer's files, for a model that it becomes a part of. */
    public TokenizerFiles tokenizerFiles() {
        return tokenizerFiles;
    }

    /** Token ids of a caption with begin and end token. */
    public int[] row(String caption) {
        return format().row(tokenizer, caption).ids();
    }

    /** Vectors {@code [N, D]} of captions, not normalized. */
    public FloatMatrix vectors(List<String> captions) {
        return encoder.encode(captions, Progress.Phase.NONE);
    }

    /** The same behind an instruction, such as {@code Given a question, find pictures that answer it:}. */
    public FloatMatrix vectors(List<String> captions, String instruction) {
        return encoder.encode(captions, instruction, Progress.Phase.NONE);
    }

    /** Says what vectors of captions depend on, so that cached ones are taken for the same model only. */
    public Fingerprint fingerprint() {
        return encoder.fingerprint(parameters.digest());
    }

    /** Frees the model's memory. */
    @Override
    public void close() {
        // In reverse order, each whatever becomes of the others.
        try (parameters;
                tokenizer;
                encoder) {}
    }
}

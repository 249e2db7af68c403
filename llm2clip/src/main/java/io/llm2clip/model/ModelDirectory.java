package io.llm2clip.model;

import io.llm2clip.kernels.JavaRuntime;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.tensor.Device;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/**
 * A trained model on disk, opened:
 *
 * <ul>
 *   <li>{@code text/}: config.json, model.safetensors and tokenizer files, a Llama that Hugging Face transformers opens, see {@link TextModel};
 *   <li>{@code vision/}: config.json and model.safetensors;
 *   <li>{@code adapter.safetensors}: the adapter and {@code logit_scale} under their published names;
 *   <li>{@code llm2clip.json}: how these fit together.
 * </ul>
 */
public final class ModelDirectory implements AutoCloseable {
    /** What {@link OutputDirectory} calls a directory of this form. */
    static final String KIND = "model";

    static final String DESCRIPTION = "llm2clip.json";
    static final String TEXT = "text";
    static final String VISION = "vision";
    static final String ADAPTER = "adapter.safetensors";
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "model.safetensors";

    private final Path path;
    private final Parameters parameters;
    private final Llm2ClipModel model;
    private final Tokenizer tokenizer;

    private ModelDirectory(Path path, Parameters parameters, Llm2ClipModel model, Tokenizer tokenizer) {
        this.path = path;
        this.parameters = parameters;
        this.model = model;
        this.tokenizer = tokenizer;
    }

    /**
     * Claims a directory for a model, before the work that makes it.
     *
     * @throws CheckpointException if it cannot be written, another run has it, or it holds something that is not to be replaced
     */
    public static OutputDirectory claim(Path directory, Existing existing) {
        return OutputDirectory.claim(directory, KIND, existing);
    }

    /**
     * Saves a model to a directory of its own, whole or not at all.
     *
     * @param tokenizer the tokenizer.json of the text encoder; other tokenizer files beside it come along
     * @throws CheckpointException if it cannot be written, or the directory holds something that is not to be replaced
     */
    public static void save(Path directory, Llm2ClipModel model, Path tokenizer, Existing existing) {
        try (OutputDirectory output = claim(directory, existing)) {
            save(output, model, TokenizerFiles.of(tokenizer));
        }
    }

    /** The same to a directory that was claimed. */
    public static void save(OutputDirectory output, Llm2ClipModel model, TokenizerFiles tokenizer) {
        output.fill(directory -> {
            Path vision = Files.createDirectories(directory.resolve(VISION));
            TextFiles.write(
                    directory.resolve(TEXT),
                    model.llama(),
                    model.description().captionFormat(),
                    model.description().textNotes(),
                    tokenizer);
            model.vision().config().write(vision.resolve(CONFIG));
            ParameterFiles.save(
                    model.vision().parameters(),
                    model.vision().layout().stored().usual(),
                    vision.resolve(WEIGHTS),
                    Map.of());
            ParameterFiles.save(adapterParameters(model), directory.resolve(ADAPTER), Map.of());
            model.description().write(directory.resolve(DESCRIPTION), model);
        });
        output.publish();
    }

    /** The bytes that saving a model takes, but for small files. */
    public static long bytes(Llm2ClipModel model) {
        return TextFiles.bytes(model.llama())
                + ParameterFiles.bytes(model.vision().parameters())
                + ParameterFiles.bytes(adapterParameters(model));
    }

    /**
     * Opens a saved model and reads its weights.
     *
     * @throws CheckpointException if a part is missing, damaged, of an unknown architecture, or does not fit the others
     */
    public static ModelDirectory open(Path directory) {
        return open(directory, Optional.empty(), WeightFormat.STORED, Device.cpu());
    }

    /**
     * The same.
     *
     * @param specialTokens how special tokens in captions are taken, if not as the model was saved with
     * @param weights in which format they are kept in memory
     * @param device which is to compute with them
     */
    public static ModelDirectory open(
            Path directory, Optional<SpecialTokens> specialTokens, WeightFormat weights, Device device) {
        JavaRuntime.require();
        OutputDirectory.recover(directory);
        requireParts(directory);
        ModelDescription saved = ModelDescription.read(directory.resolve(DESCRIPTION));
        ModelDescription description = specialTokens.map(saved::with).orElse(saved);
        Parameters parameters = Parameters.frozen(weights, device);
        try {
            LlamaConfig text = LlamaConfig.read(directory.resolve(TEXT).resolve(CONFIG));
            Llama llama = Llama.encoder(parameters, text, LlamaInitialization.STANDARD);
            VisionTower vision = VisionTower.open(parameters, directory.resolve(VISION));
            TextAdapter adapter =
                    TextAdapter.create(parameters, ModelDescription.adapter(directory.resolve(DESCRIPTION)));
            Llm2ClipModel model =
                    fit(directory, description, llama, adapter, vision, Llm2ClipModel.createLogitScale(parameters));
            TextFiles.load(llama, directory.resolve(TEXT));
            load(adapterParameters(model), directory.resolve(ADAPTER), _ -> false);
            Tokenizer tokenizer = TextFiles.tokenizer(
                    TokenizerFiles.of(directory.resolve(TEXT).resolve(TextFiles.TOKENIZER)),
                    text,
                    description.captionFormat().specialTokens());
            return new ModelDirectory(directory, parameters, model, tokenizer);
        } catch (RuntimeException | Error e) {
            parameters.close();
            throw e;
        }
    }

    /** The parts, whose memory lives until this is closed. */
    public Llm2ClipModel model() {
        return model;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public Path path() {
        return path;
    }

    @Override
    public void close() {
        try (parameters;
                tokenizer) {}
    }

    /** The directory of a part: the given one, or the part of that name where the whole model is given. */
    static Path part(Path directory, String name) {
        boolean whole = Files.isRegularFile(directory.resolve(DESCRIPTION));
        return whole ? directory.resolve(name) : directory;
    }

    private static Llm2ClipModel fit(
            Path directory,
            ModelDescription description,
            Llama llama,
            TextAdapter adapter,
            VisionTower vision,
            Parameter logitScale) {
        try {
            return new Llm2ClipModel(description, llama, adapter, vision, logitScale);
        } catch (IllegalArgumentException e) {
            throw new CheckpointException("%s: its parts do not fit: %s".formatted(directory, e.getMessage()), e);
        }
    }

    private static void requireParts(Path directory) {
        List<String> missing = new ArrayList<>();
        for (String part :
                List.of(DESCRIPTION, ADAPTER, TEXT + "/" + CONFIG, TEXT + "/tokenizer.json", VISION + "/" + CONFIG)) {
            if (!Files.isRegularFile(directory.resolve(part))) {
                missing.add(part);
            }
        }
        if (!missing.isEmpty()) {
            throw new CheckpointException("%s: expected a trained model, but %s missing; %s"
                    .formatted(
                            directory,
                            String.join(", ", missing) + (missing.size() == 1 ? " is" : " are"),
                            near(directory)
                                    .map("did you mean %s?"::formatted)
                                    .orElse("give the directory that training wrote.")));
        }
    }

    /** A whole model where a part of it, or what it lies in, was given. */
    private static Optional<Path> near(Path directory) {
        return Stream.of(
                        directory.resolve("model"),
                        directory.toAbsolutePath().normalize().resolveSibling(""))
                .filter(candidate -> Files.isRegularFile(candidate.resolve(DESCRIPTION)))
                .findFirst();
    }

    static void load(List<Parameter> parameters, Path file, Predicate<String> ignored) {
        try (Checkpoint source = Checkpoint.open(file)) {
            ParameterFiles.load(parameters, source, UnaryOperator.identity(), ignored);
        }
    }

    private static List<Parameter> adapterParameters(Llm2ClipModel model) {
        List<Parameter> all = new ArrayList<>(model.adapter().parameters());
        all.add(model.logitScale());
        return all;
    }
}

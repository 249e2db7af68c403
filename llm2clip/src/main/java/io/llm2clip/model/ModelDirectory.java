package io.llm2clip.model;

import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A trained model on disk as it is written, which {@link OpenModel} opens:
 *
 * <ul>
 *   <li>{@code text/}: config.json, model.safetensors and tokenizer files, a Llama that Hugging Face transformers opens, see {@link TextModel};
 *   <li>{@code vision/}: config.json and model.safetensors;
 *   <li>{@code adapter.safetensors}: the adapter and {@code logit_scale} under their published names;
 *   <li>{@code llm2clip.json}: how these fit together.
 * </ul>
 */
public final class ModelDirectory {
    /** What {@link OutputDirectory} calls a directory of this form. */
    static final String KIND = "model";

    static final String DESCRIPTION = "llm2clip.json";
    static final String TEXT = "text";
    static final String VISION = "vision";
    static final String ADAPTER = "adapter.safetensors";
    static final String CONFIG = "config.json";
    static final String WEIGHTS = "model.safetensors";

    private ModelDirectory() {}

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
     * @throws IllegalArgumentException if it is a model with a text tower of its own
     */
    public static void save(Path directory, Llm2ClipModel model, Path tokenizer, Existing existing) {
        try (OutputDirectory output = claim(directory, existing)) {
            save(output, model, TokenizerFiles.of(tokenizer));
        }
    }

    /** The same to a directory that was claimed. */
    public static void save(OutputDirectory output, Llm2ClipModel model, TokenizerFiles tokenizer) {
        LanguageBranch text = model.language();
        output.fill(directory -> {
            Path vision = Files.createDirectories(directory.resolve(VISION));
            TextFiles.write(
                    directory.resolve(TEXT),
                    text.llama(),
                    text.reading().format(),
                    model.description().textNotes(),
                    tokenizer);
            model.vision().config().write(vision.resolve(CONFIG));
            ParameterFiles.save(
                    model.vision().parameters(),
                    model.vision().layout().stored().usual(),
                    vision.resolve(WEIGHTS),
                    Map.of());
            ParameterFiles.save(
                    AdapterFiles.parameters(text.adapter(), model.logitScale()), directory.resolve(ADAPTER), Map.of());
            model.description().write(directory.resolve(DESCRIPTION), model);
        });
        output.publish();
    }

    /** The bytes that saving a model takes, but for small files. */
    public static long bytes(Llm2ClipModel model) {
        LanguageBranch text = model.language();
        return TextFiles.bytes(text.llama())
                + ParameterFiles.bytes(model.vision().parameters())
                + ParameterFiles.bytes(AdapterFiles.parameters(text.adapter(), model.logitScale()));
    }

    /** The directory of a part: the given one, or the part of that name where the whole model is given. */
    static Path part(Path directory, String name) {
        boolean whole = Files.isRegularFile(directory.resolve(DESCRIPTION));
        return whole ? directory.resolve(name) : directory;
    }
}

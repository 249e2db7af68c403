package io.llm2clip.model;

import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.TensorContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * A trained model on disk as it is written, which {@link OpenModel} opens:
 *
 * <ul>
 *   <li>{@code text/}: config.json, weights and tokenizer files, a Llama that Hugging Face transformers opens, see {@link TextModel};
 *   <li>{@code vision/}: config.json and weights;
 *   <li>{@code adapter.safetensors}: the adapter, {@code logit_scale} and, of a model trained with a sigmoid loss, {@code logit_bias} under their published names;
 *   <li>{@code llm2clip.json}: how these fit together.
 * </ul>
 */
public final class ModelDirectory {
    /** What {@link OutputDirectory} calls a directory of this form. */
    static final String KIND = "model";

    static final String DESCRIPTION = "llm2clip.json";
    static final String TEXT = "text";
    /** The model of a text tower that was trained beside the language model, a CLIP of its own. */
    public static final String TOWER = "clip";

    static final String VISION = "vision";
    static final String ADAPTER = "adapter.safetensors";
    static final String CONFIG = "config.json";
    /** What names of files of weights begin with. */
    static final String WEIGHTS_STEM = "model";

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
     * Saves a model to a directory of its own, whole or not at all, in the types that its weights came in.
     *
     * @param tokenizer the tokenizer.json of the text encoder; other tokenizer files beside it come along
     * @throws CheckpointException if it cannot be written, or the directory holds something that is not to be replaced
     * @throws IllegalArgumentException if it is a model with a text tower of its own
     */
    public static void save(Path directory, Llm2ClipModel model, Path tokenizer, Existing existing) {
        try (OutputDirectory output = claim(directory, existing)) {
            save(output, model, TokenizerFiles.of(tokenizer), Saving.DEFAULT);
        }
    }

    /**
     * The same to a directory that was claimed.
     *
     * @param saving how weights are written
     */
    public static void save(OutputDirectory output, Llm2ClipModel model, TokenizerFiles tokenizer, Saving saving) {
        output.fill(directory -> write(directory, model, tokenizer, saving));
        output.publish();
    }

    /** Writes a model into a directory that there is. */
    public static void write(Path directory, Llm2ClipModel model, TokenizerFiles tokenizer, Saving saving)
            throws IOException {
        LanguageBranch text = model.language();
        TextFiles.write(
                directory.resolve(TEXT),
                text.llama(),
                text.reading(),
                model.description().textNotes(),
                tokenizer,
                saving);
        VisionFiles.write(directory.resolve(VISION), model.vision(), saving);
        SafetensorsWriter.write(
                directory.resolve(ADAPTER), adapter(model, saving), Map.of(), saving.listener()::written);
        model.description().write(directory.resolve(DESCRIPTION), model);
    }

    private static Map<String, TensorContent> adapter(Llm2ClipModel model, Saving saving) {
        return ParameterFiles.contents(
                AdapterFiles.parameters(model.language().adapter(), model.logits()), Map.of(), saving);
    }

    /** The bytes that saving a model takes, but for small files. */
    public static long bytes(Llm2ClipModel model, Saving saving) {
        return ParameterFiles.bytes(TextFiles.contents(model.language().llama(), saving))
                + ParameterFiles.bytes(VisionFiles.contents(model.vision(), saving))
                + ParameterFiles.bytes(adapter(model, saving));
    }

    /** The directory of a part: the given one, or the part of that name where the whole model is given. */
    static Path part(Path directory, String name) {
        boolean whole = Files.isRegularFile(directory.resolve(DESCRIPTION));
        return whole ? directory.resolve(name) : directory;
    }
}

package io.llm2clip.model;

import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Where the parts of a model are, whoever wrote them, and how they fit together. No weights are read before they are asked for. */
sealed interface ModelSource permits SavedModel, PublishedModel {

    /**
     * Finds out what a path is.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it is no model, or one of which a part is missing
     */
    static ModelSource find(Path path, ModelOptions options) {
        if (Files.isRegularFile(path) || PublishedModel.looksLike(path)) {
            return PublishedModel.find(path, options);
        }
        return SavedModel.find(path, options);
    }

    /** What was opened. */
    Path path();

    /** Directory or GGUF file of the text encoder, as {@link TextSource} opens it. */
    Path text();

    /** File or directory of the vision tower. */
    Path vision();

    /** File of the adapter and {@code logit_scale}. */
    Path adapter();

    TextAdapter.Config adapterConfig();

    SpecialTokens specialTokens();

    /**
     * How the parts are used.
     *
     * @param tokenizer of the text encoder
     */
    ModelDescription description(Tokenizer tokenizer, VisionConfig vision);
}

package io.llm2clip.model;

import java.nio.file.Files;
import java.nio.file.Path;

/** Where the parts of a model are, whoever wrote them, and how they fit together. No weights are read before they are asked for. */
sealed interface ModelSource permits LanguageModelSource, DualEncoder {

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

    /** File or directory of the vision tower. */
    Path vision();

    /** How the model is used. */
    ModelDescription description(VisionConfig vision);
}

package io.llm2clip.model;

import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/** What files of weights hold. */
public enum CheckpointKind {
    /** A vision tower and what brings captions into its space: a language model with an adapter. */
    MODEL("model"),
    /** The same with a text tower of its own. */
    DUAL_ENCODER("dual encoder"),
    TEXT_ENCODER("text encoder"),
    VISION_TOWER("vision tower");

    private final String text;

    CheckpointKind(String text) {
        this.text = text;
    }

    /** For people. */
    public String text() {
        return text;
    }

    /**
     * Finds out what a path is, by the names of its tensors.
     *
     * @throws CheckpointException if it is nothing of these, or cannot be read
     */
    public static CheckpointKind of(Path path) {
        if (Files.isRegularFile(path.resolve(ModelDirectory.DESCRIPTION))) {
            return MODEL;
        }
        if (AdaptedVision.isIn(path)) {
            return VISION_TOWER;
        }
        if (AdaptedText.isIn(path) && !AdaptedText.isBesideModel(path)) {
            return TEXT_ENCODER;
        }
        try (Checkpoint source = PublishedFiles.open(path)) {
            Set<String> tensors = source.entries().keySet();
            boolean vision = VisionLayout.find(tensors).isPresent();
            if (vision && AdapterFiles.isIn(source)) {
                return MODEL;
            }
            if (DualEncoder.isIn(tensors)) {
                return DUAL_ENCODER;
            }
            if (vision) {
                return VISION_TOWER;
            }
            if (tensors.stream()
                    .anyMatch(name -> name.endsWith("embed_tokens.weight") || name.equals("token_embd.weight"))) {
                return TEXT_ENCODER;
            }
            throw new CheckpointException(
                    "%s: expected a text encoder, a vision tower or a model of both, found %d other tensors%s; use such a checkpoint."
                            .formatted(
                                    source.source(),
                                    tensors.size(),
                                    tensors.stream()
                                            .findFirst()
                                            .map(", such as '%s'"::formatted)
                                            .orElse("")));
        }
    }

    /** Whether a checkpoint of a vision tower also has parts of a text tower. */
    public static boolean hasTextTower(Path path) {
        try (Checkpoint source = PublishedFiles.open(AdaptedVision.base(path))) {
            return source.entries().keySet().stream().anyMatch(CheckpointPart.TEXT::isPartOf);
        }
    }
}

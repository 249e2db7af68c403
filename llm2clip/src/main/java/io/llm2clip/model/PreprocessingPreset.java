package io.llm2clip.model;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.image.Preprocessing;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The named ways of preparing images that a model on disk refers to. */
public enum PreprocessingPreset {
    /** {@link Preprocessing#clip}. */
    CLIP(Preprocessing::clip),
    /** {@link Preprocessing#torchvisionClip}. */
    TORCHVISION_CLIP(Preprocessing::torchvisionClip),
    /** {@link Preprocessing#siglip}. */
    SIGLIP(Preprocessing::siglip),
    /** {@link Preprocessing#siglip2}. */
    SIGLIP2(Preprocessing::siglip2),
    /** {@link Preprocessing#naFlex}. */
    NAFLEX(null),
    /** {@link Preprocessing#miniature}. */
    MINIATURE(Preprocessing::miniature);

    /** Null of images that keep their proportions. */
    private final @Nullable IntFunction<Preprocessing> square;

    PreprocessingPreset(@Nullable IntFunction<Preprocessing> square) {
        this.square = square;
    }

    /**
     * The preprocessing for a tower.
     *
     * @throws IllegalArgumentException if images of this preprocessing are of one size and the tower's are not, or the other way round
     */
    public Preprocessing of(VisionConfig vision) {
        if ((square == null) != vision.patchLimits().isPresent()) {
            throw new IllegalArgumentException(
                    "Images are prepared as %s, the vision tower is of architecture %s; expected %s, or another tower."
                            .formatted(this, vision.architecture(), vision.preprocessing()));
        }
        return of(vision.imageSize(), vision.patchSize(), vision.patchLimits().orElse(VisionConfig.NAFLEX_LIMITS));
    }

    private Preprocessing of(int size, int patchSize, PatchLimits limits) {
        return square == null ? Preprocessing.naFlex(patchSize, limits) : square.apply(size);
    }

    /** The preprocessing for some tower or other, to be compared with a repository's. */
    Preprocessing sample() {
        return of(1, 1, VisionConfig.NAFLEX_LIMITS);
    }
}

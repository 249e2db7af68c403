package io.llm2clip.model;

import io.llm2clip.image.Preprocessing;
import java.util.function.IntFunction;

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
    /** {@link Preprocessing#miniature}. */
    MINIATURE(Preprocessing::miniature);

    private final IntFunction<Preprocessing> ofSize;

    PreprocessingPreset(IntFunction<Preprocessing> ofSize) {
        this.ofSize = ofSize;
    }

    /** The preprocessing for square inputs of {@code size} pixels. */
    public Preprocessing ofSize(int size) {
        return ofSize.apply(size);
    }
}

package io.llm2clip.training;

import io.llm2clip.model.PatchDropout;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.LoraSettings;
import org.jspecify.annotations.Nullable;

/**
 * How the vision tower is trained.
 *
 * @param patchDropout share of the patches that a step does not see, see {@link PatchDropout}
 * @param lora low-rank updates of queries, keys and values, which are trained instead of the tower but for its projection; null for the
 *     tower itself
 */
public record VisionTraining(float patchDropout, @Nullable LoraSettings lora) {
    /** All of it, on all patches. */
    public static final VisionTraining WHOLE = new VisionTraining(0, null);

    /** The reference's low-rank updates: rank and alpha 32, dropout 0.1. */
    public static final LoraSettings REFERENCE_LORA = new LoraSettings(32, 32, 0.1f);

    public VisionTraining {
        Limit.DROPOUT.require("patchDropout", patchDropout);
    }

    /** The patches that steps see. */
    PatchDropout patches() {
        return new PatchDropout(patchDropout);
    }
}

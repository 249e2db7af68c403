package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Tensor;
import java.util.List;

/** A vision transformer with a projection into the common space. */
public sealed interface VisionTower permits ClipVit, EvaVit {

    /** Creates the tower that a configuration describes. */
    static VisionTower create(Parameters owner, VisionConfig config) {
        return switch (config.architecture()) {
            case CLIP -> ClipVit.create(owner, config);
            case EVA02 -> EvaVit.create(owner, config);
        };
    }

    /** Embeddings {@code [B, E]}, not normalised, of pixels {@code [B, 3, S, S]}; no gradient flows into the pixels. */
    Tensor embed(Tensor pixels);

    VisionConfig config();

    /** All parameters, in order of creation. */
    List<Parameter> parameters();
}

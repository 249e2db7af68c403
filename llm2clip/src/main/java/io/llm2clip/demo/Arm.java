package io.llm2clip.demo;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.model.Logits;
import io.llm2clip.model.VisionTower;
import io.llm2clip.training.LossCurve;
import java.util.List;
import java.util.function.Function;

/**
 * One trained pair of towers to compare.
 *
 * @param name key in results
 * @param vision its vision tower
 * @param logits what it makes of cosines
 * @param texts embeds captions, {@code [N, E]}
 * @param steps optimizer steps
 * @param training losses and operations
 */
record Arm(
        String name,
        VisionTower vision,
        Logits logits,
        Function<List<String>, FloatMatrix> texts,
        int steps,
        LossCurve training) {

    /** LLM2CLIP itself. */
    static final String LLM2CLIP = "llm2clip";

    /** The CLIP baseline at equal vision steps. */
    static final String CLIP = "clip";

    /** The CLIP baseline at equal operations of stage 2. */
    static final String CLIP_EQUAL_COMPUTE = "clipEqualCompute";

    /** LLM2CLIP on the vectors of the language model before stage 1. */
    static final String WITHOUT_STAGE_1 = "llm2clipWithoutStage1";

    /** The baseline with a window of 32 tokens. */
    static final String CLIP_WINDOW_32 = "clipWindow32";

    /** The baseline with a window that cuts nothing. */
    static final String CLIP_UNLIMITED = "clipUnlimited";
}

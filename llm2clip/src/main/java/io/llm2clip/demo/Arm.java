package io.llm2clip.demo;

import io.llm2clip.evaluation.BothWays;
import io.llm2clip.training.LossCurve;
import java.nio.file.Path;

/**
 * One trained model to compare.
 *
 * @param name key in results
 * @param model its directory
 * @param steps optimizer steps of stage 2
 * @param training losses and operations of these
 * @param evaluated its recall among all captions of all measured images, as {@code eval} counts it
 */
record Arm(String name, Path model, int steps, LossCurve training, BothWays evaluated) {

    /** LLM2CLIP itself. */
    static final String LLM2CLIP = "llm2clip";

    /** The CLIP baseline at equal vision steps. */
    static final String CLIP = "clip";

    /** The CLIP baseline at equal operations of stage 2. */
    static final String CLIP_EQUAL_COMPUTE = "clipEqualCompute";

    /** LLM2CLIP on the language model as it was before stage 1. */
    static final String WITHOUT_STAGE_1 = "llm2clipWithoutStage1";

    /** The baseline with a window of 32 tokens. */
    static final String CLIP_WINDOW_32 = "clipWindow32";

    /** The baseline with a window that cuts nothing. */
    static final String CLIP_UNLIMITED = "clipUnlimited";
}

package io.llm2clip.training.run;

/** Names of the metrics that every training has. */
public final class Metric {
    /** Before the step's update. */
    public static final String LOSS = "loss";

    /** Of the step, before factors of groups of parameters. */
    public static final String LEARNING_RATE = "learning_rate";

    /** Global norm of the gradients, before clipping. */
    public static final String GRADIENT_NORM = "gradient_norm";

    /** Factor of the cosines. */
    public static final String LOGIT_SCALE = "logit_scale";

    /** What is added to scaled cosines, where that is trained. */
    public static final String LOGIT_BIAS = "logit_bias";

    /** Duration of the step. */
    public static final String SECONDS = "seconds";

    /** Examples of the step's batch per second. */
    public static final String EXAMPLES_PER_SECOND = "examples_per_second";

    /** Memory of the engine and of the Java heap after the step. */
    public static final String MEMORY_BYTES = "memory_bytes";

    /** Steps of the phase that were not made so far. */
    public static final String SKIPPED_STEPS = "skipped_steps";

    private Metric() {}
}

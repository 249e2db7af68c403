package io.llm2clip.model;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * What a model makes of cosines: {@code exp(scale) * cosine + bias}.
 *
 * @param scale {@code []}, the logarithm of the factor
 * @param bias {@code []}; models trained with a sigmoid loss have it, SigLIP's and others
 */
public record Logits(Parameter scale, Optional<Parameter> bias) {
    static final String SCALE = "logit_scale";
    static final String BIAS = "logit_bias";

    /**
     * Numbers of a model.
     *
     * @param factor of cosines, not its logarithm
     * @param bias if the model has one
     */
    public record Values(float factor, Optional<Float> bias) {
        /** CLIP's start. */
        public static final Values SOFTMAX = new Values(1 / 0.07f, Optional.empty());

        /** SigLIP's start: the bias is for the many pairs that do not belong together. */
        public static final Values SIGMOID = new Values(10, Optional.of(-10f));
    }

    /** Those of a new model for a softmax over captions or images. */
    public static Logits softmax(Parameters owner) {
        return create(owner, Values.SOFTMAX);
    }

    /** Creates {@code logit_scale} and, if there is one, {@code logit_bias}. */
    public static Logits create(Parameters owner, Values start) {
        return create(owner.root(), start);
    }

    /** The same in a scope. */
    public static Logits create(Scope owner, Values start) {
        Parameter scale = create(owner, SCALE, (float) Math.log(start.factor));
        return new Logits(scale, start.bias.map(bias -> create(owner, BIAS, bias)));
    }

    private static Parameter create(Scope owner, String name, float value) {
        return owner.create(name, Shape.SCALAR, Initializer.constant(value));
    }

    /**
     * Those of a checkpoint that {@link VisionTower#open} opens; empty if it is of a vision tower alone.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it is damaged
     */
    public static Optional<Values> ofCheckpoint(Path path) {
        try (Checkpoint source =
                        PublishedFiles.open(ModelDirectory.part(AdaptedVision.base(path), ModelDirectory.ADAPTER));
                Parameters parameters = Parameters.trained()) {
            return TextTowerFiles.hasLogits(source)
                    ? Optional.of(TextTowerFiles.logits(parameters, source).values())
                    : Optional.empty();
        }
    }

    /** As they are now. */
    public Values values() {
        return new Values(
                (float) Math.exp(scale.data().item()),
                bias.map(own -> own.data().item()));
    }

    /** Scale and bias. */
    public List<Parameter> parameters() {
        return Stream.concat(Stream.of(scale), bias.stream()).toList();
    }
}

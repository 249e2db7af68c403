package io.llm2clip.training;

import io.llm2clip.model.Logits;
import io.llm2clip.nn.Limit;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The loss of stage 2, and the numbers that it begins with.
 *
 * @param loss which
 * @param keepScale whether a published model that stage 2 begins with keeps its scale and bias; one without both that the loss has begins
 *     with the loss's own
 * @param logitScale the factor of cosines at first, instead of these; null for these
 */
public record ClipLossSettings(
        Loss loss, boolean keepScale, @Nullable Float logitScale) {
    /** The reference's: a softmax, and the scale of the published model. */
    public static final ClipLossSettings DEFAULT = new ClipLossSettings(Loss.SYMMETRIC, true, null);

    /** The losses of stage 2. */
    public enum Loss {
        /** CLIP's: which caption of the batch is an image's, and which image a caption's. Begins at 1/0.07. */
        SYMMETRIC(Limit.SOFTMAX_SCALE, Logits.Values.SOFTMAX),
        /** SigLIP's: whether a caption is an image's, for each pair alone; with a bias. Begins at 10 and -10. */
        SIGMOID(Limit.SCALE, Logits.Values.SIGMOID);

        private final Limit scales;
        private final Logits.Values start;

        Loss(Limit scales, Logits.Values start) {
            this.scales = scales;
            this.start = start;
        }

        @Override
        public String toString() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    public ClipLossSettings {
        if (logitScale != null) {
            loss.scales.require("The logit scale", logitScale);
        }
    }

    /**
     * What training begins with.
     *
     * @param published of the model that it begins with, if it has any
     * @throws IllegalArgumentException if the published scale is none that the loss is trained with
     */
    Logits.Values start(Optional<Logits.Values> published) {
        Logits.Values kept =
                published.filter(_ -> keepScale).flatMap(this::ofThisLoss).orElse(loss.start);
        if (logitScale != null) {
            return new Logits.Values(logitScale, kept.bias());
        }
        // A softmax is of the cosines' differences, so its scale may be above what steps keep it in only in models of
        // another loss.
        float factor = loss == Loss.SYMMETRIC ? Math.min(kept.factor(), ClipSteps.LARGEST_SCALE) : kept.factor();
        loss.scales.require("The published logit scale", factor);
        return new Logits.Values(factor, kept.bias());
    }

    private Optional<Logits.Values> ofThisLoss(Logits.Values values) {
        return switch (loss) {
            case SYMMETRIC -> Optional.of(new Logits.Values(values.factor(), Optional.empty()));
            case SIGMOID -> values.bias().map(_ -> values);
        };
    }

    /** The sentence that a training begins with. */
    String announcement(Logits.Values start, Optional<Logits.Values> published) {
        return String.format(
                Locale.ROOT,
                "stage 2: cosines are multiplied by %.4g at first%s, %s.",
                start.factor(),
                start.bias()
                        .map(bias -> String.format(Locale.ROOT, ", and %.4g is added", bias))
                        .orElse(""),
                logitScale != null
                        ? "as asked for"
                        : published
                                .filter(_ -> keepScale)
                                .flatMap(this::ofThisLoss)
                                .map(kept -> origin(start, kept))
                                .orElse("as the loss begins"));
    }

    private static String origin(Logits.Values start, Logits.Values kept) {
        return start.equals(kept)
                ? "as the published model does"
                : String.format(
                        Locale.ROOT,
                        "the most that a softmax is trained with; the published model has %.4g",
                        kept.factor());
    }
}

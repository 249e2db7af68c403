package io.llm2clip.cli;

import io.llm2clip.dataset.DataMix;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.Sampling;
import io.llm2clip.image.RandomCrop;
import io.llm2clip.nn.Limit;
import io.llm2clip.training.ClipDataChoices;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What stage 2 makes of its data. */
@HelpSection.In(HelpSection.TRAINING)
final class ClipDataOptions {
    @Option(
            names = "--weights",
            split = ",",
            paramLabel = "X",
            description =
                    "How often a batch is of each DATA, such as 2,1 for twice as often of the first (default: as many examples as they"
                            + " have).")
    private List<Double> weights = List.of();

    @Within(Limit.COUNT)
    @Option(
            names = "--shuffle-buffer",
            paramLabel = "N",
            description =
                    "Examples among which the next is drawn; where it has room for all, an epoch is a random permutation (default:"
                            + " ${DEFAULT-VALUE}).")
    private int buffer = Sampling.DEFAULT.buffer();

    @Option(
            names = "--resample",
            description =
                    "Draw shards with replacement, as the reference does, instead of each example once per epoch.")
    private boolean resampled;

    @Option(
            names = "--augment",
            paramLabel = "HOW",
            description =
                    "What is seen of an image: a random CROP of nine tenths of its area or more, the image moved by a few pixels, SHIFT,"
                            + " or as it is measured, NONE (default: CROP with --vision, as in the reference, but SHIFT for towers of images in their own proportions, and from scratch).")
    private @Nullable Augment augment;

    @Within(Limit.SHARE)
    @Option(
            names = "--long-captions",
            paramLabel = "SHARE",
            description =
                    "How often a long caption is drawn of an image that has short and long ones; short are those of less than half the"
                            + " longest one's tokens (default: ${DEFAULT-VALUE}).")
    private double longShare = ClipDataChoices.FROM_SCRATCH.longShare();

    @Option(
            names = "--equal-as-negatives",
            description =
                    "Tell pairs of a batch apart that have the same caption or picture, as the reference does; otherwise they are no"
                            + " negatives of each other.")
    private boolean equalAsNegatives;

    /** What is seen of an image. */
    enum Augment {
        CROP,
        SHIFT,
        NONE
    }

    /** @throws IllegalArgumentException if there is not one weight above 0 for each data set */
    DataMix mix(List<ExampleSet> sets) {
        return DataMix.of(sets, weights);
    }

    /** The recipe's choices with what options say otherwise. */
    ClipDataChoices over(ClipDataChoices recipe) {
        return new ClipDataChoices(
                new Sampling(buffer, resampled),
                augment(recipe) == Augment.CROP ? RandomCrop.STAGE_2 : null,
                longShare,
                equalAsNegatives);
    }

    /** By how many pixels images are moved, where a recipe moves them by some number. */
    int shift(ClipDataChoices recipe, int usual) {
        return augment(recipe) == Augment.SHIFT ? usual : 0;
    }

    private Augment augment(ClipDataChoices recipe) {
        if (augment != null) {
            return augment;
        }
        return recipe.crop() == null ? Augment.SHIFT : Augment.CROP;
    }
}

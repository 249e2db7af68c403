package io.llm2clip.training;

import io.llm2clip.dataset.Sampling;
import io.llm2clip.image.RandomCrop;
import io.llm2clip.nn.Limit;
import org.jspecify.annotations.Nullable;

/**
 * What stage 2 makes of its data.
 *
 * @param sampling in which order it comes
 * @param crop what is seen of an image at each draw; null for all that preprocessing keeps
 * @param longShare how often a long caption is drawn of an image that has short and long ones, from 0 to 1
 * @param equalAsNegatives whether pairs of a batch with the same caption or picture are told apart
 */
public record ClipDataChoices(
        Sampling sampling, @Nullable RandomCrop crop, double longShare, boolean equalAsNegatives) {
    /** For towers from scratch, and those of images in their own proportions: whole images, short captions as often as long ones. */
    public static final ClipDataChoices FROM_SCRATCH = new ClipDataChoices(Sampling.DEFAULT, null, 0.5, false);

    /** For pretrained towers, as in the reference: the same with random crops of nine tenths of the area or more. */
    public static final ClipDataChoices PRETRAINED =
            new ClipDataChoices(Sampling.DEFAULT, RandomCrop.STAGE_2, 0.5, false);

    public ClipDataChoices {
        Limit.SHARE.require("longShare", longShare);
    }
}

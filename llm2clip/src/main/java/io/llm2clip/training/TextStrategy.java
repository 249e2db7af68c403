package io.llm2clip.training;

import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Logits;
import io.llm2clip.nn.Parameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What becomes of CLIP's own text tower where a language model reads the captions: the four strategies that the paper compares. Each
 * contrast has a logit scale, and with sigmoids a bias, of its own, and they count alike.
 */
public enum TextStrategy {
    /** The language model takes its place. */
    REPLACE,
    /** It is trained along, with a loss of its own with the images. */
    BOTH,
    /** The same, and a loss between the two embeddings of a caption. */
    BOTH_ALIGNED,
    /** {@link #BOTH}, and a loss of the images with both embeddings of a caption, joined: the cosine is the mean of the two cosines. */
    CONCATENATED;

    /**
     * What is contrasted.
     *
     * @param first of the captions: by the language model, or by the text tower where there is none
     * @param owner receives logit scales and biases
     * @param start what these begin with
     */
    List<Contrast> contrasts(CaptionsBy first, Parameters owner, Logits.Values start) {
        List<Contrast> all = new ArrayList<>();
        all.add(Contrast.ofImages(first, Logits.create(owner, start)));
        if (this != REPLACE) {
            all.add(Contrast.ofImages(CaptionsBy.TEXT_TOWER, logits(owner, "text_tower", start)));
        }
        if (this == BOTH_ALIGNED) {
            all.add(new Contrast(Optional.of(first), CaptionsBy.TEXT_TOWER, logits(owner, "aligned", start)));
        }
        if (this == CONCATENATED) {
            all.add(Contrast.ofImages(CaptionsBy.JOINED, logits(owner, "concatenated", start)));
        }
        return List.copyOf(all);
    }

    private static Logits logits(Parameters owner, String name, Logits.Values start) {
        return Logits.create(owner.root().scope(name), start);
    }

    /** As it is written, such as {@code both-aligned}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }
}

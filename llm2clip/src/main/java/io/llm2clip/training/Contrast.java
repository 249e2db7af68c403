package io.llm2clip.training;

import io.llm2clip.model.CaptionsBy;
import io.llm2clip.model.Logits;
import java.util.List;
import java.util.Optional;

/**
 * Two sides of a pair that a loss pulls together and pushes from all others of the batch: an image and a caption, or two embeddings of a
 * caption.
 *
 * @param other what embeds the caption on the other side; empty for the image, which stands twice where the caption's embeddings are
 *     joined
 * @param captions what embeds the caption
 * @param logits what is made of cosines: with a bias the loss is of sigmoids, else symmetric
 */
record Contrast(Optional<CaptionsBy> other, CaptionsBy captions, Logits logits) {
    Contrast {
        boolean joined = captions == CaptionsBy.JOINED || other.equals(Optional.of(CaptionsBy.JOINED));
        if (other.isPresent() && (joined || other.get() == captions)) {
            throw new IllegalArgumentException(
                    "A contrast of captions by the %s and by the %s; expected two different embeddings of one length."
                            .formatted(other.get().text(), captions.text()));
        }
    }

    /** The only contrast, of images and captions that are embedded once. */
    static List<Contrast> alone(TextSide<?> text, Logits logits) {
        return List.of(ofImages(text.captionsBy().getFirst(), logits));
    }

    /** Images and their captions. */
    static Contrast ofImages(CaptionsBy captions, Logits logits) {
        return new Contrast(Optional.empty(), captions, logits);
    }
}

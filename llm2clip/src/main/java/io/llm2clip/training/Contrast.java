package io.llm2clip.training;

import io.llm2clip.model.Logits;
import java.util.List;

/**
 * Two sides of a pair that a loss pulls together and pushes from all others of the batch. A side is an embedding, or several
 * that are joined: their cosine is the mean of those of its parts.
 *
 * @param left what is embedded
 * @param right what belongs to it; as many as on the left
 * @param logits what is made of cosines: with a bias the loss is of sigmoids, else symmetric
 */
record Contrast(List<Embedded> left, List<Embedded> right, Logits logits) {
    Contrast {
        left = List.copyOf(left);
        right = List.copyOf(right);
        if (left.size() != right.size()) {
            throw new IllegalArgumentException(
                    "A contrast of %s and %s; expected as many embeddings on both sides.".formatted(left, right));
        }
    }

    /** The only contrast, of images and captions that are embedded once. */
    static List<Contrast> alone(TextSide<?> text, Logits logits) {
        return List.of(ofImages(text.embedded().getFirst(), logits));
    }

    /** Images and their captions. */
    static Contrast ofImages(Embedded captions, Logits logits) {
        return new Contrast(List.of(Embedded.IMAGE), List.of(captions), logits);
    }
}

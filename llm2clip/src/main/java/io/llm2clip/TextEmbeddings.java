package io.llm2clip;

import io.llm2clip.data.FloatMatrix;

/**
 * Captions as vectors.
 *
 * @param vectors in the order of the captions; embeddings {@code [captions, E]} of length 1
 * @param cut how many captions were too long for the model, so that their ends do not count
 * @param maxLength tokens that the model reads of a caption, those of its template included
 */
public record TextEmbeddings(FloatMatrix vectors, int cut, int maxLength) {

    /** Logs a warning where captions were cut. */
    TextEmbeddings warn() {
        if (cut > 0) {
            System.getLogger(Llm2Clip.class.getName())
                    .log(
                            System.Logger.Level.WARNING,
                            "{0} of {1} captions are too long: the model reads {2} tokens of each.",
                            Integer.toString(cut),
                            Integer.toString(vectors.rows()),
                            Integer.toString(maxLength));
        }
        return this;
    }
}

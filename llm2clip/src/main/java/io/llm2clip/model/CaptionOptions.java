package io.llm2clip.model;

import io.llm2clip.text.CaptionFormat;
import java.util.OptionalInt;

/**
 * How captions are read, where that is not as a model's files say. Of a text tower of a model's own, rows can be cut earlier only.
 *
 * @param instruction what a language model reads before each caption, and does not pool; empty for none
 * @param maxLength the longest row in tokens, template and instruction included; longer rows are cut on the right
 * @param captionMaxLength captions of more tokens are shortened by whole words first
 */
public record CaptionOptions(String instruction, OptionalInt maxLength, OptionalInt captionMaxLength) {
    /** As the files say, without an instruction. */
    public static final CaptionOptions STORED = new CaptionOptions("", OptionalInt.empty(), OptionalInt.empty());

    /** @throws IllegalArgumentException if a length is not positive */
    public CaptionOptions {
        requirePositive("rows", maxLength);
        requirePositive("captions", captionMaxLength);
    }

    /** The same with another instruction; empty for none. */
    public CaptionOptions withInstruction(String other) {
        return new CaptionOptions(other, maxLength, captionMaxLength);
    }

    private static void requirePositive(String what, OptionalInt length) {
        if (length.isPresent() && length.getAsInt() < 1) {
            throw new IllegalArgumentException("The maximum length of %s in tokens must be at least 1, found %d."
                    .formatted(what, length.getAsInt()));
        }
    }

    /**
     * The format with the lengths asked for.
     *
     * @param positions that the language model has
     * @throws IllegalArgumentException if it has fewer than asked for
     */
    CaptionFormat in(CaptionFormat format, int positions) {
        if (maxLength.orElse(0) > positions) {
            throw new IllegalArgumentException(
                    "A maximum length of %d tokens: the text encoder has %d positions; choose up to as many."
                            .formatted(maxLength.getAsInt(), positions));
        }
        int rows = maxLength.orElse(format.maxLength());
        // A format that never shortens captions does not begin to because rows may be longer.
        boolean shortens = format.documentMaxLength() < format.maxLength();
        int captions = captionMaxLength.orElse(shortens ? format.documentMaxLength() : rows);
        return new CaptionFormat(format.template(), rows, captions, format.skipInstruction(), format.specialTokens());
    }

    /**
     * The longest row of a text tower.
     *
     * @param window tokens that the tower reads
     * @throws IllegalArgumentException if more than those, or something else is asked for
     */
    int within(int window) {
        if (!instruction.isEmpty() || captionMaxLength.isPresent()) {
            throw new IllegalArgumentException(
                    "The model's own text tower reads captions of up to %d tokens, and nothing before them; leave the instruction and the length of captions alone out, or use a model with a language model as text encoder."
                            .formatted(window));
        }
        if (maxLength.orElse(0) > window) {
            throw new IllegalArgumentException(
                    "A maximum length of %d tokens: the model's own text tower reads %d; choose up to as many."
                            .formatted(maxLength.getAsInt(), window));
        }
        return maxLength.orElse(window);
    }
}

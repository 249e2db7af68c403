package io.llm2clip.cli;

/** Sizes that options give. */
final class Positive {
    private Positive() {}

    /** @throws IllegalArgumentException naming the option, if its value is not positive */
    static void require(String option, int value) {
        if (value < 1) {
            throw new IllegalArgumentException("%s must be at least 1, found %d.".formatted(option, value));
        }
    }
}

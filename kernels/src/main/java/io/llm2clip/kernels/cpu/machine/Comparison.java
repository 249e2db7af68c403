package io.llm2clip.kernels.cpu.machine;

/** Comparisons of f32, as instructions number them. Of NaN none holds, but what says so. */
public enum Comparison {
    EQUAL(0x00),
    UNORDERED(0x03),
    /** Or unordered. */
    NOT_EQUAL(0x04),
    GREATER(0x1E);

    private final int predicate;

    Comparison(int predicate) {
        this.predicate = predicate;
    }

    int predicate() {
        return predicate;
    }
}

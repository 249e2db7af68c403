package io.llm2clip.training;

import io.llm2clip.tensor.CounterRandom;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which captions of one image are brief and which are detailed: brief are those of less than half the longest one's tokens.
 *
 * @param brief numbers of the brief captions; may be empty
 * @param detailed numbers of the others; never empty
 */
record CaptionKinds(int[] brief, int[] detailed) {

    /** @param lengths tokens of each caption */
    static CaptionKinds of(int[] lengths) {
        int longest = Arrays.stream(lengths).max().orElseThrow();
        return new CaptionKinds(
                IntStream.range(0, lengths.length)
                        .filter(i -> 2 * lengths[i] < longest)
                        .toArray(),
                IntStream.range(0, lengths.length)
                        .filter(i -> 2 * lengths[i] >= longest)
                        .toArray());
    }

    /** A caption: brief or detailed with equal probability, then any of its kind (design of the reference's two-column data). */
    int draw(CounterRandom random, long stream, long counter) {
        boolean fromBrief = brief.length > 0 && random.integer(stream, 2 * counter, 2) == 0;
        int[] kind = fromBrief ? brief : detailed;
        return kind[random.integer(stream, 2 * counter + 1, kind.length)];
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof CaptionKinds kinds
                && Arrays.equals(brief, kinds.brief)
                && Arrays.equals(detailed, kinds.detailed);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(brief) + Arrays.hashCode(detailed);
    }

    @Override
    public String toString() {
        return "CaptionKinds[brief=" + Arrays.toString(brief) + ", detailed=" + Arrays.toString(detailed) + "]";
    }
}

package io.llm2clip.text;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which captions of one image are short and which are long: short are those of less than half the longest one's tokens.
 *
 * @param brief numbers of the short captions; may be empty
 * @param detailed numbers of the others; never empty
 */
public record CaptionKinds(List<Integer> brief, List<Integer> detailed) {
    public CaptionKinds {
        brief = List.copyOf(brief);
        detailed = List.copyOf(detailed);
    }

    /**
     * Sorts the captions of an image.
     *
     * @param lengths tokens of each caption, at least one
     */
    public static CaptionKinds of(int... lengths) {
        int longest = Arrays.stream(lengths).max().orElseThrow();
        return new CaptionKinds(
                IntStream.range(0, lengths.length)
                        .filter(i -> 2L * lengths[i] < longest)
                        .boxed()
                        .toList(),
                IntStream.range(0, lengths.length)
                        .filter(i -> 2L * lengths[i] >= longest)
                        .boxed()
                        .toList());
    }

    /** Sorts the captions of an image by their own tokens, without what the template adds before them. */
    public static CaptionKinds ofRows(List<CaptionRow> captions) {
        return of(captions.stream().mapToInt(CaptionRow::pooledLength).toArray());
    }
}

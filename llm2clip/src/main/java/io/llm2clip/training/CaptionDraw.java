package io.llm2clip.training;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionKinds;
import java.util.List;

/** Which caption of an image a step takes: short or long with equal probability, then any of its kind (the reference's two columns). */
final class CaptionDraw {
    private CaptionDraw() {}

    /** The number of the caption. */
    static int draw(CaptionKinds kinds, CounterRandom random, long stream, long counter) {
        boolean fromBrief = !kinds.brief().isEmpty() && random.integer(stream, 2 * counter, 2) == 0;
        List<Integer> kind = fromBrief ? kinds.brief() : kinds.detailed();
        return kind.get(random.integer(stream, 2 * counter + 1, kind.size()));
    }
}

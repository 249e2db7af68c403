package io.llm2clip.training;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionKinds;
import java.util.List;

/**
 * Which caption of an image a step takes: a long one by a share, otherwise a short one, then any of its kind. The reference draws from
 * a short and a long column with equal probability.
 *
 * @param longShare of draws from long captions, from 0 to 1
 */
record CaptionDraw(double longShare) {
    /** As often short as long. */
    static final CaptionDraw EQUAL = new CaptionDraw(0.5);

    /** The number of the caption; an image whose captions are all of one kind has only these. */
    int draw(CaptionKinds kinds, CounterRandom random, long stream, long counter) {
        boolean fromBrief = !kinds.brief().isEmpty() && random.uniform(stream, 2 * counter) < 1 - longShare;
        List<Integer> kind = fromBrief ? kinds.brief() : kinds.detailed();
        return kind.get(random.integer(stream, 2 * counter + 1, kind.size()));
    }
}

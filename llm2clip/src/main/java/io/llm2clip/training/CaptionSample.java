package io.llm2clip.training;

import io.llm2clip.data.InputException;
import io.llm2clip.dataset.ExamplePlaces;
import io.llm2clip.dataset.ExampleSet;
import java.util.ArrayList;
import java.util.List;

/**
 * Captions of examples that are evenly spread over data sets.
 *
 * @param captions of all that can be used
 * @param total about how many captions the data sets have
 */
record CaptionSample(List<String> captions, long total) {
    /**
     * Reads one; what cannot be used is left out, and counted where it is drawn.
     *
     * @param most examples of each set
     */
    static CaptionSample of(List<ExampleSet> sets, int most) {
        List<String> captions = new ArrayList<>();
        double total = 0;
        for (ExampleSet set : sets) {
            ExamplePlaces places = new ExamplePlaces(set);
            int count = Math.min(most, places.count());
            int before = captions.size();
            for (int i = 0; i < count; i++) {
                try {
                    captions.addAll(places.captions((int) ((long) i * places.count() / count)));
                } catch (InputException e) {
                    continue;
                }
            }
            total += (double) (captions.size() - before) * places.count() / Math.max(1, count);
        }
        return new CaptionSample(captions, Math.round(total));
    }
}

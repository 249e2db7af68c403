package io.llm2clip.dataset;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Examples that could not be used: how many, and the reasons of the first. */
public final class Skipped {
    private static final int REASONS = 100;
    /** Up to here an example that is drawn again is known to have been counted. */
    private static final int KNOWN = 100_000;

    private final Set<ExampleOrder.Place> known = new HashSet<>();
    private final List<String> reasons = new ArrayList<>();
    private long count;

    Skipped() {}

    synchronized void add(ExampleOrder.Place place, String reason) {
        if (known.contains(place)) {
            return;
        }
        if (known.size() < KNOWN) {
            known.add(place);
        }
        count++;
        if (reasons.size() < REASONS) {
            reasons.add(reason);
        }
    }

    /** How many examples. */
    public synchronized long count() {
        return count;
    }

    /** A sentence for each of the first. */
    public synchronized List<String> reasons() {
        return List.copyOf(reasons);
    }
}

package io.llm2clip.dataset;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import java.util.function.ToLongFunction;
import org.jspecify.annotations.Nullable;

/**
 * Examples ready to be learned from, kept from the first on while they have room, so that a small set is read and decoded once. None is
 * given up for another: each is needed again after all others, when any order of giving up would have given up it too.
 */
final class KeptExamples<L> {
    private final long bytes;
    private final ToLongFunction<L> size;
    private final AtomicLong taken = new AtomicLong();
    private final Map<ExampleOrder.Place, L> kept = new ConcurrentHashMap<>();

    /**
     * Keeps none so far.
     *
     * @param bytes that they may take
     * @param size bytes of one
     */
    KeptExamples(long bytes, ToLongFunction<L> size) {
        this.bytes = bytes;
        this.size = size;
    }

    /** The example of a place. */
    L get(ExampleOrder.Place place, Supplier<L> read) {
        @Nullable L known = kept.get(place);
        if (known != null) {
            return known;
        }
        L loaded = read.get();
        long more = size.applyAsLong(loaded);
        if (taken.addAndGet(more) <= bytes) {
            kept.put(place, loaded);
        } else {
            taken.addAndGet(-more);
        }
        return loaded;
    }
}

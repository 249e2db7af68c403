package io.llm2clip.dataset;

import io.llm2clip.image.RgbImage;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Examples ready to be learned from, kept from the first on while they have room, so that a small set is read and decoded once. None is
 * given up for another: each is needed again after all others, when any order of giving up would have given up it too.
 */
final class KeptExamples<C> {
    /** What texts take, about. */
    private static final long TEXT_BYTES = 4096;

    private final long bytes;
    private final AtomicLong taken = new AtomicLong();
    private final Map<ExampleOrder.Place, ExampleStream.Loaded<C>> kept = new ConcurrentHashMap<>();

    /** @param bytes that they may take */
    KeptExamples(long bytes) {
        this.bytes = bytes;
    }

    /** The example of a place. */
    ExampleStream.Loaded<C> get(ExampleOrder.Place place, Supplier<ExampleStream.Loaded<C>> read) {
        ExampleStream.@Nullable Loaded<C> known = kept.get(place);
        if (known != null) {
            return known;
        }
        ExampleStream.Loaded<C> loaded = read.get();
        RgbImage image = loaded.image();
        long size = 3L * image.width() * image.height() + TEXT_BYTES;
        if (taken.addAndGet(size) <= bytes) {
            kept.put(place, loaded);
        } else {
            taken.addAndGet(-size);
        }
        return loaded;
    }
}

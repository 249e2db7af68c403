package io.llm2clip.dataset;

import io.llm2clip.image.RgbImage;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Images of the model's size, kept from the first on while they have room, so that a small set is decoded once. None is given up for
 * another: each is needed again after all others, when any order of giving up would have given up it too.
 */
final class DecodedImages {
    private final long bytes;
    private final AtomicLong taken = new AtomicLong();
    private final Map<ExampleOrder.Place, RgbImage> kept = new ConcurrentHashMap<>();

    /** @param bytes that they may take */
    DecodedImages(long bytes) {
        this.bytes = bytes;
    }

    /** The image of a place. */
    RgbImage get(ExampleOrder.Place place, Supplier<RgbImage> read) {
        @Nullable RgbImage known = kept.get(place);
        if (known != null) {
            return known;
        }
        RgbImage image = read.get();
        long size = 3L * image.width() * image.height();
        if (taken.addAndGet(size) <= bytes) {
            kept.put(place, image);
        } else {
            taken.addAndGet(-size);
        }
        return image;
    }
}

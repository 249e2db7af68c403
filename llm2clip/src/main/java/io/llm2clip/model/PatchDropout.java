package io.llm2clip.model;

import io.llm2clip.nn.Limit;
import io.llm2clip.tensor.CounterRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Patch dropout (FLIP, Li et al. 2023): a step sees a random part of each image's patches. Which one depends on seed, step and the image's
 * place in its batch alone. The class token always stays.
 *
 * @param rate share of the patches that are left out, from 0 to below 1
 */
public record PatchDropout(float rate) {
    /** All patches are seen. */
    public static final PatchDropout NONE = new PatchDropout(0);

    public PatchDropout {
        Limit.DROPOUT.require("rate", rate);
    }

    /** Which patches are seen of the images of one batch. */
    @FunctionalInterface
    public interface Choice {
        /**
         * Those of one image.
         *
         * @param image its place in the batch
         * @param patches how many it has
         * @return their numbers, ascending
         */
        int[] of(int image, int patches);
    }

    /** How many of an image's patches are seen: at least one. */
    public int kept(int patches) {
        return rate == 0 ? patches : Math.max(1, (int) (patches * (1 - (double) rate)));
    }

    /** The patches of a step; null for all. */
    public @Nullable Choice at(long seed, long step) {
        if (rate == 0) {
            return null;
        }
        CounterRandom random = new CounterRandom(seed);
        return (image, patches) -> {
            long stream = CounterRandom.streamOf("patches of image %d of step %d".formatted(image, step));
            // By random keys, behind which the patches' numbers are.
            return IntStream.range(0, patches)
                    .mapToLong(patch -> random.bits(stream, patch) << Integer.SIZE | patch)
                    .sorted()
                    .limit(kept(patches))
                    .mapToInt(key -> (int) key)
                    .sorted()
                    .toArray();
        };
    }
}

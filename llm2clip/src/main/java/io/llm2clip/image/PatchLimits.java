package io.llm2clip.image;

import java.util.List;

/**
 * How many patches an image that keeps its proportions is resized to at most: the smallest of a few numbers that is not below the
 * patches that it has anyway, or the largest.
 *
 * @param steps the numbers, ascending
 */
public record PatchLimits(List<Integer> steps) {
    /**
     * FG-CLIP 2's: small pictures are not enlarged to the patches of large ones. Each picture has its own number, as on the model card; the
     * image processor gives all pictures of a batch that of the largest, so that it depends on the company.
     */
    public static final PatchLimits FG_CLIP_2 = new PatchLimits(List.of(128, 256, 576, 784, 1024));

    /** More patches than any picture of a benchmark needs, and few enough for one picture's attention. */
    private static final int LARGEST = 1 << 16;

    /** @throws IllegalArgumentException if there is none, or they do not ascend from 1 to 65,536 */
    public PatchLimits {
        steps = List.copyOf(steps);
        boolean ascending = !steps.isEmpty();
        int last = 0;
        for (int step : steps) {
            ascending &= step > last && step <= LARGEST;
            last = step;
        }
        if (!ascending) {
            throw new IllegalArgumentException(
                    "Maximum numbers of patches %s; expected ascending ones of 1 to %,d, such as 256."
                            .formatted(steps, LARGEST));
        }
    }

    /** The same number for all images. */
    public static PatchLimits of(int patches) {
        return new PatchLimits(List.of(patches));
    }

    /** The largest of them. */
    public int largest() {
        return steps.getLast();
    }

    /** That of an image with sides in pixels. */
    public int of(int width, int height, int patchSize) {
        long own = (long) (width / patchSize) * (height / patchSize);
        return steps.stream().filter(step -> step >= own).findFirst().orElse(largest());
    }
}

package io.llm2clip.training;

import io.llm2clip.data.FloatMatrix;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/** Vectors {@code [D]} of the captions of images, not normalized. */
public final class CaptionVectors {
    private final FloatMatrix vectors;
    /** Of each image the row of its first caption; one more for the end. */
    private final int[] starts;

    private CaptionVectors(FloatMatrix vectors, int[] starts) {
        this.vectors = vectors;
        this.starts = starts;
    }

    /**
     * Vectors in the order of images, and of an image in the order of its captions.
     *
     * @param vectors {@code [captions of all images, D]}
     * @param captions by image
     */
    public static CaptionVectors of(FloatMatrix vectors, List<? extends List<?>> captions) {
        int[] starts = new int[captions.size() + 1];
        for (int image = 0; image < captions.size(); image++) {
            starts[image + 1] = Math.addExact(starts[image], captions.get(image).size());
        }
        if (starts[captions.size()] != vectors.rows()) {
            throw new IllegalArgumentException(
                    "%d captions need as many vectors, found %d.".formatted(starts[captions.size()], vectors.rows()));
        }
        return new CaptionVectors(vectors, starts);
    }

    /** The number of images. */
    public int images() {
        return starts.length - 1;
    }

    /** The number of an image's captions. */
    public int count(int image) {
        return starts[image + 1] - starts[image];
    }

    /** D. */
    public int size() {
        return vectors.columns();
    }

    /** The vector of an image's caption, where it is. */
    public MemorySegment vector(int image, int caption) {
        return ofImage(image).row(caption);
    }

    /** The vectors of all captions of some images, one after another. */
    public FloatMatrix ofImages(int... images) {
        FloatMatrix some =
                FloatMatrix.allocate(Arrays.stream(images).map(this::count).sum(), size());
        int row = 0;
        for (int image : images) {
            FloatMatrix own = ofImage(image);
            some.slice(row, row + own.rows()).memory().copyFrom(own.memory());
            row += own.rows();
        }
        return some;
    }

    private FloatMatrix ofImage(int image) {
        return vectors.slice(starts[image], starts[image + 1]);
    }
}

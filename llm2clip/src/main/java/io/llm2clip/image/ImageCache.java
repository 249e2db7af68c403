package io.llm2clip.image;

import io.llm2clip.progress.Progress;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Training images in memory: 8-bit at model resolution, three bytes per pixel. Immutable once loaded. */
public final class ImageCache implements ImageSource {
    /** Small images are ready at once, and threads should not wait for their turn to be taken. */
    private static final int AHEAD = 256;

    private final Preprocessing preprocessing;
    private final @Nullable RgbImage[] images;
    private final List<ImageResult.Failure> failures;

    private ImageCache(Preprocessing preprocessing, @Nullable RgbImage[] images, List<ImageResult.Failure> failures) {
        this.preprocessing = preprocessing;
        this.images = images;
        this.failures = failures;
    }

    /**
     * Reads all images of a source.
     *
     * <p>Broken images do not stop the load; they are in {@link #failures()} and the caller leaves their indices out.
     *
     * @param phase hears of each image
     */
    public static ImageCache load(ImageSource source, Progress.Phase phase) {
        @Nullable RgbImage[] images = new RgbImage[source.count()];
        List<ImageResult.Failure> failures = new ArrayList<>();
        try (ImageStream stream = new ImageStream(source, AHEAD)) {
            while (stream.hasNext()) {
                switch (stream.next()) {
                    case ImageResult.Read(int index, RgbImage image) -> images[index] = image;
                    case ImageResult.Failure failure -> failures.add(failure);
                }
                phase.advance(1);
            }
        }
        return new ImageCache(source.preprocessing(), images, List.copyOf(failures));
    }

    /** Takes images that are in memory already. */
    public static ImageCache of(List<RgbImage> images, Preprocessing preprocessing) {
        RgbImage[] resized = images.stream().map(preprocessing::resized).toArray(RgbImage[]::new);
        return new ImageCache(preprocessing, resized, List.of());
    }

    /** The number of images, broken ones included. */
    @Override
    public int count() {
        return images.length;
    }

    @Override
    public String name(int index) {
        return "number " + index;
    }

    @Override
    public Preprocessing preprocessing() {
        return preprocessing;
    }

    /** What could not be loaded, by index. */
    public List<ImageResult.Failure> failures() {
        return failures;
    }

    /** Why images could not be loaded, a sentence for each. */
    public List<String> reasons() {
        return failures.stream().map(ImageResult.Failure::reason).toList();
    }

    /** The indices of the images that could be loaded, in order. */
    public int[] usable() {
        return IntStream.range(0, images.length).filter(i -> images[i] != null).toArray();
    }

    /** The same images under the same indices, of which only the given ones are usable. */
    public ImageCache only(List<Integer> indices) {
        @Nullable RgbImage[] kept = new RgbImage[images.length];
        indices.forEach(i -> kept[i] = read(i));
        return new ImageCache(preprocessing, kept, failures);
    }

    /** The resized image at {@code index}. */
    @Override
    public RgbImage read(int index) {
        RgbImage image = images[index];
        if (image == null) {
            throw new IllegalArgumentException(
                    "Image %d could not be loaded or was left out; take the indices of usable().".formatted(index));
        }
        return image;
    }
}

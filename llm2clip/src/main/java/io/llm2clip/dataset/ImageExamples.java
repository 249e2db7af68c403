package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.image.Frame;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RandomCrop;
import io.llm2clip.image.RgbImage;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Examples with images, as a model takes them.
 *
 * @param set what there is
 * @param sampling in which order it comes
 * @param reader of the images
 * @param preprocessing of the model
 * @param crop what is seen of an image when it is drawn; null for what preprocessing keeps
 */
public record ImageExamples(
        ExampleSet set,
        Sampling sampling,
        ImageReader reader,
        Preprocessing preprocessing,
        @Nullable RandomCrop crop) {
    /** @throws InputException if images are to be cropped that keep their own proportions */
    public ImageExamples {
        if (crop != null && !(preprocessing.frame() instanceof Frame.Square)) {
            throw new InputException(
                    "The tower takes images in their own proportions, expected squares for random crops; leave the crops out.");
        }
    }

    /** Every example once an epoch, images as preprocessing has them. */
    public ImageExamples(ExampleSet set, ImageReader reader, Preprocessing preprocessing) {
        this(set, Sampling.DEFAULT, reader, preprocessing, null);
    }

    /**
     * Batches, see {@link ExampleStream}.
     *
     * @param prepare makes of an example what a step needs of its texts, by several threads
     */
    public <C> ExampleStream<C> stream(int batch, long seed, Position start, Function<Example, C> prepare) {
        return new ExampleStream<>(this, 1, batch, seed, start, prepare);
    }

    /** The examples that can be used, up to {@code most}; all of them are tried. */
    public long countUsable(long most) {
        long usable = 0;
        for (int shard = 0; shard < set.shards(); shard++) {
            for (int index = 0; index < set.size(shard) && usable < most; index++) {
                try {
                    image(set.read(shard, index));
                    usable++;
                } catch (InputException e) {
                    // Whoever draws it counts it.
                    continue;
                }
            }
        }
        return usable;
    }

    /** Why the first example that cannot be used cannot. */
    Optional<String> firstFault() {
        for (int shard = 0; shard < set.shards(); shard++) {
            for (int index = 0; index < set.size(shard); index++) {
                try {
                    image(set.read(shard, index));
                } catch (InputException e) {
                    return Optional.of(String.valueOf(e.getMessage()));
                }
            }
        }
        return Optional.empty();
    }

    /**
     * The image of an example.
     *
     * @throws InputException naming it, if it has none that can be used
     */
    RgbImage image(Example example) {
        return encoded(example).read(reader, preprocessing);
    }

    /**
     * The same as it is seen when it is drawn.
     *
     * @param seed of the draw
     */
    RgbImage view(Example example, long seed) {
        return crop != null && preprocessing.frame() instanceof Frame.Square square
                ? crop.of(encoded(example).whole(reader), square.size(), preprocessing.filter(), seed)
                : image(example);
    }

    /** Keys of rows and lines say where these are. */
    private static String title(Example example) {
        return example.key().endsWith(example.shard()) ? example.key() : example.key() + " of " + example.shard();
    }

    private static ExampleImage encoded(Example example) {
        return example.image().orElseThrow(() -> new InputException("%s has no image.".formatted(title(example))));
    }

    /** All images in the order of the set, which must have fewer than 2^31. */
    public ImageSource source() {
        ExamplePlaces places = new ExamplePlaces(set);
        return new ImageSource() {
            @Override
            public int count() {
                return places.count();
            }

            @Override
            public String name(int index) {
                return "example %d of %s".formatted(index + 1, set.name());
            }

            @Override
            public Preprocessing preprocessing() {
                return preprocessing;
            }

            @Override
            public RgbImage read(int index) {
                return image(places.read(index));
            }
        };
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.InputException;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.ImageSource;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import java.util.function.Function;

/**
 * Examples with images, as a model takes them.
 *
 * @param set what there is
 * @param sampling in which order it comes
 * @param reader of the images
 * @param preprocessing of the model
 */
public record ImageExamples(ExampleSet set, Sampling sampling, ImageReader reader, Preprocessing preprocessing) {
    /** Every example once an epoch. */
    public ImageExamples(ExampleSet set, ImageReader reader, Preprocessing preprocessing) {
        this(set, Sampling.DEFAULT, reader, preprocessing);
    }

    /**
     * Batches, see {@link ExampleStream}.
     *
     * @param prepare makes of an example what a step needs of its texts, by several threads
     */
    public <C> ExampleStream<C> stream(int batch, long seed, Position start, Function<Example, C> prepare) {
        return new ExampleStream<>(this, batch, seed, start, prepare);
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

    /**
     * The image of an example.
     *
     * @throws InputException naming it, if it has none that can be used
     */
    RgbImage image(Example example) {
        return example.image()
                .orElseThrow(
                        () -> new InputException("%s of %s has no image.".formatted(example.key(), example.shard())))
                .read(reader, preprocessing);
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

package io.llm2clip.dataset;

import io.llm2clip.image.Preprocessing;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Images of one or several sources to learn from. Each batch is of one source, as in the reference: among images of one kind there is
 * more to be told apart.
 *
 * @param sources at least one, for the same model
 * @param equalAsNegatives whether pairs of a batch with the same caption or picture are told apart, as in the reference; otherwise they
 *     are no negatives of each other
 */
public record ImageMix(List<Source> sources, boolean equalAsNegatives) {
    /**
     * A source.
     *
     * @param weight how often it is drawn from, in proportion to the others; above 0
     */
    public record Source(ImageExamples images, double weight) {}

    public ImageMix {
        sources = List.copyOf(sources);
    }

    /** A single source. */
    public static ImageMix of(ImageExamples images) {
        return new ImageMix(List.of(new Source(images, 1)), false);
    }

    /** Of the model. */
    public Preprocessing preprocessing() {
        return sources.getFirst().images.preprocessing();
    }

    /**
     * The largest batch up to {@code most} that each source has enough usable images for; a set that has many more is not tried.
     */
    public int largestBatch(int most) {
        long batch = most;
        for (Source source : sources) {
            ImageExamples images = source.images;
            batch = Math.min(batch, images.set().size() >= 2L * most ? most : images.countUsable(most));
        }
        return (int) batch;
    }

    /** What it is called in messages. */
    public String name() {
        return sources.stream().map(source -> source.images.set().name()).collect(Collectors.joining(" and "));
    }

    /** Why the first example that cannot be used cannot, if there is one; all before it are tried. */
    public Optional<String> firstFault() {
        return sources.stream()
                .flatMap(source -> source.images.firstFault().stream())
                .findFirst();
    }

    /**
     * Batches, see {@link ExampleStream}.
     *
     * @param position where to go on, as {@link MixStream#position} says it; empty for the beginning
     * @param prepare makes of an example what a step needs of its texts, by several threads
     */
    public <C> MixStream<C> stream(int batch, long seed, String position, Function<Example, C> prepare) {
        return new MixStream<>(this, batch, seed, position, prepare);
    }
}

package io.llm2clip.bench;

import io.llm2clip.dataset.CaptionColumns;
import io.llm2clip.dataset.ExampleSet;
import io.llm2clip.dataset.OrderedExamples;
import io.llm2clip.dataset.Position;
import io.llm2clip.dataset.Sampling;
import io.llm2clip.dataset.TextSets;
import io.llm2clip.progress.Quantity;
import java.lang.management.ManagementFactory;
import java.util.Locale;

/**
 * How fast the captions of a data set are read, and in what memory: looking through it, in its order, and as a training draws them. What
 * is on the heap is what a collection leaves.
 *
 * <p>Arguments: a data set, as {@code train caption} takes it, and how many examples are drawn in batches of 1024 (100000).
 */
public final class ExamplesBench {
    private static final int BATCH = 1024;
    private static final int DRAWN = 100_000;

    private ExamplesBench() {}

    public static void main(String[] arguments) {
        int drawn = arguments.length > 1 ? Integer.parseInt(arguments[1]) : DRAWN;
        long start = System.nanoTime();
        ExampleSet set = TextSets.open(arguments[0], CaptionColumns.BY_NAME).getFirst();
        tell("opened", set.size(), start);
        start = System.nanoTime();
        long captions = 0;
        for (int shard = 0; shard < set.shards(); shard++) {
            for (int index = 0; index < set.size(shard); index++) {
                captions += set.captions(shard, index).size();
            }
        }
        tell("in order, %s".formatted(Quantity.of(captions, "caption")), set.size(), start);
        start = System.nanoTime();
        try (OrderedExamples<Integer> examples = new OrderedExamples<>(
                set,
                Sampling.DEFAULT,
                1,
                Position.START,
                (example, _) -> example.texts().size(),
                0,
                _ -> 0)) {
            for (int i = 0; i < drawn; i += BATCH) {
                examples.next(BATCH, _ -> true);
            }
            tell("drawn", drawn, start);
        }
    }

    private static void tell(String what, long rows, long start) {
        double seconds = (System.nanoTime() - start) / 1e9;
        System.gc();
        System.out.printf(
                Locale.ROOT,
                "%s: %,d examples in %.2f s, %,.0f a second; heap %.1f MB%n",
                what,
                rows,
                seconds,
                rows / seconds,
                ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed() / 1e6);
    }
}

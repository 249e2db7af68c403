package io.llm2clip.dataset;

import java.util.Arrays;
import java.util.List;

/** The examples of a set by one number each. */
public final class ExamplePlaces {
    private final ExampleSet set;
    /** Of each shard the number of its first example; one more for the end. */
    private final int[] starts;

    /** @throws ArithmeticException if there are 2^31 or more */
    public ExamplePlaces(ExampleSet set) {
        this.set = set;
        this.starts = new int[set.shards() + 1];
        for (int shard = 0; shard < set.shards(); shard++) {
            starts[shard + 1] = Math.addExact(starts[shard], set.size(shard));
        }
    }

    /** How many there are. */
    public int count() {
        return starts[set.shards()];
    }

    /** As {@link ExampleSet#read}. */
    public Example read(int number) {
        int shard = shard(number);
        return set.read(shard, number - starts[shard]);
    }

    /** As {@link ExampleSet#captions}. */
    public List<String> captions(int number) {
        int shard = shard(number);
        return set.captions(shard, number - starts[shard]);
    }

    /** The last that begins at the number or before, which is not empty. */
    private int shard(int number) {
        int found = Arrays.binarySearch(starts, number);
        int shard = found >= 0 ? found : -found - 2;
        while (starts[shard + 1] <= number) {
            shard++;
        }
        return shard;
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What is learned from and what is measured: sets divided by position, every n-th example to be measured but at most 5,000, or sets and
 * another one.
 *
 * @param training what is learned from
 * @param measured the rest
 */
public record HeldOutExamples(DataMix training, ExampleSet measured) {
    /** Among fewer there is nothing to confuse. */
    private static final int LEAST = 2;

    private static final int MOST_MEASURED = 5000;

    /**
     * Divides each set.
     *
     * @param every every how-manieth is measured, or every later one if these are too many
     * @throws InputException if one is too small
     */
    public static HeldOutExamples of(DataMix data, int every) {
        List<DataSource> training = new ArrayList<>();
        List<ExampleSet> measured = new ArrayList<>();
        int apart = (int) Math.max(every, Math.ceilDiv(data.size(), (long) MOST_MEASURED));
        for (DataSource source : data.sources()) {
            ExampleSet set = source.set();
            if (set.size() < (long) LEAST * every) {
                throw new InputException(
                        "%s has %d usable examples, training needs at least %d, one in %d of which is held out; add some."
                                .formatted(set.name(), set.size(), (long) LEAST * every, every));
            }
            training.add(source.with(new Part(set, apart, false)));
            measured.add(new Part(set, apart, true));
        }
        return new HeldOutExamples(new DataMix(training), JoinedExamples.of(measured));
    }

    /**
     * Sets that are learned from as a whole, and another one.
     *
     * @throws InputException if one is too small
     */
    public static HeldOutExamples of(DataMix training, ExampleSet measured) {
        for (DataSource source : training.sources()) {
            long fewest = Math.min(source.set().size(), measured.size());
            if (fewest < LEAST) {
                throw new InputException("%s and %s: expected at least %d usable examples of each, found %d; add some."
                        .formatted(source.set().name(), measured.name(), LEAST, fewest));
            }
        }
        return new HeldOutExamples(training, measured);
    }

    /** Every n-th example, counted through the shards, or the others. */
    private static final class Part implements ExampleSet {
        private final ExampleSet set;
        private final int every;
        private final boolean measured;
        /** Of each shard the first example that is measured, which may be behind its end. */
        private final int[] firsts;

        Part(ExampleSet set, int every, boolean measured) {
            this.set = set;
            this.every = every;
            this.measured = measured;
            this.firsts = new int[set.shards()];
            long before = 0;
            for (int shard = 0; shard < firsts.length; shard++) {
                firsts[shard] = every - 1 - (int) (before % every);
                before += set.size(shard);
            }
        }

        @Override
        public String name() {
            return set.name();
        }

        @Override
        public int shards() {
            return set.shards();
        }

        @Override
        public int size(int shard) {
            int all = set.size(shard);
            int held = all <= firsts[shard] ? 0 : (all - firsts[shard] - 1) / every + 1;
            return measured ? held : all - held;
        }

        @Override
        public Example read(int shard, int index) {
            return set.read(shard, within(shard, index));
        }

        @Override
        public List<String> captions(int shard, int index) {
            return set.captions(shard, within(shard, index));
        }

        @Override
        public Map<String, byte[]> vectors(int shard, int index) {
            return set.vectors(shard, within(shard, index));
        }

        private int within(int shard, int index) {
            int first = firsts[shard];
            if (measured) {
                return first + index * every;
            }
            int after = index - first;
            return after < 0 ? index : first + 1 + after / (every - 1) * every + after % (every - 1);
        }

        @Override
        public List<String> notes() {
            return set.notes();
        }

        @Override
        public String digest() {
            return Fingerprint.hash("%s, 1 in %d %s".formatted(set.digest(), every, measured ? "alone" : "left out"));
        }
    }
}

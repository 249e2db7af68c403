package io.llm2clip.dataset;

import io.llm2clip.data.Fingerprint;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Several sets, one behind the other. */
public final class JoinedExamples implements ExampleSet {
    private final List<ExampleSet> sets;
    /** Of each set the number of its first shard. */
    private final int[] firsts;

    private final int shards;

    private JoinedExamples(List<ExampleSet> sets) {
        this.sets = List.copyOf(sets);
        this.firsts = new int[sets.size()];
        int count = 0;
        for (int i = 0; i < firsts.length; i++) {
            firsts[i] = count;
            count = Math.addExact(count, sets.get(i).shards());
        }
        this.shards = count;
    }

    /** Of at least one set; a single one is itself. */
    public static ExampleSet of(List<? extends ExampleSet> sets) {
        return sets.size() == 1 ? sets.getFirst() : new JoinedExamples(List.copyOf(sets));
    }

    private int setOf(int shard) {
        int found = firsts.length - 1;
        while (firsts[found] > shard) {
            found--;
        }
        return found;
    }

    @Override
    public String name() {
        return sets.stream().map(ExampleSet::name).collect(Collectors.joining(" and "));
    }

    @Override
    public int shards() {
        return shards;
    }

    @Override
    public int size(int shard) {
        int set = setOf(shard);
        return sets.get(set).size(shard - firsts[set]);
    }

    @Override
    public Example read(int shard, int index) {
        int set = setOf(shard);
        return sets.get(set).read(shard - firsts[set], index);
    }

    @Override
    public List<String> captions(int shard, int index) {
        int set = setOf(shard);
        return sets.get(set).captions(shard - firsts[set], index);
    }

    @Override
    public Map<String, byte[]> vectors(int shard, int index) {
        int set = setOf(shard);
        return sets.get(set).vectors(shard - firsts[set], index);
    }

    @Override
    public List<String> notes() {
        return sets.stream().flatMap(set -> set.notes().stream()).toList();
    }

    @Override
    public String digest() {
        return Fingerprint.hash(sets.stream().map(ExampleSet::digest).collect(Collectors.joining("\n")));
    }
}

package io.llm2clip.dataset;

import io.llm2clip.data.DataDigest;
import java.util.List;
import java.util.Optional;

/**
 * Groups of captions in memory.
 *
 * @param name for messages
 * @param groups captions of the same thing each, none blank
 */
public record TextGroups(String name, List<List<String>> groups) implements ExampleSet {
    public TextGroups {
        groups = List.copyOf(groups);
    }

    @Override
    public int shards() {
        return 1;
    }

    @Override
    public int size(int shard) {
        return groups.size();
    }

    @Override
    public Example read(int shard, int index) {
        return new Example(
                "group " + (index + 1),
                name,
                Optional.empty(),
                groups.get(index).stream()
                        .map(text -> new Example.Caption("captions", text))
                        .toList());
    }

    @Override
    public String digest() {
        return DataDigest.ofCaptions(groups);
    }
}

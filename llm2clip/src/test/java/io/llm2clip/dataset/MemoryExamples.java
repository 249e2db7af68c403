package io.llm2clip.dataset;

import io.llm2clip.image.RgbImage;
import java.util.List;
import java.util.Optional;

/** Pictures in memory, each with its number as key and as its caption. */
public record MemoryExamples(List<RgbImage> images) implements ExampleSet {
    @Override
    public String name() {
        return "memory";
    }

    @Override
    public int shards() {
        return 1;
    }

    @Override
    public int size(int shard) {
        return images.size();
    }

    @Override
    public Example read(int shard, int index) {
        return new Example(
                Integer.toString(index),
                name(),
                Optional.of(new ExampleImage.OfPixels("picture " + index, images.get(index))),
                List.of(new Example.Caption("caption", "number " + index)));
    }

    @Override
    public String digest() {
        return Integer.toString(images.hashCode());
    }
}

package io.llm2clip.dataset;

import java.util.List;
import java.util.Map;

/**
 * Examples in shards: files, or parts of one. How many there are is known from the start, what they hold is read when they are asked
 * for. Safe for use by several threads.
 */
public interface ExampleSet {
    /** What it is called in messages, such as its folder. */
    String name();

    /** The number of shards. */
    int shards();

    /** The number of examples of a shard, those that turn out to be broken included. */
    int size(int shard);

    /**
     * Reads an example; its image is not decoded.
     *
     * @throws io.llm2clip.data.InputException naming it, if it cannot be used; this says nothing of the others
     */
    Example read(int shard, int index);

    /**
     * The captions of an example alone; an image in the same file is not read.
     *
     * @throws io.llm2clip.data.InputException as {@link #read}
     */
    default List<String> captions(int shard, int index) {
        return read(shard, index).texts();
    }

    /**
     * The vectors of an example's captions that lie beside the data, by caption, as little-endian f32; of some captions or none.
     *
     * @throws io.llm2clip.data.InputException if they cannot be read
     */
    default Map<String, byte[]> vectors(int shard, int index) {
        return Map.of();
    }

    /** What is to be said of data that are not used, a sentence each. */
    default List<String> notes() {
        return List.of();
    }

    /** A hash of what it holds, as far as that can be told without reading all of it: equal for equal data. */
    String digest();

    /** The number of examples. */
    default long size() {
        long size = 0;
        for (int shard = 0; shard < shards(); shard++) {
            size += size(shard);
        }
        return size;
    }
}

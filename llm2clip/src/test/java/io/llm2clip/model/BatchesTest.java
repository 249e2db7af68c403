package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.text.TokenBatch;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class BatchesTest {
    @Property
    void batchesCoverEverythingInFewSizes(@ForAll @IntRange(min = 1, max = 5000) int count) {
        int batches = 0;
        for (int remaining = count; remaining > 0; batches++) {
            int size = Batches.next(remaining, 32);
            assertThat(size).isBetween(1, Math.min(32, remaining));
            assertThat(Integer.bitCount(size)).isEqualTo(1);
            remaining -= size;
        }
        assertThat(batches).isLessThanOrEqualTo(count / 32 + 5);
    }

    @Property
    void consecutiveItemsAreAllThereInTheirOrder(@ForAll @IntRange(max = 5000) int count) {
        int[] items =
                Batches.of(count, 64).stream().flatMapToInt(Arrays::stream).toArray();
        assertThat(items).isEqualTo(IntStream.range(0, count).toArray());
    }

    @Property(tries = 200)
    void rowsAreGroupedByLengthWithinBothBounds(
            @ForAll @Size(max = 300) int[] seeds, @ForAll @IntRange(min = 1, max = 4096) int tokens) {
        int[] lengths =
                Arrays.stream(seeds).map(seed -> 1 + Math.floorMod(seed, 600)).toArray();
        List<int[]> batches = Batches.ofRows(lengths, 32, tokens);
        int longest = 0;
        for (int[] batch : batches) {
            assertThat(batch).hasSizeBetween(1, 32);
            for (int row : batch) {
                assertThat(lengths[row]).isGreaterThanOrEqualTo(longest);
                longest = lengths[row];
            }
            assertThat(batch.length == 1 || batch.length * TokenBatch.paddedLength(longest) <= tokens)
                    .isTrue();
        }
        assertThat(batches.stream().flatMapToInt(Arrays::stream).sorted().toArray())
                .isEqualTo(IntStream.range(0, lengths.length).toArray());
    }
}

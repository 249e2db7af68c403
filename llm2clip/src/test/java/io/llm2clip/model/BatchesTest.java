package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

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
    void itemsFillBatchesInTheirOrder(
            @ForAll @Size(max = 300) List<@IntRange(min = 1, max = 600) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 4096) int max) {
        int[] room = sizes.stream().mapToInt(Integer::intValue).toArray();
        List<int[]> batches = Batches.ofRoom(room, max);
        int next = 0;
        for (int[] batch : batches) {
            int taken = Arrays.stream(batch).map(item -> room[item]).sum();
            assertThat(batch.length == 1 || taken <= max).isTrue();
            next += batch.length;
            assertThat(next == room.length || taken + room[next] > max)
                    .as("full")
                    .isTrue();
        }
        assertThat(batches.stream().flatMapToInt(Arrays::stream).toArray())
                .isEqualTo(IntStream.range(0, room.length).toArray());
    }
}

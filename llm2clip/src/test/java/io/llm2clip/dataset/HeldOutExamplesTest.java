package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class HeldOutExamplesTest {
    /** Keys are numbers counted through the shards. */
    private record Numbered(List<Integer> sizes) implements ExampleSet {
        @Override
        public String name() {
            return "numbers";
        }

        @Override
        public int shards() {
            return sizes.size();
        }

        @Override
        public int size(int shard) {
            return sizes.get(shard);
        }

        @Override
        public Example read(int shard, int index) {
            long before = sizes.subList(0, shard).stream()
                    .mapToLong(Integer::longValue)
                    .sum();
            if (index < 0 || index >= size(shard)) {
                throw new IndexOutOfBoundsException(index);
            }
            return new Example(Long.toString(before + index), "", Optional.empty(), List.of());
        }

        @Override
        public String digest() {
            return sizes.toString();
        }
    }

    @Property(tries = 200)
    void everyTenthIsMeasuredThroughAllShards(@ForAll @Size(min = 1, max = 6) List<@IntRange(max = 60) Integer> sizes) {
        int total = sizes.stream().mapToInt(Integer::intValue).sum();
        if (total < 20) {
            assertThatThrownBy(() -> HeldOutExamples.of(new Numbered(sizes), 10))
                    .hasMessage(
                            "numbers has %d usable images, training needs at least 20, one in 10 of which is held out; add some."
                                    .formatted(total));
            return;
        }
        HeldOutExamples split = HeldOutExamples.of(new Numbered(sizes), 10);
        List<Integer> measured = keys(split.measured());
        List<Integer> training = keys(split.training());
        assertThat(measured).allMatch(number -> number % 10 == 9).hasSize(total / 10);
        assertThat(training)
                .allMatch(number -> number % 10 != 9)
                .doesNotHaveDuplicates()
                .hasSize(total - total / 10);
    }

    @Test
    void atMostFiveThousandAreMeasured() {
        HeldOutExamples split = HeldOutExamples.of(new Numbered(List.of(700_000, 300_001)), 10);
        assertThat(split.measured().size()).isEqualTo(4975);
        assertThat(split.training().size()).isEqualTo(1_000_001 - 4975);
        assertThat(split.measured().read(1, 0).key()).isEqualTo("700082");
        assertThat(split.training().read(1, 82).key()).isEqualTo("700083");
    }

    private static List<Integer> keys(ExampleSet set) {
        List<Integer> keys = new ArrayList<>();
        ExamplePlaces places = new ExamplePlaces(set);
        for (int i = 0; i < places.count(); i++) {
            keys.add(Integer.valueOf(places.read(i).key()));
        }
        int next = 0;
        for (int shard = 0; shard < set.shards(); shard++) {
            for (int index = 0; index < set.size(shard); index++) {
                assertThat(set.read(shard, index).key()).isEqualTo(Integer.toString(keys.get(next++)));
            }
        }
        return keys;
    }
}

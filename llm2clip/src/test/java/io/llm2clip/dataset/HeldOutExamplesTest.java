package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
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
            assertThatThrownBy(() -> HeldOutExamples.of(DataMix.of(new Numbered(sizes)), 10))
                    .hasMessage(
                            "numbers has %d usable examples, training needs at least 20, one in 10 of which is held out; add some."
                                    .formatted(total));
            return;
        }
        HeldOutExamples split = HeldOutExamples.of(DataMix.of(new Numbered(sizes)), 10);
        List<Integer> measured = keys(split.measured());
        List<Integer> training = keys(training(split));
        assertThat(measured).allMatch(number -> number % 10 == 9).hasSize(total / 10);
        assertThat(training)
                .allMatch(number -> number % 10 != 9)
                .doesNotHaveDuplicates()
                .hasSize(total - total / 10);
    }

    @Test
    void atMostFiveThousandAreMeasured() {
        HeldOutExamples split = HeldOutExamples.of(DataMix.of(new Numbered(List.of(700_000, 300_001))), 10);
        assertThat(split.measured().size()).isEqualTo(4975);
        assertThat(split.training().size()).isEqualTo(1_000_001 - 4975);
        assertThat(split.measured().read(1, 0).key()).isEqualTo("700082");
        assertThat(training(split).read(1, 82).key()).isEqualTo("700083");
    }

    private static ExampleSet training(HeldOutExamples split) {
        return split.training().sources().getFirst().set();
    }

    /** Each set gives its share, and what is measured has them one behind the other. */
    @Test
    void setsAreDividedOneByOne() {
        DataMix mix = DataMix.of(List.of(new Numbered(List.of(30, 10)), new Numbered(List.of(25))), List.of(3.0, 1.0));
        HeldOutExamples split = HeldOutExamples.of(mix, 10);
        assertThat(split.measured().shards()).isEqualTo(3);
        ExamplePlaces measured = new ExamplePlaces(split.measured());
        assertThat(IntStream.range(0, measured.count())
                        .mapToObj(i -> measured.read(i).key()))
                .containsExactly("9", "19", "29", "39", "9", "19");
        assertThat(split.training().sources())
                .extracting(DataSource::weightOrSize, source -> source.set().size())
                .containsExactly(tuple(3.0, 36L), tuple(1.0, 23L));
        assertThat(split.training().digest())
                .isNotEqualTo(DataMix.of(
                                List.of(
                                        mix.sources().getFirst().set(),
                                        mix.sources().getLast().set()),
                                List.of())
                        .digest());
        assertThatThrownBy(() -> HeldOutExamples.of(
                        DataMix.of(List.of(new Numbered(List.of(30)), new Numbered(List.of(19))), List.of()), 10))
                .hasMessageStartingWith("numbers has 19 usable examples, training needs at least 20");
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

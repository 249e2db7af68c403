package io.llm2clip.dataset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.dataset.ExampleOrder.Place;
import io.llm2clip.tensor.CounterRandom;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ExampleOrderTest {
    @Property(tries = 200)
    void anEpochHasEveryExampleOnce(
            @ForAll @Size(min = 1, max = 8) List<@IntRange(max = 20) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 200) int buffer,
            @ForAll long seed) {
        int[] counts = sizes.stream().mapToInt(Integer::intValue).toArray();
        int total = IntStream.of(counts).sum();
        if (total == 0) {
            assertThatThrownBy(() -> order(counts, new Sampling(buffer, false), seed))
                    .hasMessage("There are no examples to draw from; expected at least one.");
            return;
        }
        ExampleOrder order = order(counts, new Sampling(buffer, false), seed);
        for (int epoch = 0; epoch < 3; epoch++) {
            List<Place> drawn = draw(order, total);
            assertThat(new HashSet<>(drawn)).hasSize(total);
            assertThat(drawn).allMatch(place -> place.index() >= 0 && place.index() < counts[place.shard()]);
            assertThat(order.position()).isEqualTo(new Position(epoch, total));
            assertThat(order.left()).isZero();
        }
    }

    @Property(tries = 200)
    void anyPositionIsReturnedTo(
            @ForAll @Size(min = 1, max = 8) List<@IntRange(min = 1, max = 20) Integer> sizes,
            @ForAll @IntRange(min = 1, max = 50) int buffer,
            @ForAll @IntRange(max = 400) int taken,
            @ForAll boolean resampled,
            @ForAll long seed) {
        int[] counts = sizes.stream().mapToInt(Integer::intValue).toArray();
        Sampling sampling = new Sampling(buffer, resampled);
        ExampleOrder whole = order(counts, sampling, seed);
        draw(whole, taken);
        ExampleOrder resumed = order(counts, sampling, seed);
        resumed.seek(whole.position());
        assertThat(draw(resumed, 100)).isEqualTo(draw(whole, 100));
    }

    @Test
    void epochsAndSeedsDiffer() {
        int[] sizes = {40, 40};
        ExampleOrder order = order(sizes, Sampling.DEFAULT, 1);
        List<Place> first = draw(order, 80);
        List<Place> second = draw(order, 80);
        assertThat(second).isNotEqualTo(first).containsExactlyInAnyOrderElementsOf(first);
        assertThat(draw(order(sizes, Sampling.DEFAULT, 2), 80)).isNotEqualTo(first);
    }

    @Test
    void aBufferOfOneKeepsTheOrderWithinShards() {
        List<Place> drawn = draw(order(new int[] {5, 5, 5}, new Sampling(1, false), 3), 15);
        for (int i = 0; i < 15; i++) {
            assertThat(drawn.get(i).index()).isEqualTo(i % 5);
        }
        assertThat(drawn.stream().map(Place::shard).distinct()).containsExactlyInAnyOrder(0, 1, 2);
    }

    @Test
    void aBufferForAllMixesEvenly() {
        // Mean position of the first half of the examples over many epochs: half of the epoch within 4 standard errors.
        ExampleOrder order = order(new int[] {500, 500}, Sampling.DEFAULT, 4);
        double sum = 0;
        for (int epoch = 0; epoch < 20; epoch++) {
            List<Place> drawn = draw(order, 1000);
            for (int i = 0; i < 1000; i++) {
                sum += drawn.get(i).shard() == 0 ? i : 0;
            }
        }
        assertThat(sum / (20 * 500)).isBetween(499.5 - 12, 499.5 + 12);
    }

    @Test
    void shardsAreDrawnWithReplacementWithoutEnd() {
        int[] sizes = {1, 1, 1, 1};
        ExampleOrder order = order(sizes, new Sampling(1, true), 5);
        List<Place> drawn = draw(order, 400);
        assertThat(order.position()).isEqualTo(new Position(0, 400));
        for (int shard = 0; shard < 4; shard++) {
            int number = shard;
            assertThat(drawn.stream().filter(place -> place.shard() == number).count())
                    .isBetween(60L, 140L);
        }
        Set<List<Place>> fours = new HashSet<>();
        for (int i = 0; i < 400; i += 4) {
            fours.add(drawn.subList(i, i + 4));
        }
        assertThat(fours).anyMatch(four -> new HashSet<>(four).size() < 4);
    }

    @Test
    void refusesPositionsOfOtherData() {
        ExampleOrder order = order(new int[] {3}, Sampling.DEFAULT, 1);
        assertThatThrownBy(() -> order.seek(new Position(0, 4)))
                .hasMessage("Position 4 of epoch 0 of 3 examples; the data are not those it was taken of.");
        assertThatThrownBy(() -> new Position(-1, 0)).hasMessage("Position 0 of epoch -1; expected numbers from 0.");
        for (int buffer : new int[] {0, -1, Integer.MAX_VALUE}) {
            assertThatThrownBy(() -> new Sampling(buffer, false))
                    .hasMessage(
                            "A shuffle buffer of %d examples; expected from 1, which keeps the order, to 16777216.",
                            buffer);
        }
    }

    private static ExampleOrder order(int[] sizes, Sampling sampling, long seed) {
        return new ExampleOrder(sizes, sampling, new CounterRandom(seed));
    }

    private static List<Place> draw(ExampleOrder order, int count) {
        List<Place> drawn = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            drawn.add(order.next());
        }
        return drawn;
    }
}

package io.llm2clip.tensor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class CounterRandomTest {

    /** Computed independently from the definition; a change would change every trained model. */
    @Test
    void bitsAreFixedForEver() {
        assertThat(new CounterRandom(0).bits(0, 0)).isEqualTo(6235967106033911276L);
        assertThat(new CounterRandom(1).bits(2, 3)).isEqualTo(-1496707118103794548L);
        assertThat(new CounterRandom(42).bits(7, 1_000_000_007)).isEqualTo(-4225181774265323686L);
        assertThat(CounterRandom.streamOf("fc.weight")).isEqualTo(8789663796911392672L);
    }

    @Test
    void neighbouringSeedsStreamsAndCountersShareNothing() {
        Set<Long> seen = new HashSet<>();
        for (long seed = 0; seed < 10; seed++) {
            for (long stream = 0; stream < 10; stream++) {
                for (long counter = 0; counter < 100; counter++) {
                    assertThat(seen.add(new CounterRandom(seed).bits(stream, counter)))
                            .isTrue();
                }
            }
        }
    }

    @Test
    void uniformAndNormalHaveTheirMomentsAndAreUncorrelated() {
        CounterRandom random = new CounterRandom(11);
        int count = 40_000;
        double mean = 0;
        double square = 0;
        double successive = 0;
        double uniform = 0;
        for (int i = 0; i < count; i++) {
            double value = random.normal(3, i);
            mean += value / count;
            square += value * value / count;
            successive += value * random.normal(3, i + 1) / count;
            double fraction = random.uniform(3, i);
            assertThat(fraction).isBetween(0.0, Math.nextDown(1.0));
            uniform += fraction / count;
        }
        assertThat(mean).isCloseTo(0, within(0.02));
        assertThat(square).isCloseTo(1, within(0.03));
        assertThat(successive).isCloseTo(0, within(0.02));
        assertThat(uniform).isCloseTo(0.5, within(0.01));
    }

    @Test
    void integersFillTheirRangeEvenly() {
        CounterRandom random = new CounterRandom(11);
        int[] counts = new int[7];
        for (int i = 0; i < 14_000; i++) {
            counts[random.integer(5, i, 7)]++;
        }
        for (int count : counts) {
            assertThat(count).isBetween(1800, 2200);
        }
        assertThatThrownBy(() -> random.integer(0, 0, 0))
                .hasMessage("A random integer below 0 does not exist; expected a bound of 1 or more.");
    }
}

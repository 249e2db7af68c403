package io.llm2clip.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class BootstrapTest {
    @Test
    void agreesWithTheNormalIntervalOnManyValues() {
        double[] values = new Random(5).doubles(2000).map(u -> u < 0.3 ? 1 : 0).toArray();
        Bootstrap.Interval interval = Bootstrap.standard(1).mean(values);
        double error = 1.96 * Math.sqrt(interval.mean() * (1 - interval.mean()) / values.length);
        assertThat(interval.low()).isCloseTo(interval.mean() - error, within(0.15 * error));
        assertThat(interval.high()).isCloseTo(interval.mean() + error, within(0.15 * error));
    }

    @Test
    void pairingRemovesWhatBothShare() {
        double[] shared = new Random(6).doubles(200).map(u -> 100 * u).toArray();
        double[] better =
                java.util.Arrays.stream(shared).map(value -> value + 1).toArray();
        Bootstrap.Interval interval = Bootstrap.standard(1).pairedDifference(better, shared);
        assertThat(interval.low()).isCloseTo(1, within(1e-9));
        assertThat(interval.high()).isCloseTo(1, within(1e-9));
        assertThat(interval.excludesZero()).isTrue();
        assertThat(Bootstrap.standard(1).pairedDifference(shared, shared).excludesZero())
                .isFalse();
    }

    @Test
    void sameSeedSameInterval() {
        double[] values = new Random(7).doubles(50).toArray();
        assertThat(Bootstrap.standard(3).mean(values))
                .isEqualTo(Bootstrap.standard(3).mean(values));
        assertThat(Bootstrap.standard(3).mean(values))
                .isNotEqualTo(Bootstrap.standard(4).mean(values));
    }

    @Test
    void refusesWrongArguments() {
        assertThatThrownBy(() -> new Bootstrap(0, 0.95, 1))
                .hasMessage(
                        "A bootstrap needs at least one resample and a confidence between 0 and 1, found 0 and 0.95.");
        assertThatThrownBy(() -> Bootstrap.standard(1).mean(new double[0]))
                .hasMessage("A bootstrap needs at least one value.");
        assertThatThrownBy(() -> Bootstrap.standard(1).pairedDifference(new double[1], new double[2]))
                .hasMessage("A paired bootstrap needs both scores of every query, found 1 and 2.");
    }
}

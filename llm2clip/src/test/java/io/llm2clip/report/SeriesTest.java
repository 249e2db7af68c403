package io.llm2clip.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.FloatRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class SeriesTest {
    @Property(tries = 100)
    void thinningKeepsMeanAndEnd(
            @ForAll @Size(min = 1, max = 300) List<@FloatRange(min = -10, max = 10) Float> values,
            @ForAll @IntRange(min = 1, max = 50) int most) {
        Series thin = Series.of("", values).thinned(most);
        assertThat(thin.size()).isEqualTo(Math.min(most, values.size()));
        assertThat(thin.step(thin.size() - 1)).isEqualTo(values.size());
        double least = Double.POSITIVE_INFINITY;
        double greatest = Double.NEGATIVE_INFINITY;
        for (float value : values) {
            least = Math.min(least, value);
            greatest = Math.max(greatest, value);
        }
        assertThat(thin.greatest()).isBetween(least - 1e-5, greatest + 1e-5);
    }

    @Property(tries = 100)
    void aMeanOfWholeGroupsIsTheMeanOfAll(@ForAll @Size(60) List<@FloatRange(min = -10, max = 10) Float> values) {
        double mean = 0;
        for (float value : values) {
            mean += value / 60.0;
        }
        assertThat(Series.of("", values).thinned(20).sum() / 20).isCloseTo(mean, within(1e-4));
    }

    @Test
    void runningMeansDoNotLagBehind() {
        Series ramp =
                Series.of("", IntStream.range(0, 300).mapToObj(i -> (float) i).toList());
        assertThat(ramp.smooth().values()).isEqualTo(ramp.values());
        Series jump = Series.of(
                "", IntStream.range(0, 200).mapToObj(i -> i < 100 ? 0f : 1f).toList());
        List<Float> smooth = jump.smooth().values();
        assertThat(smooth.get(94)).isZero();
        assertThat(smooth.get(105)).isOne();
        assertThat(smooth.get(99) + smooth.get(100)).isCloseTo(1, within(1e-6f));
        assertThat(Series.of("", List.of(3f, 1f, 2f)).smooth().values()).containsExactly(3f, 1f, 2f);
    }

    @Test
    void tenthsMedianAndWhatIsNotFinite() {
        Series series =
                Series.of("", IntStream.range(0, 20).mapToObj(i -> (float) i).toList());
        assertThat(series.first()).isEqualTo(0.5);
        assertThat(series.last()).isEqualTo(18.5);
        assertThat(series.median()).isEqualTo(9);
        series.add(21, Double.NaN);
        series.add(22, Double.POSITIVE_INFINITY);
        assertThat(series.size()).isEqualTo(20);
        assertThat(new Series("").median()).isNaN();
        assertThat(new Series("").last()).isNaN();
        assertThat(new Series("").sum()).isZero();
    }
}

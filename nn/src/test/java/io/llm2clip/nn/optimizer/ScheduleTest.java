package io.llm2clip.nn.optimizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class ScheduleTest {

    @Test
    void cosineGrowsThenFallsToZero() {
        Schedule schedule = new Schedule.Cosine(2, 4, 12);
        float[] expected = {0.5f, 1, 1.5f, 2, 2, 1.9238795f};
        for (int step = 0; step < expected.length; step++) {
            assertThat(schedule.at(step)).isCloseTo(expected[step], within(1e-6f));
        }
        assertThat(schedule.at(8)).isCloseTo(1, within(1e-6f));
        assertThat(schedule.at(12)).isZero();
        assertThat(schedule.at(100)).isZero();
    }

    @Test
    void linearStartsAndEndsAtZero() {
        Schedule schedule = new Schedule.Linear(2, 4, 12);
        float[] expected = {0, 0.5f, 1, 1.5f, 2, 1.75f};
        for (int step = 0; step < expected.length; step++) {
            assertThat(schedule.at(step)).isEqualTo(expected[step]);
        }
        assertThat(schedule.at(12)).isZero();
        assertThat(schedule.at(13)).isZero();
        assertThat(new Schedule.Linear(2, 0, 12).at(0)).isEqualTo(2);
    }

    @Test
    void constantStays() {
        assertThat(new Schedule.Constant(3).at(1_000_000)).isEqualTo(3);
    }

    @Test
    void warmUpIsShorterThanTheTraining() {
        assertThatThrownBy(() -> new Schedule.Cosine(1, 10, 10))
                .hasMessage("A schedule of 10 steps with 10 of warm-up; expected 0 <= warm-up < total.");
        assertThatThrownBy(() -> new Schedule.Linear(1, -1, 10)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new Schedule.Linear(Float.NaN, 1, 10))
                .hasMessage("peak must be finite and at least 0, found NaN.");
        assertThatThrownBy(() -> new Schedule.Constant(-1)).isInstanceOf(IllegalArgumentException.class);
    }
}

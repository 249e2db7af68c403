package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.text.CaptionKinds;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CaptionDrawTest {
    private static final CounterRandom RANDOM = new CounterRandom(2);

    /** The paper's shares. */
    @ParameterizedTest
    @ValueSource(doubles = {0, 0.25, 0.5, 0.75, 1})
    void longCaptionsComeByTheirShare(double share) {
        CaptionKinds kinds = new CaptionKinds(List.of(0, 2), List.of(1, 3, 4));
        int[] counts = new int[5];
        for (int i = 0; i < 20_000; i++) {
            counts[new CaptionDraw(share).draw(kinds, RANDOM, 1, i)]++;
        }
        assertThat((counts[1] + counts[3] + counts[4]) / 20_000.0).isCloseTo(share, within(share % 1 == 0 ? 0 : 0.02));
        assertThat(counts[0]).isCloseTo(counts[2], within(300));
        assertThat(counts[3]).isCloseTo(counts[4], within(300));
    }

    @Test
    void imagesOfOneKindHaveThatOne() {
        CaptionKinds kinds = new CaptionKinds(List.of(), List.of(0));
        for (int i = 0; i < 100; i++) {
            assertThat(new CaptionDraw(0).draw(kinds, RANDOM, 1, i)).isZero();
        }
    }
}

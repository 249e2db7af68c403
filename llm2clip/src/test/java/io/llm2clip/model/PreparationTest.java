package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PreparationTest {

    @Test
    void isMadeOnceAndEnds() {
        Preparation first = Preparation.begin();
        try (Preparation second = Preparation.begin()) {
            assertThat(second).isSameAs(first);
        }
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(thread -> thread.getName().startsWith("prepare-"));
    }

    @Test
    void nobodyWaitsForItAfterAnInterruption() {
        Thread.currentThread().interrupt();
        Preparation.begin().close();
        assertThat(Thread.interrupted()).isTrue();
    }
}

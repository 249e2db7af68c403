package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class PreparationTest {

    @Test
    @Timeout(60)
    void isDoneOnce() throws Exception {
        Preparation.begin();
        while (threads() > 0) {
            Thread.sleep(1);
        }
        Preparation.begin();
        assertThat(threads()).isZero();
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().startsWith("prepare-"))
                .count();
    }
}

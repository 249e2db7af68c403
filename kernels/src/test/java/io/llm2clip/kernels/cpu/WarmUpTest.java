package io.llm2clip.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.cpu.runtime.ColdStart;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WarmUpTest {
    private static final String PROPERTY = "llm2clip.warmup";

    @AfterEach
    void warm() {
        ColdStart.end();
    }

    @Test
    void othersAreColdUntilTheKernelsAreCompiled() throws Exception {
        Thread thread = new Thread(WarmUp::run);
        thread.start();
        boolean cold = false;
        while (!cold && thread.isAlive()) {
            cold = ColdStart.isCold(1);
        }
        assertThat(cold).isTrue();
        assertThat(thread.join(Duration.ofSeconds(60))).isTrue();
        assertThat(ColdStart.isCold(1)).isFalse();
    }

    /** Whose kernels compute with numbers at first, and not once there was much to compute. */
    @Test
    void fewWeightsAreColdForAWhile() {
        String before = System.getProperty(PROPERTY);
        try {
            System.setProperty(PROPERTY, "false");
            CpuKernels.expect(1000);
            assertThat(ColdStart.isCold(1)).isFalse();
            System.setProperty(PROPERTY, "true");
            CpuKernels.expect(1000);
            assertThat(ColdStart.isCold(1)).isTrue();
            assertThat(ColdStart.isCold(2_000_000_000)).isFalse();
            assertThat(ColdStart.isCold(1)).isFalse();
            CpuKernels.expect(1000);
            assertThat(ColdStart.isCold(1)).isFalse();
        } finally {
            if (before == null) {
                System.clearProperty(PROPERTY);
            } else {
                System.setProperty(PROPERTY, before);
            }
        }
    }
}

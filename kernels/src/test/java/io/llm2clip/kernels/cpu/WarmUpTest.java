package io.llm2clip.kernels.cpu;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.cpu.runtime.ColdStart;
import io.llm2clip.kernels.operations.Matmul;
import java.time.Duration;
import java.util.Set;
import java.util.stream.Collectors;
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
        Thread thread = new Thread(() -> WarmUp.run(Set.of(DType.values())));
        thread.start();
        boolean cold = false;
        while (!cold && thread.isAlive()) {
            cold = ColdStart.isCold(1);
        }
        assertThat(cold).isTrue();
        assertThat(thread.join(Duration.ofSeconds(60))).isTrue();
        assertThat(ColdStart.isCold(1)).isFalse();
    }

    @Test
    void onlyFormatsThatAreReadAreCompiled() {
        assertThat(formatsOf(Set.of(DType.F32))).containsExactly(DType.F32);
        assertThat(formatsOf(Set.of(DType.F32, DType.BF16))).containsExactlyInAnyOrder(DType.F32, DType.BF16);
        assertThat(formatsOf(Set.of(DType.Q8, DType.F16))).containsExactlyInAnyOrder(DType.F32, DType.F16);
    }

    /** A model's parts may be stored in different formats. */
    @Test
    void formatsOfAnotherPartAreCompiledToo() {
        WarmUp.begins(Set.of(DType.F32));
        assertThat(WarmUp.begins(Set.of(DType.F32, DType.Q8))).isFalse();
        assertThat(WarmUp.begins(Set.of(DType.F16))).isTrue();
        assertThat(WarmUp.begins(Set.of(DType.F16))).isFalse();
    }

    /** Of the products, of which one is always by F32. */
    private static Set<DType> formatsOf(Set<DType> read) {
        return WarmUp.operations(read).stream()
                .filter(Matmul.class::isInstance)
                .map(op -> ((Matmul) op).b().format())
                .collect(Collectors.toSet());
    }

    /** Whose kernels compute with numbers at first, and not once there was much to compute. */
    @Test
    void fewWeightsAreColdForAWhile() {
        String before = System.getProperty(PROPERTY);
        try {
            System.setProperty(PROPERTY, "false");
            CpuKernels.expect(1000, Set.of(DType.F32));
            assertThat(ColdStart.isCold(1)).isFalse();
            System.setProperty(PROPERTY, "true");
            CpuKernels.expect(1000, Set.of(DType.F32));
            assertThat(ColdStart.isCold(1)).isTrue();
            assertThat(ColdStart.isCold(2_000_000_000)).isFalse();
            assertThat(ColdStart.isCold(1)).isFalse();
            CpuKernels.expect(1000, Set.of(DType.F32));
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

package io.llm2clip.kernels.cpu.machine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class VectorWidthTest {
    @Test
    void programsHaveTheWidestVectorsThatThereAre() {
        assertThat(VectorWidth.widest(new CpuFeatures(Map.of()))).isEqualTo(VectorWidth.AVX512);
        assertThat(VectorWidth.widest(new CpuFeatures(Map.of(Feature.AVX512, "none"))))
                .isEqualTo(VectorWidth.AVX2);
        assertThat(VectorWidth.widest(new CpuFeatures(Map.of(Feature.AVX512, "none", Feature.AVX2, "none"))))
                .isNull();
    }
}

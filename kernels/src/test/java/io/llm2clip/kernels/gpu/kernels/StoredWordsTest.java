package io.llm2clip.kernels.gpu.kernels;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import org.junit.jupiter.api.Test;

class StoredWordsTest {
    /** Launches pass ordinals. */
    @Test
    void formatsHaveTheirNumbers() {
        assertThat(StoredWords.BF16).isEqualTo(DType.BF16.ordinal());
        assertThat(StoredWords.F16).isEqualTo(DType.F16.ordinal());
        assertThat(StoredWords.Q8).isEqualTo(DType.Q8.ordinal());
        assertThat(StoredWords.Q4).isEqualTo(DType.Q4.ordinal());
        assertThat(StoredWords.Q4_1).isEqualTo(DType.Q4_1.ordinal());
    }
}

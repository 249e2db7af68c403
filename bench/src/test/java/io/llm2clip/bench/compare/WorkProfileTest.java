package io.llm2clip.bench.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkProfileTest {
    /** Weights that are made up are f32, whatever the work says. */
    @ParameterizedTest
    @CsvSource({"stored, bf16, file", "quantized, q8_0, gguf"})
    void weightsThatAreStoredSomehowNeedTheirFile(String setting, String value, String file) {
        String said = setting + "=" + value;
        assertThatThrownBy(() -> WorkProfile.request("bf16", List.of("captions", "batch=8", said)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(
                        "Work 'captions batch=8 precision=bf16 %s' is on weights that are %s as %s, but names no file of them; add %s=,"
                                .formatted(said, setting, value, file));
        assertThat(WorkProfile.request("bf16", List.of("captions", said, file + "=x"))
                        .text(file))
                .isEqualTo("x");
        assertThat(WorkProfile.request("f32", List.of("captions", "batch=8")).text("precision"))
                .isEqualTo("f32");
    }
}

package io.llm2clip.progress;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class QuantityTest {
    @ParameterizedTest
    @CsvSource({
        "0, text, 0 texts",
        "1, text, 1 text",
        "2, text, 2 texts",
        "1, held-out image, 1 held-out image",
        "21, held-out image, 21 held-out images",
        "2, batch, 2 batches",
        "2, entry, 2 entries",
        "2, key, 2 keys",
        "2, box, 2 boxes",
        "1, class, 1 class"
    })
    void oneIsSingularAndAllElseIsNot(long count, String noun, String text) {
        assertThat(Quantity.of(count, noun)).isEqualTo(text);
    }
}

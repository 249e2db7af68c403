package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WellFormedTest {
    private static final String SMILE = "\ud83d\ude00";

    @ParameterizedTest
    @CsvSource({
        "a, a",
        "\ud83d\ude00, \ud83d\ude00",
        "\ud83d, \ufffd",
        "\ude00, \ufffd",
        "\ude00\ud83d, \ufffd\ufffd",
        "\ud83d\ud83d\ude00\ude00, \ufffd\ud83d\ude00\ufffd",
        "a\ud83db, a\ufffdb"
    })
    void halvesAreReplacedAndWholesKept(String text, String expected) {
        assertThat(WellFormed.text(text)).isEqualTo(expected);
    }

    @Property
    void survivesUtf8AndChangesNothingElse(@ForAll String text) {
        String mended = WellFormed.text(text);
        assertThat(mended).hasSameSizeAs(text);
        assertThat(new String(mended.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8))
                .isEqualTo(mended);
        assertThat(WellFormed.text(mended)).isSameAs(mended);
    }

    @Test
    void theTokenizerKeepsWholeEmojiBesideHalves() throws Exception {
        try (Tokenizer tokenizer = SmallTokenizer.open()) {
            int[] ids = tokenizer.encode("a " + SMILE + " \ud83d " + SMILE + "\0", false);
            assertThat(tokenizer.decode(ids)).isEqualTo("a " + SMILE + " \ufffd " + SMILE + "\0");
            assertThat(ids).isEqualTo(tokenizer.encode("a " + SMILE + " \ufffd " + SMILE + "\0", false));
        }
    }

    @Test
    void formattedCaptionsWithHalvesAreTheKeysOfWhatIsEncoded() throws Exception {
        try (Tokenizer tokenizer = SmallTokenizer.open()) {
            CaptionFormat format = CaptionFormat.of(ChatTemplate.plain("<eot>"));
            assertThat(format.format(tokenizer, "half \ud83d"))
                    .isEqualTo(format.format(tokenizer, "half \ufffd"))
                    .isNotEqualTo(format.format(tokenizer, "half ?"));
        }
    }
}

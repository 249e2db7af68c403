package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.SpecialTokens;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CaptionOptionsTest {
    private static CaptionOptions lengths(int rows, int captions) {
        return new CaptionOptions("", optional(rows), optional(captions));
    }

    /** 0 stands for what is not said. */
    private static OptionalInt optional(int value) {
        return value == 0 ? OptionalInt.empty() : OptionalInt.of(value);
    }

    /** A format shortens captions of 512 tokens within rows of 512 never, and those of 400 does. */
    @ParameterizedTest
    @CsvSource({
        "512, 512, 0, 0, 512, 512",
        "512, 512, 1024, 0, 1024, 1024",
        "512, 512, 77, 0, 77, 77",
        "512, 400, 0, 0, 512, 400",
        "512, 400, 1024, 0, 1024, 400",
        "512, 400, 0, 100, 512, 100",
        "512, 400, 77, 20, 77, 20"
    })
    void lengthsAreThoseAskedForOrStored(
            int storedRows, int storedCaptions, int askedRows, int askedCaptions, int rows, int captions) {
        CaptionFormat stored =
                new CaptionFormat(ChatTemplate.plain("<eot>"), storedRows, storedCaptions, true, SpecialTokens.PARSED);
        CaptionFormat format = lengths(askedRows, askedCaptions).in(stored, 2048);
        assertThat(format).isEqualTo(new CaptionFormat(stored.template(), rows, captions, true, SpecialTokens.PARSED));
    }

    @Test
    void whatCannotBeIsRefused() {
        CaptionFormat stored = CaptionFormat.of(ChatTemplate.plain("<eot>"));
        assertThatThrownBy(() -> lengths(2049, 0).in(stored, 2048))
                .hasMessage(
                        "A maximum length of 2049 tokens: the text encoder has 2048 positions; choose up to as many.");
        assertThatCode(() -> lengths(2048, 0).in(stored, 2048)).doesNotThrowAnyException();
        assertThatThrownBy(() -> lengths(-1, 0))
                .hasMessage("The maximum length of rows in tokens must be at least 1, found -1.");
        assertThatThrownBy(() -> lengths(0, -1)).hasMessageStartingWith("The maximum length of captions");
    }

    @Test
    void aTowerOfItsOwnReadsCaptionsInOneWayUpToALength() {
        assertThat(CaptionOptions.STORED.within(77)).isEqualTo(77);
        assertThat(lengths(77, 0).within(77)).isEqualTo(77);
        assertThat(lengths(1, 0).within(77)).isEqualTo(1);
        for (CaptionOptions asked : new CaptionOptions[] {
            lengths(0, 20), new CaptionOptions("Find:", OptionalInt.empty(), OptionalInt.empty())
        }) {
            assertThatThrownBy(() -> asked.within(77))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "The model's own text tower reads captions of up to 77 tokens, and nothing before them; leave the instruction and the length of captions alone out, or use a model with a language model as text encoder.");
        }
        assertThatThrownBy(() -> lengths(78, 0).within(77))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "A maximum length of 78 tokens: the model's own text tower reads 77; choose up to as many.");
    }
}

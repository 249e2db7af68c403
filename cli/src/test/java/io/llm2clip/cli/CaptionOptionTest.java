package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CaptionOptionTest {
    @TempDir
    static Path folder;

    private static Path model;
    private static Path picture;

    @BeforeAll
    static void write() throws IOException {
        model = Fixture.model(folder.resolve("model"));
        picture = Fixture.picture(folder.resolve("a.png"), 0x208040);
    }

    private static Run embed(Object... more) {
        return Run.of(Stream.concat(Stream.of("embed", "--model", model, "--quiet"), Stream.of(more))
                .toArray());
    }

    @Test
    void anInstructionIsReadBeforeCaptionsAndNotBeforeImages() {
        String plain = embed("--text", "a kite", "--image", picture).out();
        String instructed = embed("--text", "a kite", "--image", picture, "--instruction", "Find pictures of this:")
                .out();
        assertThat(instructed.lines().toList().get(0))
                .isEqualTo(plain.lines().toList().get(0));
        assertThat(instructed.lines().toList().get(1))
                .isNotEqualTo(plain.lines().toList().get(1));
        assertThat(embed("--text", "a kite", "--image", picture, "--instruction", "")
                        .out())
                .isEqualTo(plain);
        String classes = Run.of("classify", picture, "--model", model, "--labels", "kite,tent", "--tsv")
                .out();
        assertThat(Run.of(
                                "classify",
                                picture,
                                "--model",
                                model,
                                "--labels",
                                "kite,tent",
                                "--tsv",
                                "--instruction",
                                "What is it?")
                        .out())
                .hasLineCount(2)
                .isNotEqualTo(classes);
    }

    @Test
    void longerCaptionsAreCutWhereAsked() {
        String caption = "a red kite over a beach and a small tent on a meadow";
        Run whole = embed("--text", caption);
        assertThat(whole.err()).isEmpty();
        Run cut = embed("--text", caption, "--max-length", "5");
        assertThat(cut.err())
                .isEqualToNormalizingNewlines(
                        "1 of 1 caption is too long and cut: of a caption and its template 5 tokens are read, what its end says"
                                + " does not count; shorten it, or raise --max-length where the model can.\n");
        assertThat(cut.out()).isNotEqualTo(whole.out());
        Run shortened = embed("--text", caption, "--max-caption-length", "5");
        assertThat(shortened.err()).contains("1 of 1 caption is too long and cut");
        assertThat(shortened.out()).isNotEqualTo(whole.out()).isNotEqualTo(cut.out());
        String shorter = embed("--text", "a red kite").out();
        assertThat(embed("--text", "a red kite", "--max-caption-length", "40").out())
                .isEqualTo(shorter);
    }

    @Test
    void lengthsThatTheModelHasNotAreRefused() {
        Run positions = embed("--text", "a kite", "--max-length", "513");
        assertThat(positions.code()).isEqualTo(1);
        assertThat(positions.err())
                .isEqualToNormalizingNewlines(
                        "error: A maximum length of 513 tokens: the text encoder has 512 positions; choose up to as many.\n");
        for (String bad : new String[] {"0", "-3", "x"}) {
            assertThat(embed("--text", "a kite", "--max-length", bad).code()).isEqualTo(2);
            assertThat(embed("--text", "a kite", "--max-caption-length", bad).code())
                    .isEqualTo(2);
        }
    }

    @Test
    void everyCommandThatEncodesCaptionsTakesThem() {
        for (String command : new String[] {"embed", "similarity", "classify", "eval"}) {
            assertThat(Run.of(command, "--help").out())
                    .contains("--instruction=TEXT", "--max-length=N", "--max-caption-length=N");
        }
    }
}

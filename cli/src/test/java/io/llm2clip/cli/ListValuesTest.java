package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ListValuesTest {
    private static final String REMEDY = "give one, or leave out the comma.";

    private static void assertRefused(String option, String list, String remedy, String... command) {
        Run run = Run.of(
                Stream.concat(Stream.of(command), Stream.of(option, list)).toArray());
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.out()).isEmpty();
        assertThat(run.err().lines())
                .first()
                .isEqualTo("error: %s '%s': expected a value before and after each comma, found none; %s"
                        .formatted(option, list, remedy));
    }

    @ParameterizedTest
    @ValueSource(strings = {",", ",,", "coco,", ",coco", "coco, ,docci", "", " "})
    void suitesAreToldByName(String list) {
        assertRefused(
                "--suite",
                list,
                "choose from flickr30k, coco, sharegpt4v, urban1k, docci, flickr-cn, coco-cn, xm3600, cra, imagenet, imagenet-v2, linear-probe, paper.",
                "eval",
                "none");
    }

    @Test
    void soIsEveryOptionOfACommand() {
        List<String[]> training = List.of(
                new String[] {"train", "clip", "none", "--text", "t", "--out", "o"},
                new String[] {"train", "caption", "none", "--out", "o"},
                new String[] {"train", "mntp", "none", "--llm", "l", "--out", "o"});
        for (String[] command : training) {
            assertRefused("--weights", ",", REMEDY, command);
            assertRefused("--weights", "2,", REMEDY, command);
            assertRefused("--caption-columns", ",", REMEDY, command);
            assertRefused("--caption-columns", "short,", REMEDY, command);
        }
        assertRefused("--caption-columns", ",", REMEDY, "cache-text", "none", "--text", "t", "--vectors", "v");
    }

    @Test
    void helpIsGivenWhateverElseThereIs() {
        assertThat(Run.of("eval", "--suite", ",", "--help").code()).isZero();
    }

    /** A list without an empty value goes on to what reads it. */
    @Test
    void othersAreTaken() {
        Run run = Run.of("eval", "none", "--suite", "coco,docci");
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err()).contains("expected the folders coco, docci");
    }
}

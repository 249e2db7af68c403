package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    @TempDir
    Path folder;

    @Test
    void knowsItsVocabulary() throws Exception {
        try (Tokenizer tokenizer = SmallTokenizer.open()) {
            assertThat(tokenizer.tokenToId("<bos>")).hasValue(1);
            assertThat(tokenizer.tokenToId("nonsense")).isEmpty();
            assertThat(tokenizer.vocabularySize()).isGreaterThan(262).isLessThanOrEqualTo(300);
            assertThat(tokenizer.encode("", true)).containsExactly(1);
            assertThat(tokenizer.encode("", false)).isEmpty();
            assertThat(tokenizer.encode("<eot>", false)).containsExactly(2);
        }
    }

    @Test
    void neverTruncates() throws Exception {
        try (Tokenizer tokenizer = SmallTokenizer.open()) {
            assertThat(tokenizer.encode("x ".repeat(5000), false)).hasSizeGreaterThanOrEqualTo(10_000);
        }
    }

    @Test
    void ignoresATokenizerConfigurationBesideTheFile() throws Exception {
        new BpeTrainer(263, SmallTokenizer.SPECIAL, null).train(List.of()).write(folder.resolve("tokenizer.json"));
        Files.writeString(
                folder.resolve("tokenizer_config.json"), "{\"do_lower_case\": true, \"model_max_length\": 3}");
        try (Tokenizer tokenizer = Tokenizer.open(folder)) {
            assertThat(tokenizer.decode(tokenizer.encode("ABCDEF", false))).isEqualTo("ABCDEF");
        }
    }

    @Test
    void refusesIdsOutsideTheVocabulary() throws Exception {
        try (Tokenizer tokenizer = SmallTokenizer.open()) {
            int size = tokenizer.vocabularySize();
            assertThatThrownBy(() -> tokenizer.decode(size))
                    .hasMessage("Token id %d is outside the vocabulary of %d tokens.", size, size);
            assertThatThrownBy(() -> tokenizer.decode(-1)).hasMessageStartingWith("Token id -1 is outside");
        }
    }

    @Test
    void aMissingFileIsOneSentence() {
        assertThatThrownBy(() -> Tokenizer.open(folder))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The tokenizer %s does not exist; give a Hugging Face tokenizer.json or a folder that holds one.",
                        folder.resolve("tokenizer.json"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "garbage",
                "{",
                "[]",
                "{}",
                "null",
                "{\"model\": 3}",
                "{\"model\": {\"type\": \"BPE\", \"vocab\": {\"a\": 0}, \"merges\": [\"x y\"]}}"
            })
    void aBrokenFileIsOneSentence(String content) throws Exception {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), content);
        assertThatThrownBy(() -> Tokenizer.open(file))
                .isInstanceOf(InputException.class)
                .hasMessageStartingWith("The tokenizer " + file)
                .hasMessageEndingWith(".")
                .message()
                .doesNotContain("\n");
    }

    @Test
    void printsNothing() throws Exception {
        new BpeTrainer(263, SmallTokenizer.SPECIAL, null).train(List.of()).write(folder.resolve("tokenizer.json"));
        Path output = folder.resolve("output.txt");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Opening.class.getName(),
                        folder.toString())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        assertThat(Files.readString(output, StandardCharsets.UTF_8)).isEmpty();
    }

    /** Opens and uses a tokenizer in a fresh virtual machine. */
    static final class Opening {
        public static void main(String[] arguments) {
            try (Tokenizer tokenizer = Tokenizer.open(Path.of(arguments[0]))) {
                if (tokenizer.encode("a", false).length != 1) {
                    throw new IllegalStateException("one byte is one token");
                }
            }
        }
    }
}

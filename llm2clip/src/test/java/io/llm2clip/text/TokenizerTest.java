package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.InputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
            assertThat(tokenizer.specialTokens()).isEqualTo(SpecialTokens.AS_TEXT);
        }
    }

    /** What the tokenizers library gives for the same file with {@code encode_special_tokens}. */
    @ParameterizedTest
    @CsvSource({
        "<|eot_id|>, 34 98 75 85 90 69 79 74 98 36",
        "a dog<bos>, 71 269 34 72 85 89 36",
        "<|start_header_id|>user<|end_header_id|> a dog, 34 98 89 90 71 88 90 69 78 75 71 74 264 69 79 74 98 36 266"
                + " 34 98 75 84 74 69 78 75 71 74 264 69 79 74 98 36 267 269",
        "say a <pad><pad>x, 89 71 95 267 227 34 86 71 74 36 34 86 71 74 36 94",
        "<eot, 34 75 85 90",
        "<<bos>>, 34 34 72 85 89 36 36",
        "Käfer <eot> \uD83C\uDFD4, 49 134 104 76 264 227 34 75 85 90 36 227 179 260 244 249"
    })
    void specialTokensInTextAreText(String text, String ids) throws Exception {
        int[] expected =
                Arrays.stream(ids.split(" ")).mapToInt(Integer::parseInt).toArray();
        try (Tokenizer tokenizer = SmallTokenizer.open()) {
            assertThat(tokenizer.encode(text, false)).isEqualTo(expected);
            assertThat(tokenizer.decode(expected)).isEqualTo(text);
        }
    }

    @Test
    void specialTokensOfTemplatesAreSuch() throws Exception {
        try (Tokenizer tokenizer = SmallTokenizer.open();
                Tokenizer parsing = SmallTokenizer.open(SpecialTokens.PARSED)) {
            String template = "<|start_header_id|>user<|end_header_id|>\n\n";
            assertThat(tokenizer.encode(tokenizer.template(template) + "<eot>" + tokenizer.template("<eot>"), true))
                    .containsExactly(1, 3, 266, 4, 6, 34, 75, 85, 90, 36, 2);
            assertThat(parsing.template(template)).isEqualTo(template);
            assertThat(parsing.encode(template + "<eot>", true)).containsExactly(1, 3, 266, 4, 6, 2);
            assertThat(parsing.encode("a dog", true)).isEqualTo(tokenizer.encode("a dog", true));
            // Of two tokens at a place the longer one, as everywhere.
            assertThat(tokenizer.template("no token < | >")).isEqualTo("no token < | >");
        }
    }

    /** Vocabularies of all kinds: text neither matches, merges into, nor falls back to a special token. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"type\": \"BPE\", \"vocab\": {\"<\": 0, \"s\": 1, \">\": 2, \"s>\": 3, \"<s>\": 4},"
                        + " \"merges\": [\"s >\", \"< s>\"], \"unk_token\": \"<s>\"}",
                "{\"type\": \"BPE\", \"vocab\": {\"<\": 0, \"s\": 1, \">\": 2, \"s>\": 3, \"<s>\": 4},"
                        + " \"merges\": [[\"s\", \">\"], [\"<\", \"s>\"]]}",
                "{\"type\": \"BPE\", \"vocab\": {\"<\": 0, \"s\": 1, \">\": 2, \"s>\": 3, \"<s>\": 4},"
                        + " \"merges\": [[\"s\", \">\"]], \"ignore_merges\": true}",
                "{\"type\": \"Unigram\", \"unk_id\": 0, \"vocab\": [[\"<\", -3], [\"s\", -3], [\">\", -3], [\"s>\", -2], [\"<s>\", 0]]}",
            })
    void noVocabularyTurnsTextIntoASpecialToken(String model) throws Exception {
        Path file = Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "normalizer": null, "pre_tokenizer": null,
                 "post_processor": null, "decoder": null, "model": %s,
                 "added_tokens": [{"id": 4, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
                  "normalized": false, "special": true}]}
                """.formatted(model));
        try (Tokenizer tokenizer = Tokenizer.open(file);
                Tokenizer parsing = Tokenizer.open(file, SpecialTokens.PARSED)) {
            assertThat(tokenizer.encode("<s>", false)).containsExactly(0, 3);
            assertThat(tokenizer.encode("s<s>" + tokenizer.template("<s>"), false))
                    .containsExactly(1, 0, 3, 4);
            assertThat(parsing.encode("s<s>", false)).containsExactly(1, 4);
            assertThat(tokenizer.tokenToId("<s>")).hasValue(4);
            assertThat(tokenizer.vocabularySize()).isEqualTo(5);
        }
    }

    @Test
    void digestsAreOfTheWholeFile() throws Exception {
        Path file = folder.resolve("tokenizer.json");
        new BpeTrainer(263, SmallTokenizer.SPECIAL, null).train(List.of()).write(file);
        try (Tokenizer before = Tokenizer.open(file);
                Tokenizer parsing = Tokenizer.open(file, SpecialTokens.PARSED)) {
            assertThat(before.digest()).hasSize(64).isEqualTo(parsing.digest());
            Files.writeString(
                    file, Files.readString(file).replace("\"add_prefix_space\":false", "\"add_prefix_space\":true"));
            try (Tokenizer after = Tokenizer.open(file)) {
                assertThat(after.digest()).isNotEqualTo(before.digest());
            }
        }
    }

    @Test
    void aClosedTokenizerSaysSo() throws Exception {
        Tokenizer tokenizer = SmallTokenizer.open();
        tokenizer.close();
        tokenizer.close();
        assertThatThrownBy(() -> tokenizer.encode("a", true))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("The tokenizer is closed; open it again.");
        assertThatThrownBy(() -> tokenizer.decode(3)).isInstanceOf(IllegalStateException.class);
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
    void printsNothingAndChangesNoSystemProperty() throws Exception {
        assertThat(opening("-Djava.io.tmpdir=" + Files.createDirectory(folder.resolve("temporary"))))
                .isEqualTo(new Ending(0, ""));
        assertThat(folder.resolve("temporary")).isEmptyDirectory();
    }

    @Test
    void needsNoHome() throws Exception {
        assertThat(opening("-Duser.home=" + folder.resolve("nobody"))).isEqualTo(new Ending(0, ""));
    }

    @Test
    void needsNoTemporaryFolder() throws Exception {
        Path home = Files.createDirectory(folder.resolve("home"));
        Ending ending = opening("-Djava.io.tmpdir=" + folder.resolve("none"), "-Duser.home=" + home);
        assertThat(ending.code).isZero();
        // The JVM's own.
        assertThat(ending.output.lines()).containsOnly("WARNING: java.io.tmpdir directory does not exist");
        assertThat(home).isEmptyDirectory();
    }

    @Test
    void doesNotBlameTheFileWhereNothingCanBeWritten() throws Exception {
        Ending ending = opening("-Djava.io.tmpdir=" + folder.resolve("none"), "-Duser.home=?");
        assertThat(ending.code).isEqualTo(1);
        assertThat(ending.output)
                .contains(InputException.class.getName()
                        + ": The native tokenizer library cannot be unpacked and loaded (" + folder.resolve("none")
                        + ": no such folder); start Java with -Djava.io.tmpdir=DIR")
                .doesNotContain("tokenizer.json");
    }

    private record Ending(int code, String output) {}

    /** Opens and uses a tokenizer in a fresh virtual machine. */
    private Ending opening(String... options) throws Exception {
        new BpeTrainer(263, SmallTokenizer.SPECIAL, null).train(List.of()).write(folder.resolve("tokenizer.json"));
        Path output = folder.resolve("output.txt");
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path")));
        command.addAll(List.of(options));
        command.addAll(List.of(Opening.class.getName(), folder.toString()));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        return new Ending(process.waitFor(), Files.readString(output, StandardCharsets.UTF_8));
    }

    static final class Opening {
        public static void main(String[] arguments) {
            Properties before = (Properties) System.getProperties().clone();
            try (Tokenizer tokenizer = Tokenizer.open(Path.of(arguments[0]))) {
                if (tokenizer.encode("a", false).length != 1) {
                    throw new IllegalStateException("one byte is one token");
                }
            }
            if (!System.getProperties().equals(before)) {
                throw new IllegalStateException(System.getProperties() + " were " + before);
            }
        }
    }
}

package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.data.InputException;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Token ids of odd texts are those of the tokenizers and tiktoken packages, see tests/reference/text_encoders.py. */
class TokenizerGoldenTest {
    /** Names Llama 3's tokenizer.model of the Python package llama-models 0.3.0, which is not among the test's resources. */
    private static final String LLAMA3 = "llm2clip.llama3.tokenizer";

    @TempDir
    private Path temporary;

    private static Path path(String name) {
        try {
            return Path.of(Objects.requireNonNull(TokenizerGoldenTest.class.getResource("tokenizers/" + name))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    private static JsonNode golden() throws IOException {
        return JsonMapper.builder().build().readTree(Files.readAllBytes(path("golden.json")));
    }

    @ParameterizedTest
    @CsvSource({"llama, llama", "llama-strings, llama", "qwen2, qwen2", "gemma, gemma", "mistral, mistral", "phi3, phi3"
    })
    void idsAreThoseOfTheTokenizersPackage(String file, String name) throws IOException {
        for (SpecialTokens specialTokens : SpecialTokens.values()) {
            try (Tokenizer tokenizer = Tokenizer.open(path(file + ".json"), specialTokens)) {
                assertIds(
                        tokenizer,
                        true,
                        golden().path(name).path(specialTokens == SpecialTokens.PARSED ? "parsed" : "as_text"));
            }
        }
    }

    /** The first texts whole, the long ones as a count and a checksum. */
    private static void assertIds(Tokenizer tokenizer, boolean special, JsonNode expected) throws IOException {
        JsonNode texts = golden().path("texts");
        assertThat(texts.size())
                .isGreaterThan(30)
                .isEqualTo(expected.path("ids").size());
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i).asString();
            assertThat(tokenizer.encode(text, special))
                    .as(text)
                    .isEqualTo(StreamSupport.stream(expected.path("ids").get(i).spliterator(), false)
                            .mapToInt(JsonNode::asInt)
                            .toArray());
        }
        JsonNode longTexts = golden().path("longTexts");
        assertThat(longTexts.size()).isEqualTo(expected.path("long").size()).isPositive();
        for (int i = 0; i < longTexts.size(); i++) {
            int[] ids = tokenizer.encode(longTexts.get(i).asString(), special);
            ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asIntBuffer().put(ids);
            CRC32 checksum = new CRC32();
            checksum.update(bytes.array());
            assertThat(List.of((long) ids.length, checksum.getValue()))
                    .as("long text %d", i)
                    .containsExactly(
                            expected.path("long").get(i).get(0).asLong(),
                            expected.path("long").get(i).get(1).asLong());
        }
    }

    private static Tokenizer tiktoken(Path file, SpecialTokens specialTokens) {
        byte[] json = TiktokenFile.read(file).toJson().getBytes(StandardCharsets.UTF_8);
        return Tokenizer.of(file, json, specialTokens);
    }

    @Test
    void idsOfAVocabularyOfTiktokenAreTiktokens() throws IOException {
        try (Tokenizer tokenizer = tiktoken(path("tiktoken.model"), SpecialTokens.AS_TEXT)) {
            assertIds(tokenizer, false, golden().path("tiktoken"));
        }
        try (Tokenizer parsing = tiktoken(path("tiktoken.model"), SpecialTokens.PARSED)) {
            int first = parsing.tokenToId("<|begin_of_text|>").orElseThrow();
            assertThat(parsing.encode("<|start_header_id|><|end_header_id|><|eot_id|>", true))
                    .containsExactly(first, first + 6, first + 7, first + 9);
            assertThat(parsing.vocabularySize()).isEqualTo(first + 256);
            assertThat(parsing.tokenToId("<|reserved_special_token_247|>")).hasValue(first + 255);
        }
    }

    @Test
    void idsOfTheRealVocabularyOfLlama3AreTiktokens() throws IOException {
        String file = System.getProperty(LLAMA3);
        assumeTrue(
                file != null,
                "skipped, since the system property " + LLAMA3
                        + " does not name the tokenizer.model of the Python package llama-models");
        try (Tokenizer tokenizer = tiktoken(Path.of(file), SpecialTokens.AS_TEXT)) {
            assertIds(tokenizer, false, golden().path("llama3"));
            assertThat(tokenizer.vocabularySize()).isEqualTo(128256);
            CaptionRow row = CaptionFormat.of(ChatTemplate.LLAMA3).row(tokenizer, "a dog");
            // As the specification has it.
            assertThat(row.ids()).containsExactly(128000, 128006, 882, 128007, 271, 64, 5679, 128009);
            assertThat(row.pooledLength()).isEqualTo(3);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "IQ== 1|a line of a token in base64 and the rank 0, found 'IQ== 1'",
                "IQ==|a line of a token in base64 and the rank 0, found 'IQ=='",
                "I*== 0|a line of a token in base64 and the rank 0, found 'I*== 0'",
                "' 0'|tokens of 1 to 1024 bytes, found 0 bytes",
                "IQ== 0|a token for every byte, found none for 0",
                "''|a token for every byte, found none for 0",
            })
    void otherFilesOfThatNameAreRefused(String content, String message) throws IOException {
        Path file = Files.writeString(temporary.resolve("tokenizer.model"), content);
        assertThatThrownBy(() -> TiktokenFile.read(file))
                .isInstanceOf(InputException.class)
                .hasMessage(
                        "The tokenizer %s: expected Llama 3's vocabulary in the format of tiktoken, %s; give the tokenizer.json of the model.",
                        file, message);
    }

    @Test
    void aSentencePieceModelIsRefused() throws IOException {
        // As such files begin.
        Path file = Files.write(
                temporary.resolve("tokenizer.model"), new byte[] {0x0a, 0x0e, 0x0a, 5, '<', 'u', 'n', 'k', '>', 0x15});
        assertThatThrownBy(() -> TiktokenFile.read(file))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("in the format of tiktoken")
                .hasMessageEndingWith("; give the tokenizer.json of the model.");
        byte[] twice = (Files.readString(path("tiktoken.model")).replaceFirst("\\S+ 1\n", "IQ== 1\n"))
                .getBytes(StandardCharsets.UTF_8);
        Files.write(file, twice);
        assertThatThrownBy(() -> TiktokenFile.read(file)).hasMessageContaining("1 of 401 tokens twice");
    }
}

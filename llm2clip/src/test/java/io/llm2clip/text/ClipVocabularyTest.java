package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.data.InputException;
import io.llm2clip.model.DualFixture;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ClipVocabularyTest {
    /** Names OpenAI's bpe_simple_vocab_16e6.txt.gz, which is not among the test's resources; OpenCLIP's Python package has it. */
    private static final String VOCABULARY = "llm2clip.clip-vocabulary";

    @TempDir
    private Path folder;

    /** What is made of vocab.json and merges.txt is what transformers saves. */
    @Test
    void theTokenizerIsTheOneThatTransformersSaves() throws IOException {
        Path clip = DualFixture.read(DualFixture.CLIP).write(folder.resolve("clip"));
        JsonMapper json = JsonMapper.builder().build();
        JsonNode saved = json.readTree(Files.readAllBytes(clip.resolve("tokenizer.json")));
        JsonNode made = json.readTree(ClipVocabulary.of(clip.resolve("vocab.json"), clip.resolve("merges.txt")));
        for (String part :
                new String[] {"version", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"}) {
            assertThat(made.path(part)).as(part).isEqualTo(saved.path(part));
        }
        assertThat(made.path("added_tokens").get(0))
                .isEqualTo(saved.path("added_tokens").get(0));
        assertThat(made.path("added_tokens").get(1))
                .isEqualTo(saved.path("added_tokens").get(1));
    }

    @Test
    void theRealVocabularyGivesTheIdsOfTransformers() {
        String file = System.getProperty(VOCABULARY);
        assumeTrue(
                file != null,
                "skipped, since the system property " + VOCABULARY + " does not name bpe_simple_vocab_16e6.txt.gz");
        JsonNode golden = DualFixture.vocabulary();
        int[][] expected = DualFixture.ids(golden.path("ids"));
        Path path = Path.of(file);
        try (Tokenizer tokenizer = Tokenizer.of(path, ClipVocabulary.ofOpenAi(path), SpecialTokens.AS_TEXT)) {
            assertThat(tokenizer.vocabularySize())
                    .isEqualTo(49_408)
                    .isEqualTo(golden.path("size").asInt());
            for (int i = 0; i < expected.length; i++) {
                String caption = golden.path("captions").get(i).asString();
                assertThat(tokenizer.encode(caption, true)).as(caption).containsExactly(expected[i]);
            }
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            value = {
                "[]~expected CLIP's vocabulary",
                "{}~expected CLIP's vocabulary",
                "{\"<|startoftext|>\": \"0\", \"<|endoftext|>\": 1}~expected CLIP's vocabulary",
                "{\"a\":~expected a vocabulary in JSON"
            })
    void anotherVocabularyIsRefused(String json, String message) throws IOException {
        Path vocabulary = Files.writeString(folder.resolve("vocab.json"), json);
        Path merges = Files.writeString(folder.resolve("merges.txt"), "#version: 0.2\n");
        assertThatThrownBy(() -> ClipVocabulary.of(vocabulary, merges))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("vocab.json: " + message);
    }

    @ParameterizedTest
    @CsvSource({"''", "'a b\nc d\n'", "'#version: 0.2\na b c\n'", "'#version: 0.2\nab\n'"})
    void otherMergesAreRefused(String lines) throws IOException {
        Path merges = Files.writeString(folder.resolve("bpe_simple_vocab_16e6.txt"), lines);
        assertThatThrownBy(() -> ClipVocabulary.ofOpenAi(merges))
                .isInstanceOf(InputException.class)
                .hasMessageEndingWith(
                        "expected a line with '#version' and merges of two pieces, a line each, found other lines; fetch it again.");
    }

    /** A small file may stand for more than memory holds. */
    @Test
    void aBombAndADamagedFileAreRefused() throws IOException {
        Path bomb = folder.resolve("bpe_simple_vocab_16e6.txt.gz");
        try (OutputStream stream = new GZIPOutputStream(Files.newOutputStream(bomb))) {
            byte[] zeros = new byte[1 << 20];
            for (int i = 0; i < 65; i++) {
                stream.write(zeros);
            }
        }
        assertThatThrownBy(() -> ClipVocabulary.ofOpenAi(bomb))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("expected a vocabulary of at most 64 MB, found more");
        Files.write(bomb, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> ClipVocabulary.ofOpenAi(bomb))
                .isInstanceOf(InputException.class)
                .hasMessageContaining("cannot be read")
                .hasMessageEndingWith("fetch it again.");
    }
}

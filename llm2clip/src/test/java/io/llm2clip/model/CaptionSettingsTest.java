package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
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

/** What text encoders do with captions is what LLM2CLIP's copy of llm2vec does, see tests/reference/text_encoders.py. */
class CaptionSettingsTest {
    private static final double TOLERANCE = 1e-5;

    @TempDir
    private Path temporary;

    private static JsonNode golden() {
        return ConfigFile.read(Golden.path("encoders/golden.json")).root();
    }

    private static List<String> captions() {
        return StreamSupport.stream(golden().path("captions").spliterator(), false)
                .map(JsonNode::asString)
                .toList();
    }

    private static void assertVectors(FloatMatrix actual, JsonNode expected, String what) {
        float[][] vectors = actual.toArrays();
        assertThat(vectors.length).isEqualTo(expected.size()).isPositive();
        for (int i = 0; i < vectors.length; i++) {
            double scale = 0;
            for (JsonNode value : expected.get(i)) {
                scale = Math.max(scale, Math.abs(value.asDouble()));
            }
            assertThat(vectors[i].length).isEqualTo(expected.get(i).size());
            for (int d = 0; d < vectors[i].length; d++) {
                assertThat(vectors[i][d] / scale)
                        .as("%s: caption %d, channel %d", what, i, d)
                        .isCloseTo(expected.get(i).get(d).asDouble() / scale, within(TOLERANCE));
            }
        }
    }

    /** Template, lengths, pooling and pooled window of five architectures, each pooled otherwise; saved, it stays so. */
    @ParameterizedTest
    @ValueSource(strings = {"llama", "mistral", "qwen2", "gemma", "phi3"})
    void vectorsAreThoseOfTheReference(String name) {
        JsonNode expected = golden().path(name);
        String instruction = golden().path("instruction").asString();
        Path saved = temporary.resolve("saved");
        try (TextModel model = TextModel.open(Golden.path("encoders/" + name))) {
            assertVectors(model.vectors(captions()), expected.path("bare"), name);
            assertVectors(model.vectors(captions(), instruction), expected.path("instructed"), name + " instructed");
            assertThat(model.vectors(captions(), "").toArrays())
                    .isDeepEqualTo(model.vectors(captions()).toArrays());
            model.save(saved, Map.of(), Existing.REFUSE);
        }
        try (TextModel model = TextModel.open(saved)) {
            assertVectors(model.vectors(captions()), expected.path("bare"), name);
            assertVectors(model.vectors(captions(), instruction), expected.path("instructed"), name + " instructed");
        }
    }

    private Tokenizer tokenizer(String specialTokens) throws IOException {
        Path file = temporary.resolve("tokenizer.json");
        List<String> special = List.of(specialTokens.split(" "));
        new BpeTrainer(300, special, special.getFirst())
                .train(List.of("a red kite"))
                .write(file);
        return Tokenizer.open(file);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "LLAMA|x|<s> <|start_header_id|> <|end_header_id|> <|eot_id|>||LLAMA3",
                "LLAMA||<s> </s>||NONE",
                "LLAMA||<s> </s>|{{ '[INST] ' }}|MISTRAL",
                "LLAMA|meta-llama/Llama-2-7b-chat-hf|<s> </s>||MISTRAL",
                // SmolLM2's tokens, of which the reference knows nothing.
                "LLAMA||<s> <|im_start|> <|im_end|>||NONE",
                "MISTRAL||<s> </s>||NONE",
                "MISTRAL||<s> </s>|{{ bos_token + ' [INST] ' }}|MISTRAL",
                "MISTRAL|mistralai/Mistral-7B-Instruct-v0.2|<s> </s>||MISTRAL",
                "QWEN2||<s> <|im_start|> <|im_end|>||QWEN2",
                "QWEN2||<s> </s>||NONE",
                "GEMMA||<bos> <start_of_turn> <end_of_turn>||GEMMA",
                "GEMMA||<bos> <eos>||NONE",
                "PHI3||<s> <|user|> <|end|>||PHI3",
                "PHI3|microsoft/Phi-3.5-mini-instruct|<s> </s>||PHI3",
                "PHI3||<s> <|end|>||NONE",
            })
    void templatesFollowNamesTokensAndFamilies(
            LlamaFamily family, String name, String tokens, String chatTemplate, String expected) throws IOException {
        CaptionSettings settings = new CaptionSettings(
                Optional.empty(),
                Llm2VecConfig.NONE,
                family,
                name == null ? "" : name,
                chatTemplate == null ? "" : chatTemplate);
        try (Tokenizer tokenizer = tokenizer(tokens)) {
            assertThat(settings.format(tokenizer)).isEqualTo(CaptionFormat.of(template(expected)));
            assertThat(settings.pooling()).isEqualTo(Pooling.MEAN);
        }
    }

    private static ChatTemplate template(String name) {
        return switch (name) {
            case "LLAMA3" -> ChatTemplate.LLAMA3;
            case "MISTRAL" -> ChatTemplate.MISTRAL;
            case "QWEN2" -> ChatTemplate.QWEN2;
            case "GEMMA" -> ChatTemplate.GEMMA;
            case "PHI3" -> ChatTemplate.PHI3;
            default -> ChatTemplate.NONE;
        };
    }

    @ParameterizedTest
    @CsvSource({
        "LLAMA, <s> </s>, ' </s>'",
        "LLAMA, <s> <|end_of_text|>, <|end_of_text|>",
        "LLAMA, <s> <|start_header_id|> <|eot_id|> <|end_of_text|>, <|eot_id|>",
        "MISTRAL, <s> </s>, ' </s>'",
        "GEMMA, <bos> <eos> <start_of_turn> <end_of_turn>, <end_of_turn><eos>",
        "QWEN2, <|endoftext|>, <|endoftext|>",
        "PHI3, <s> <|user|> <|end|>, <|end|><|endoftext|>"
    })
    void rowsEndWithTheTokenThatIsPooled(LlamaFamily family, String tokens, String suffix) throws IOException {
        Llm2VecConfig eos =
                new Llm2VecConfig(Optional.of(Pooling.EOS_TOKEN), Optional.empty(), Optional.empty(), Optional.empty());
        CaptionSettings settings = new CaptionSettings(Optional.empty(), eos, family, "", "");
        try (Tokenizer tokenizer = tokenizer(tokens)) {
            assertThat(settings.format(tokenizer).template().suffix()).isEqualTo(suffix);
            assertThat(settings.pooling()).isEqualTo(Pooling.EOS_TOKEN);
        }
    }

    private Llm2VecConfig llm2vec(String json) throws IOException {
        Files.writeString(temporary.resolve("llm2vec_config.json"), json);
        return Llm2VecConfig.read(temporary);
    }

    @Test
    void readsWhatLlm2vecWrites() throws IOException {
        assertThat(Llm2VecConfig.read(temporary)).isEqualTo(Llm2VecConfig.NONE);
        CaptionFormat usual = CaptionFormat.of(ChatTemplate.LLAMA3);
        assertThat(Llm2VecConfig.NONE.over(usual)).isEqualTo(usual);
        assertThat(llm2vec("{}")).isEqualTo(Llm2VecConfig.NONE);
        Llm2VecConfig all = llm2vec("""
                {"pooling_mode": "weighted_mean", "max_length": 256, "doc_max_length": 200, "skip_instruction": false}
                """);
        assertThat(all.pooling()).hasValue(Pooling.WEIGHTED_MEAN);
        assertThat(all.over(usual))
                .isEqualTo(new CaptionFormat(ChatTemplate.LLAMA3, 256, 200, false, SpecialTokens.AS_TEXT));
        for (Pooling pooling : Pooling.values()) {
            assertThat(llm2vec("{\"pooling_mode\": \"%s\"}".formatted(ConfigFile.nameOf(pooling)))
                            .pooling())
                    .hasValue(pooling);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"pooling_mode\": \"cls\"}|'pooling_mode': expected one of mean, weighted_mean, last_token, eos_token, bos_token, found \"cls\"",
                "{\"max_length\": 0}|'max_length': expected a positive whole number, found 0",
                "{\"doc_max_length\": -1}|'doc_max_length': expected a positive whole number, found -1",
                "{\"skip_instruction\": 1}|'skip_instruction': expected true or false, found 1",
                "[]|expected a JSON object, found ARRAY",
                "{|expected JSON",
            })
    void damagedSettingsAreRefused(String json, String message) {
        assertThatThrownBy(() -> llm2vec(json))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(temporary.resolve("llm2vec_config.json") + ": ")
                .hasMessageContaining(message);
    }

    @Test
    void anAdapterSaysItselfHowItIsUsed() throws IOException {
        CaptionSettings base = new CaptionSettings(
                Optional.empty(),
                new Llm2VecConfig(Optional.of(Pooling.LAST_TOKEN), Optional.of(9), Optional.empty(), Optional.empty()),
                LlamaFamily.QWEN2,
                "name",
                "template");
        assertThat(base.adapted(temporary).llm2vec()).isEqualTo(Llm2VecConfig.NONE);
        llm2vec("{\"pooling_mode\": \"bos_token\"}");
        CaptionSettings adapted = base.adapted(temporary);
        assertThat(adapted.pooling()).isEqualTo(Pooling.BOS_TOKEN);
        assertThat(adapted.family()).isEqualTo(LlamaFamily.QWEN2);
        assertThat(adapted.name()).isEqualTo("name");
    }

    @Test
    void rowsAreNoLongerThanASlidingWindow() throws IOException {
        Path directory = temporary.resolve("mistral");
        Files.createDirectories(directory);
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(Golden.path("encoders/mistral").resolve(file), directory.resolve(file));
        }
        Path config = directory.resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replaceFirst("\"sliding_window\": \\w+", "\"sliding_window\": 9"));
        try (TextModel model = TextModel.open(directory)) {
            String caption = "a red kite above a lake with a red boat";
            model.vectors(List.of("a", caption));
            assertThat(model.encoder().rows(List.of(caption)).getFirst().ids()).hasSize(9);
            assertThat(model.encoder().cutCaptions()).isEqualTo(1);
        }
    }

    @Test
    void llama3sOwnVocabularyStandsForATokenizer() throws IOException {
        Path directory = temporary.resolve("llama");
        Files.createDirectories(directory);
        LlamaConfig config = new LlamaConfig(700, 16, 24, 1, 2, 1, 8, 1e-5f, 10000, null, 512, false);
        config.write(directory.resolve("config.json"));
        Path vocabulary = Golden.path("../text/tokenizers/tiktoken.model");
        Files.copy(vocabulary, directory.resolve("tokenizer.model"));
        TokenizerFiles files = TokenizerFiles.in(directory);
        assertThat(files.source()).isEqualTo(directory.resolve("tokenizer.model"));
        try (Tokenizer tokenizer = files.open(SpecialTokens.AS_TEXT)) {
            assertThat(CaptionSettings.read(directory, LlamaFamily.LLAMA)
                            .format(tokenizer)
                            .template())
                    .isEqualTo(ChatTemplate.LLAMA3);
            Path saved = Files.createDirectories(temporary.resolve("saved"));
            files.write(saved, CaptionFormat.of(ChatTemplate.LLAMA3));
            assertThat(saved.resolve("tokenizer_config.json"))
                    .content()
                    .contains("\"bos_token\" : \"<|begin_of_text|>\"", "\"eos_token\" : \"<|eot_id|>\"");
            try (Tokenizer again = TokenizerFiles.in(saved).open(SpecialTokens.AS_TEXT)) {
                assertThat(again.encode("a dog, 雪 😀", true)).isEqualTo(tokenizer.encode("a dog, 雪 😀", true));
            }
        }
    }
}

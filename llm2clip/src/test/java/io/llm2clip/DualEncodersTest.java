package io.llm2clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.model.DualFixture;
import io.llm2clip.model.ModelOptions;
import io.llm2clip.model.OpenModel;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.TextTower;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.text.SpecialTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/** CLIP and SigLIP with their own text towers, in every layout that they are published in, against the reference implementations. */
class DualEncodersTest {
    private static final float TOLERANCE = 1e-5f;

    @TempDir
    private Path temporary;

    private Path path(DualFixture model) throws IOException {
        return model.model(model.write(temporary.resolve(model.name())));
    }

    private static Stream<String> models() {
        return Stream.of(
                DualFixture.CLIP,
                DualFixture.OPENAI,
                DualFixture.OPEN_CLIP,
                DualFixture.EVA02,
                DualFixture.SIGLIP2,
                DualFixture.SIGLIP2_TIMM,
                DualFixture.SIGLIP2_NAFLEX,
                DualFixture.FG_CLIP_2);
    }

    private static void assertClose(float[][] actual, JsonNode expected) {
        float[][] rows = DualFixture.rows(expected);
        assertThat(actual).hasSameDimensionsAs(rows);
        for (int i = 0; i < rows.length; i++) {
            assertThat(actual[i]).as("row " + i).containsExactly(rows[i], within(TOLERANCE));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void embedsAndComparesAsTheReference(String name) throws IOException {
        DualFixture model = DualFixture.read(name);
        JsonNode golden = model.golden();
        try (Llm2Clip loaded = Llm2Clip.load(path(model))) {
            assertThat(loaded.text()).isInstanceOf(TextTower.class);
            TextEmbeddings texts = loaded.textEmbeddings(model.captions());
            assertClose(texts.vectors().toArrays(), golden.path("texts"));
            assertThat(texts.cut()).isEqualTo(golden.path("cut").asInt());
            assertThat(texts.maxLength()).isEqualTo(golden.path("window").asInt(12));
            float[][] images = loaded.embedImages(List.of(DualFixture.picture()));
            assertThat(images[0]).containsExactly(DualFixture.floats(golden.path("image")), within(TOLERANCE));
            float[] cosines = loaded.similarity(List.of(DualFixture.picture()), texts)[0];
            assertThat(cosines).containsExactly(DualFixture.floats(golden.path("cosines")), within(TOLERANCE));
            float scale = golden.path("logitScale").floatValue();
            assertThat(loaded.logitScale()).isCloseTo(scale, within(1e-4f * scale));
            assertThat(loaded.logitBias()).isEqualTo(golden.path("logitBias").floatValue(0));
            float[] logits = DualFixture.floats(golden.path("logits"));
            for (int i = 0; i < logits.length; i++) {
                assertThat(cosines[i] * loaded.logitScale() + loaded.logitBias())
                        .isCloseTo(logits[i], within(2e-5f * scale));
            }
            assertThat(loaded.probabilities().kind()).isEqualTo(golden.has("logitBias") ? "sigmoid" : "softmax");
            assertThat(loaded.probabilities().of(cosines)).containsExactly(probable(golden, logits), within(1e-4));
            assertThat(loaded.embedTexts(List.of(model.captions().getFirst()))[0])
                    .containsExactly(DualFixture.rows(golden.path("texts"))[0], within(TOLERANCE));
            assertThat(loaded.embedTexts(List.of())).isEmpty();
            assertThat(loaded.description().exifOrientation()).isFalse();
        }
    }

    /** As CLIP's softmax and SigLIP's sigmoid make them of logits. */
    private static double[] probable(JsonNode golden, float[] logits) {
        double[] probable = new double[logits.length];
        double total = 0;
        for (float logit : logits) {
            total += Math.exp(logit);
        }
        for (int i = 0; i < logits.length; i++) {
            double odds = Math.exp(logits[i]);
            probable[i] = golden.has("logitBias") ? odds / (1 + odds) : odds / total;
        }
        return probable;
    }

    @ParameterizedTest
    @MethodSource("models")
    void tokenIdsAreThoseOfTheReference(String name) throws IOException {
        DualFixture model = DualFixture.read(name);
        for (SpecialTokens taken : SpecialTokens.values()) {
            ModelOptions stored = ModelOptions.STORED;
            ModelOptions options = new ModelOptions(
                    stored.textEncoder(),
                    stored.normalizeCaptions(),
                    stored.vision(),
                    Optional.of(taken),
                    stored.weights(),
                    stored.device());
            Path directory = temporary.resolve(taken.name());
            try (OpenModel opened = OpenModel.open(model.model(model.write(directory)), options)) {
                TextTower tower = (TextTower) opened.model().text();
                int[][] expected = DualFixture.ids(model.golden().path("ids"));
                for (int i = 0; i < expected.length; i++) {
                    String caption = model.captions().get(i);
                    assertThat(tower.cut(opened.tokenizer().encode(tower.prepared(caption), true)))
                            .as(caption)
                            .containsExactly(expected[i]);
                }
            }
        }
    }

    /** Parsed, an end token in a caption ends it, by one rule or the other; as text it is text. */
    @ParameterizedTest
    @CsvSource({"legacy, 2", "first, -1"})
    void anEndTokenInACaptionIsTakenByTheRuleOfTheConfiguration(String rule, int id) throws IOException {
        DualFixture model = DualFixture.read(DualFixture.CLIP);
        JsonNode special = model.golden().path("special");
        Path directory = path(model);
        int end = id < 0 ? special.path("eosTokenId").asInt() : id;
        Path config = directory.resolve("config.json");
        String json = Files.readString(config);
        assertThat(json).contains("\"eos_token_id\": 2,");
        Files.writeString(config, json.replace("\"eos_token_id\": 2,", "\"eos_token_id\": " + end + ","));
        List<String> captions = DualFixture.strings(special.path("captions"));
        try (Llm2Clip parsing = Llm2Clip.load(directory, LoadOptions.DEFAULT.withSpecialTokens(SpecialTokens.PARSED));
                Llm2Clip reading = Llm2Clip.load(directory)) {
            assertClose(parsing.embedTexts(captions), special.path(rule));
            assertThat(reading.embedTexts(captions)[0]).isNotEqualTo(parsing.embedTexts(captions)[0]);
        }
    }

    @Test
    void specialTokensOfASiglipAreParsedIfSo() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.SIGLIP2);
        JsonNode special = model.golden().path("special");
        List<String> captions = DualFixture.strings(special.path("captions"));
        try (Llm2Clip parsing =
                Llm2Clip.load(path(model), LoadOptions.DEFAULT.withSpecialTokens(SpecialTokens.PARSED))) {
            assertClose(parsing.embedTexts(captions), special.path("texts"));
        }
    }

    @Test
    void casesOfCaptionsDoNotMatter() throws IOException {
        for (String name : List.of(DualFixture.CLIP, DualFixture.SIGLIP2)) {
            try (Llm2Clip loaded = Llm2Clip.load(path(DualFixture.read(name)))) {
                assertThat(loaded.embedTexts(List.of("A Red KITE")))
                        .isDeepEqualTo(loaded.embedTexts(List.of("a red kite")));
            }
        }
    }

    /** The vocabulary in each of its three forms. */
    @Test
    void aClipReadsWhicheverVocabularyIsBesideIt() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.CLIP);
        Path directory = path(model);
        Files.delete(directory.resolve("tokenizer.json"));
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertClose(loaded.embedTexts(model.captions()), model.golden().path("texts"));
        }
        Files.delete(directory.resolve("vocab.json"));
        Path openAi = DualFixture.read(DualFixture.OPENAI).write(temporary.resolve("openai"));
        Files.copy(openAi.resolve("bpe_simple_vocab_16e6.txt.gz"), directory.resolve("bpe_simple_vocab_16e6.txt.gz"));
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertClose(loaded.embedTexts(model.captions()), model.golden().path("texts"));
        }
        Files.delete(directory.resolve("bpe_simple_vocab_16e6.txt.gz"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        directory.toAbsolutePath()
                                + ": expected CLIP's vocabulary beside the weights, tokenizer.json, or vocab.json and merges.txt, or OpenAI's bpe_simple_vocab_16e6.txt.gz, found none; fetch one: the first are in every repository of a CLIP in Hugging Face's layout, such as openai/clip-vit-base-patch32, the last is in the folder clip of OpenAI's code.");
    }

    @Test
    void whatNeedsALanguageModelIsRefused() throws IOException {
        Path directory = path(DualFixture.read(DualFixture.CLIP));
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertThatThrownBy(() -> loaded.captionVectors(List.of("a kite")))
                    .hasMessage(
                            directory
                                    + ": expected an LLM2CLIP model, whose language model gives caption vectors, found one with a text tower of its own, which has none; use embedTexts.");
        }
        assertThatThrownBy(() -> Llm2Clip.load(directory, LoadOptions.DEFAULT.withTextEncoder(temporary)))
                .hasMessage(
                        "%s: a model with a text tower of its own, which no other text encoder can stand in for; leave out the text encoder %s, or give an LLM2CLIP model.",
                        directory, temporary);
        assertThatThrownBy(() -> Llm2Clip.load(directory, LoadOptions.DEFAULT.withNormalizedCaptions(true)))
                .hasMessage(
                        "%s: a model with a text tower of its own, which has no caption vectors to be scaled before an adapter; leave that option out, or give an LLM2CLIP model.",
                        directory);
    }

    @Test
    void imagesAreTakenAsTheRepositorySays() throws IOException {
        Path directory = path(DualFixture.read(DualFixture.SIGLIP2));
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertThat(loaded.description().preprocessing()).isEqualTo(PreprocessingPreset.SIGLIP2);
        }
        Path config = directory.resolve("preprocessor_config.json");
        String json = Files.readString(config);
        Files.writeString(config, json.replace("\"resample\": 2", "\"resample\": 3"));
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertThat(loaded.description().preprocessing()).isEqualTo(PreprocessingPreset.SIGLIP);
        }
        Files.writeString(config, json.replace("\"resample\": 2", "\"resample\": 0"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageContaining(
                        "preprocessor_config.json: expected images prepared as a CLIP or a SigLIP takes them")
                .hasMessageContaining("resample 0; use another model, or remove the file");
        Files.delete(config);
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertThat(loaded.description().preprocessing()).isEqualTo(PreprocessingPreset.SIGLIP);
        }
    }

    @Test
    void aSiglipNeedsItsTokenizerAndItsPad() throws IOException {
        Path directory = path(DualFixture.read(DualFixture.SIGLIP2));
        Path config = directory.resolve("tokenizer_config.json");
        Path map = directory.resolve("special_tokens_map.json");
        Files.delete(config);
        try (Llm2Clip loaded = Llm2Clip.load(directory)) {
            assertThat(loaded.embeddingSize()).isEqualTo(32);
        }
        Files.delete(map);
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageContaining("expected a pad token, which a SigLIP reads like any other")
                .hasMessageEndingWith("found none; fetch both from the model's repository.");
        Files.writeString(config, "{\"pad_token\": {\"content\": \"<nothing>\"}}");
        assertThatThrownBy(() -> Llm2Clip.load(directory)).hasMessageContaining("found '<nothing>'");
        Files.delete(directory.resolve("tokenizer.json"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageContaining(
                        "expected the tokenizer of a SigLIP beside its weights, tokenizer.json, found none");
    }

    /** The first SigLIP was trained without punctuation, and its tokenizer's class says that it is one. */
    @Test
    void theFirstSiglipReadsNoPunctuation() throws IOException {
        Path directory = path(DualFixture.read(DualFixture.SIGLIP2));
        List<String> captions = List.of("a red kite", " A, \"red\"  kite!? ");
        try (Llm2Clip second = Llm2Clip.load(directory)) {
            float[][] texts = second.embedTexts(captions);
            assertThat(texts[0]).isNotEqualTo(texts[1]);
        }
        Path config = directory.resolve("tokenizer_config.json");
        Files.writeString(config, Files.readString(config).replaceAll("\"Gemma\\w+\"", "\"SiglipTokenizer\""));
        try (Llm2Clip first = Llm2Clip.load(directory)) {
            float[][] texts = first.embedTexts(captions);
            assertThat(texts[0]).isEqualTo(texts[1]);
        }
    }

    /** Both activations are published under OpenCLIP's names, and they cannot be told apart by the tensors. */
    @Test
    void anActivationThatNothingTellsIsAskedFor() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.OPEN_CLIP);
        Path file = path(model);
        Path config = file.resolveSibling("open_clip_config.json");
        String json = Files.readString(config);
        Files.delete(config);
        assertThatThrownBy(() -> Llm2Clip.load(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: expected a config.json beside it that tells the activation of the text tower, QuickGELU in some models and GELU in others (an open_clip_config.json tells, too); fetch or write one.",
                        file.toAbsolutePath());
        VisionOptions gelu = VisionOptions.STORED.withActivation(Activation.GELU);
        float[][] quick;
        try (Llm2Clip loaded = Llm2Clip.load(file, LoadOptions.DEFAULT.withVision(gelu))) {
            assertClose(loaded.embedTexts(model.captions()), model.golden().path("texts"));
        }
        Files.writeString(config, json.replace("\"model_cfg\": {", "\"model_cfg\": {\"quick_gelu\": true, "));
        try (Llm2Clip loaded = Llm2Clip.load(file)) {
            quick = loaded.embedImages(List.of(DualFixture.picture()));
        }
        assertThat(quick[0]).isNotEqualTo(DualFixture.floats(model.golden().path("image")));
    }

    @Test
    void imagesOfAnotherSizeAndQuantizedWeightsAreOptions() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.SIGLIP2);
        Path directory = path(model);
        LoadOptions larger = LoadOptions.DEFAULT.withVision(VisionOptions.STORED.withImageSize(32));
        try (Llm2Clip loaded = Llm2Clip.load(directory, larger)) {
            assertThat(loaded.embedImages(List.of(DualFixture.picture()))[0])
                    .hasSize(32)
                    .isNotEqualTo(DualFixture.floats(model.golden().path("image")));
            assertClose(loaded.embedTexts(model.captions()), model.golden().path("texts"));
        }
        try (Llm2Clip loaded = Llm2Clip.load(directory, LoadOptions.DEFAULT.withWeights(WeightFormat.INT8))) {
            float[] text = loaded.embedTexts(List.of(model.captions().getFirst()))[0];
            assertThat(text)
                    .containsExactly(DualFixture.rows(model.golden().path("texts"))[0], within(0.05f))
                    .isNotEqualTo(DualFixture.rows(model.golden().path("texts"))[0]);
        }
    }

    /** A part of a model, and models of kinds that are not read, are refused with what to do. */
    @Test
    void wrongDirectoriesAreRefusedWithTheRemedy() throws IOException {
        Path directory = path(DualFixture.read(DualFixture.CLIP));
        Path weights = directory.resolve("model.safetensors");
        Map<String, StoredTensor> all = tensors(weights);
        rewrite(weights, all, name -> name.startsWith("text_"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageEndingWith("found a text tower alone; fetch the whole model, with its vision tower.");
        rewrite(weights, all, name -> name.startsWith("vision_") || name.startsWith("visual_"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageEndingWith(
                        "found a vision tower alone; fetch the whole model, or train an adapter for this tower with 'train clip --vision'.");
        rewrite(weights, all, name -> !name.equals("logit_scale"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageEndingWith(
                        "expected a tensor 'logit_scale', found none; check that the file is of a whole model.");
        rewrite(weights, all, name -> !name.equals("text_model.encoder.layers.1.mlp.fc2.bias"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("text_model.encoder.layers.1.mlp.fc2.bias");
        Map<String, StoredTensor> more = new LinkedHashMap<>(all);
        more.put("text_model.encoder.layers.2.mlp.fc2.bias", all.get("text_model.encoder.layers.1.mlp.fc2.bias"));
        rewrite(weights, more, _ -> true);
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("text_model.encoder.layers.2.mlp.fc2.bias");
    }

    @Test
    void aTokenizerOfAnotherModelIsRefused() throws IOException {
        Path directory = path(DualFixture.read(DualFixture.CLIP));
        Path config = directory.resolve("config.json");
        String json = Files.readString(config);
        Files.writeString(config, json.replace("\"eos_token_id\": 2,", "\"eos_token_id\": 7,"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageContaining("expected a tokenizer that ends every text with token 7, the 'eos_token_id'");
        Files.writeString(config, json);
        Path siglip = path(DualFixture.read(DualFixture.SIGLIP2));
        Path vocabulary = siglip.resolve("tokenizer.json");
        String tokens = Files.readString(vocabulary);
        Files.writeString(vocabulary, tokens.replaceFirst("\"▁a\": ?\\d+", "\"▁a\": 9000"));
        assertThatThrownBy(() -> Llm2Clip.load(siglip))
                .hasMessageContaining("the tokenizer has 9001 tokens, the text tower embeds");
    }

    private static Map<String, StoredTensor> tensors(Path file) {
        try (Checkpoint source = Checkpoint.open(file)) {
            Map<String, StoredTensor> copies = new LinkedHashMap<>();
            source.entries()
                    .forEach((name, tensor) -> copies.put(
                            name,
                            StoredTensor.of(
                                    source.readFloats(name),
                                    tensor.shape().stream()
                                            .mapToLong(Long::longValue)
                                            .toArray())));
            return copies;
        }
    }

    private static void rewrite(Path file, Map<String, StoredTensor> tensors, Predicate<String> kept)
            throws IOException {
        Map<String, StoredTensor> some = new LinkedHashMap<>(tensors);
        some.keySet().removeIf(kept.negate());
        SafetensorsWriter.write(file, some, Map.of());
    }
}

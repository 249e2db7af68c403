package io.llm2clip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.conversion.Conversion;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.model.LanguageBranch;
import io.llm2clip.model.ModelInspection;
import io.llm2clip.model.PreprocessingPreset;
import io.llm2clip.model.PublishedFixture;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionOptions;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models under their published file and tensor names open, and embed as the reference does. */
class PublishedModelsTest {
    private static final float TOLERANCE = 1e-5f;
    private static final String OPENAI = "LLM2CLIP-Openai-L-14-336";
    private static final String EVA02 = "LLM2CLIP-EVA02-B-16";
    private static final String SIGLIP2 = "LLM2CLIP-Llama3.1-8B-siglip2-so400m-patch14-224";

    @TempDir
    private Path hub;

    private static String encoderOf(String model) {
        return model.equals(SIGLIP2) ? "Llama-3.1-8B-Instruct" : PublishedFixture.TEXT_ENCODER;
    }

    private static void assertReference(PublishedFixture model, Path path, LoadOptions options) {
        try (Llm2Clip loaded = Llm2Clip.load(path, options)) {
            assertClose(loaded.captionVectors(PublishedFixture.captions()), PublishedFixture.captionVectors());
            assertClose(loaded.embedTexts(PublishedFixture.captions()), model.captionEmbeddings());
            assertClose(loaded.embedImages(PublishedFixture.picture()), new float[][] {model.pictureEmbedding()});
            assertThat(loaded.logitScale()).isCloseTo((float) Math.exp(4.5), within(1e-3f));
            assertThat(loaded.text())
                    .asInstanceOf(InstanceOfAssertFactories.type(LanguageBranch.class))
                    .extracting(language -> language.reading().format().template())
                    .isEqualTo(ChatTemplate.LLAMA3);
            assertThat(loaded.description().exifOrientation()).isFalse();
            assertThat(loaded.description().preprocessing())
                    .isEqualTo(model.name().equals(SIGLIP2) ? PreprocessingPreset.SIGLIP : PreprocessingPreset.CLIP);
        }
    }

    private static void assertClose(float[][] actual, float[][] expected) {
        assertThat(actual).hasDimensions(expected.length, expected[0].length);
        for (int i = 0; i < expected.length; i++) {
            assertThat(actual[i]).containsExactly(expected[i], within(TOLERANCE));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {OPENAI, EVA02, SIGLIP2})
    void aDirectoryOpensWithTheTextEncoderBesideIt(String name) throws IOException {
        PublishedFixture model = PublishedFixture.read(name);
        Path directory = model.write(hub.resolve(name));
        PublishedFixture.writeTextEncoder(hub.resolve(encoderOf(name)));
        assertReference(model, directory, LoadOptions.DEFAULT);
    }

    @ParameterizedTest
    @ValueSource(strings = {OPENAI, EVA02, SIGLIP2})
    void aFileOpensWithTheTextEncoderThatIsGiven(String name) throws IOException {
        PublishedFixture model = PublishedFixture.read(name);
        Path file = model.weights(model.write(hub.resolve("somewhere")));
        Path text = PublishedFixture.writeTextEncoder(hub.resolve("encoder"));
        assertReference(model, file, LoadOptions.DEFAULT.withTextEncoder(text));
    }

    @Test
    void snapshotsInTheHubsCacheFindEachOther() throws IOException {
        PublishedFixture model = PublishedFixture.read(OPENAI);
        Path directory = model.write(hub.resolve("models--microsoft--" + OPENAI + "/snapshots/92512331"));
        Path encoder = hub.resolve("models--microsoft--" + PublishedFixture.TEXT_ENCODER);
        PublishedFixture.writeTextEncoder(encoder.resolve("snapshots/1234"));
        Files.createDirectory(encoder.resolve("refs"));
        Files.writeString(encoder.resolve("refs/main"), "1234");
        assertReference(model, directory, LoadOptions.DEFAULT);
    }

    /** What the authors converted lacks the adapter; the original is beside it. */
    @Test
    void theOriginalIsPreferredToTheConversion() throws IOException {
        PublishedFixture model = PublishedFixture.read(EVA02);
        Path directory = model.write(hub.resolve(EVA02));
        Files.writeString(directory.resolve("pytorch_model.bin"), "not even a checkpoint");
        PublishedFixture.writeTextEncoder(hub.resolve(PublishedFixture.TEXT_ENCODER));
        assertReference(model, directory, LoadOptions.DEFAULT);
    }

    @Test
    void theAdaptersNormalizationIsAnOption() throws IOException {
        for (String name : List.of(OPENAI, SIGLIP2)) {
            PublishedFixture model = PublishedFixture.read(name);
            Path directory = model.write(hub.resolve(name));
            Path text = PublishedFixture.writeTextEncoder(hub.resolve(encoderOf(name)));
            LoadOptions options =
                    LoadOptions.DEFAULT.withTextEncoder(text).withNormalizedCaptions(name.equals(SIGLIP2));
            try (Llm2Clip loaded = Llm2Clip.load(directory, options)) {
                assertClose(loaded.embedTexts(PublishedFixture.captions()), model.otherwiseEmbeddings());
            }
        }
    }

    /** As the training code saves it within a wrapper; there the adapter normalizes. */
    @Test
    void aModelThatWasWrappedWhenItWasTrainedOpens() throws IOException {
        PublishedFixture model = PublishedFixture.read(SIGLIP2);
        Path text = PublishedFixture.writeTextEncoder(hub.resolve("encoder"));
        Map<String, StoredTensor> wrapped = new LinkedHashMap<>();
        model.tensors()
                .forEach((name, tensor) -> wrapped.put(
                        "module." + name.replace("text.text_proj.text_adaptor.", "text.text_adaptor."), tensor));
        Path file = hub.resolve("epoch_4.safetensors");
        SafetensorsWriter.write(file, wrapped, Map.of());
        try (Llm2Clip loaded = Llm2Clip.load(file, LoadOptions.DEFAULT.withTextEncoder(text))) {
            assertClose(loaded.embedTexts(PublishedFixture.captions()), model.otherwiseEmbeddings());
            assertClose(loaded.embedImages(PublishedFixture.picture()), new float[][] {model.pictureEmbedding()});
        }
    }

    @Test
    void theImagesSizeIsAnOption() throws IOException {
        Path directory = PublishedFixture.read(OPENAI).write(hub.resolve(OPENAI));
        PublishedFixture.writeTextEncoder(hub.resolve(PublishedFixture.TEXT_ENCODER));
        VisionOptions larger = VisionOptions.STORED.withImageSize(40);
        float[] input = Preprocessing.clip(40).apply(RgbImage.of(PublishedFixture.picture()));
        try (Parameters parameters = Parameters.frozen();
                Llm2Clip loaded = Llm2Clip.load(directory, LoadOptions.DEFAULT.withVision(larger))) {
            Tensor expected = VisionTower.open(parameters, directory, larger)
                    .embed(Tensor.variable("pixels", TensorData.of(Shape.of(1, 3, 40, 40), input)))
                    .l2Normalize();
            assertClose(
                    loaded.embedImages(PublishedFixture.picture()),
                    new float[][] {expected.evaluate().toFloats()});
        }
        VisionOptions odd = VisionOptions.STORED.withImageSize(41);
        assertThatThrownBy(() -> Llm2Clip.load(directory, LoadOptions.DEFAULT.withVision(odd)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(directory + ": its vision tower cannot be opened so: ")
                .hasMessageContaining("41 pixels in patches of 8");
    }

    @Test
    void anAdapterAloneIsNoModel() throws IOException {
        PublishedFixture model = PublishedFixture.read(OPENAI);
        Map<String, StoredTensor> tensors = model.tensors();
        tensors.keySet().removeIf(name -> name.startsWith("vis"));
        Path file = hub.resolve("adapter.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        assertThatThrownBy(() -> Llm2Clip.load(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(file
                        + ": expected a model with its vision tower, found the adapter alone; give the directory or file of the"
                        + " whole model.");
    }

    @ParameterizedTest
    @ValueSource(strings = {OPENAI, SIGLIP2})
    void aMissingTextEncoderIsNamed(String name) throws IOException {
        Path directory = PublishedFixture.read(name).write(hub.resolve(name));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        directory + ": expected the text encoder that this model was trained with, " + encoderOf(name)
                                + ", beside it, found none; fetch it with 'llm2clip pull', or give its directory with --text-encoder.");
    }

    @Test
    void aModelOfAnotherNameAsksForAnEncoderOfItsSize() throws IOException {
        Path directory = PublishedFixture.read(OPENAI).write(hub.resolve("mine"));
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageContaining("trained with, one of hidden size 16, beside it, found none");
    }

    @Test
    void anEncoderOfAnotherPublishedModelIsRefused() throws IOException {
        Path directory = PublishedFixture.read(OPENAI).write(hub.resolve(OPENAI));
        Path file = PublishedFixture.read(EVA02)
                .weights(PublishedFixture.read(EVA02).write(hub.resolve("evas")));
        for (String other : List.of(
                "LLM2CLIP-Llama-3.2-1B-Instruct-CC-Finetuned", "Llama-3.1-8B-Instruct", "Meta-Llama-3-8B-Instruct")) {
            Path text = PublishedFixture.writeTextEncoder(hub.resolve(other));
            for (Path model : List.of(directory, file)) {
                assertThatThrownBy(() -> Llm2Clip.load(model, LoadOptions.DEFAULT.withTextEncoder(text)))
                        .isInstanceOf(CheckpointException.class)
                        .hasMessageStartingWith(model + ": expected the text encoder that LLM2CLIP-")
                        .hasMessageEndingWith(
                                " was trained with, %s, found %s in %s; fetch that one.",
                                PublishedFixture.TEXT_ENCODER, other, text);
            }
        }
    }

    @Test
    void anEncoderInAGgufFileIsTakenForWhatItIs() throws Exception {
        Path directory = PublishedFixture.read(OPENAI).write(hub.resolve(OPENAI));
        Path gguf = Path.of(Objects.requireNonNull(getClass().getResource("model/gguf/tiny.gguf"))
                .toURI());
        assertThatThrownBy(() -> Llm2Clip.load(directory, LoadOptions.DEFAULT.withTextEncoder(gguf)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        ": its adapter expects caption vectors of 16 channels, the text encoder %s gives 64;", gguf);
    }

    @Test
    void anEncoderOfAnotherSizeIsRefused() throws IOException {
        Path directory = PublishedFixture.read(OPENAI).write(hub.resolve(OPENAI));
        Path text = PublishedFixture.writeTextEncoder(hub.resolve("another"));
        Path config = text.resolve("config.json");
        Files.writeString(config, Files.readString(config).replace("\"hidden_size\":16", "\"hidden_size\":32"));
        assertThatThrownBy(() -> Llm2Clip.load(directory, LoadOptions.DEFAULT.withTextEncoder(text)))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: its adapter expects caption vectors of 16 channels, the text encoder %s gives 32; give the one that this model was trained with, %s.",
                        directory, text, PublishedFixture.TEXT_ENCODER);
    }

    @Test
    void aModelWithoutItsAdapterIsRefused() throws IOException {
        PublishedFixture model = PublishedFixture.read(OPENAI);
        Path directory = model.write(hub.resolve(OPENAI));
        Path text = PublishedFixture.writeTextEncoder(hub.resolve(PublishedFixture.TEXT_ENCODER));
        Map<String, StoredTensor> tensors = model.tensors();
        tensors.keySet().removeIf(name -> name.startsWith("text_adapter."));
        SafetensorsWriter.write(model.weights(directory), tensors, Map.of());
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: expected a model with LLM2CLIP's adapter, under the names 'text_adapter.adaptor.*' or 'text.text_adaptor.*', or one with a vision tower and a text tower of its own, such as a CLIP, found a vision tower alone; fetch the whole model, or train an adapter for this tower with 'train clip --vision'.",
                        model.weights(directory));
        tensors.put("text_model.final_layer_norm.bias", tensors.get("visual_projection.weight"));
        SafetensorsWriter.write(model.weights(directory), tensors, Map.of());
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageContaining("found a vision tower and parts of a text tower;");
        Files.writeString(directory.resolve("whole.pt"), "");
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .hasMessageEndingWith("if it is in whole.pt beside it, give that file.");
        assertThatThrownBy(() -> Llm2Clip.load(text))
                .hasMessageEndingWith(
                        "found a language model; give it as the text encoder of a model, with --text-encoder.");
    }

    /** Not one tensor of the adapter may lack, whatever the markers. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "text_adapter.adaptor.3.ln.weight",
                "text_adapter.adaptor.0.fn.0.weight",
                "text_adapter.adaptor.5.bias",
                "logit_scale"
            })
    void anIncompleteAdapterIsRefused(String missing) throws IOException {
        PublishedFixture model = PublishedFixture.read(OPENAI);
        Path directory = model.write(hub.resolve(OPENAI));
        PublishedFixture.writeTextEncoder(hub.resolve(PublishedFixture.TEXT_ENCODER));
        Map<String, StoredTensor> tensors = model.tensors();
        assertThat(tensors.remove(missing)).isNotNull();
        SafetensorsWriter.write(model.weights(directory), tensors, Map.of());
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("expected a tensor '" + missing + "'");
    }

    /** More residual blocks than ours would be left out silently. */
    @Test
    void anotherAdapterIsRefused() throws IOException {
        PublishedFixture model = PublishedFixture.read(OPENAI);
        Path directory = model.write(hub.resolve(OPENAI));
        PublishedFixture.writeTextEncoder(hub.resolve(PublishedFixture.TEXT_ENCODER));
        Map<String, StoredTensor> tensors = model.tensors();
        tensors.put("text_adapter.adaptor.6.weight", tensors.get("visual_projection.weight"));
        SafetensorsWriter.write(model.weights(directory), tensors, Map.of());
        assertThatThrownBy(() -> Llm2Clip.load(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("tensor 'text_adapter.adaptor.6.weight'");
    }

    @ParameterizedTest
    @ValueSource(strings = {OPENAI, EVA02, SIGLIP2})
    void halfAFileIsRefused(String name) throws IOException {
        PublishedFixture model = PublishedFixture.read(name);
        Path directory = model.write(hub.resolve(name));
        PublishedFixture.writeTextEncoder(hub.resolve(encoderOf(name)));
        Path file = model.weights(directory);
        byte[] whole = Files.readAllBytes(file);
        for (int part : List.of(0, 4, whole.length / 2, whole.length - 1)) {
            Files.write(file, Arrays.copyOf(whole, part));
            assertThatThrownBy(() -> Llm2Clip.load(directory))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(file.toString());
        }
    }

    private static final String UPDATED = "LLM2CLIP-Llama3.1-8B-siglip2-so400m-patch14-224";

    /** The model with low-rank updates of its text encoder in a directory, and where the base is. */
    private Path updated(String within) throws IOException {
        Path base = PublishedFixture.writeTextEncoder(hub.resolve("Llama-3.1-8B-Instruct"));
        Path model = PublishedFixture.read(UPDATED).write(hub.resolve(UPDATED));
        Path saved = hub.resolve("saved");
        try (TextModel text = TextModel.open(base);
                Parameters updates = new Parameters(3);
                OutputDirectory output = TextModel.claimAdapter(saved, Existing.REFUSE)) {
            text.llama().attachLora(updates, LoraSettings.of(2, 4));
            for (Parameter parameter : updates.all()) {
                parameter.fill(i -> (float) Math.sin(1 + parameter.name().length() + 12.9898 * i));
            }
            text.saveAdapter(output, base, LoraSettings.of(2, 4), Map.of());
        }
        Path target = Files.createDirectories(model.resolve(within));
        Files.copy(saved.resolve("adapter_model.safetensors"), target.resolve("adapter_model.safetensors"));
        Files.writeString(
                target.resolve("adapter_config.json"),
                Files.readString(saved.resolve("adapter_config.json"))
                        .replaceFirst(
                                "\"base_model_name_or_path\" : \"[^\"]*\"",
                                "\"base_model_name_or_path\" : \"meta-llama/Llama-3.1-8B-Instruct\""));
        return model;
    }

    /** Which are what the model was trained with: the base alone would give other vectors, without a word. */
    @ParameterizedTest
    @ValueSource(strings = {"", "text_encoder"})
    void updatesOfTheTextEncoderAreFoundWithinAModel(String within) throws IOException {
        Path model = updated(within);
        Path merged = hub.resolve("merged");
        new Conversion(
                        hub.resolve("Llama-3.1-8B-Instruct"),
                        merged,
                        Optional.empty(),
                        List.of(model.resolve(within)),
                        SavedType.F32,
                        Saving.USUAL_SHARD,
                        Existing.REFUSE)
                .run(Progress.NONE);
        float[][] expected;
        float[][] base;
        try (Llm2Clip joined = Llm2Clip.load(model, LoadOptions.DEFAULT.withTextEncoder(merged));
                Llm2Clip alone = Llm2Clip.load(
                        model, LoadOptions.DEFAULT.withTextEncoder(hub.resolve("Llama-3.1-8B-Instruct")))) {
            expected = joined.embedTexts(PublishedFixture.captions());
            base = alone.embedTexts(PublishedFixture.captions());
        }
        assertThat(expected[0]).isNotEqualTo(base[0]);
        for (Path path : List.of(model, model.resolve("model.safetensors"))) {
            try (Llm2Clip loaded = Llm2Clip.load(path)) {
                float[][] texts = loaded.embedTexts(PublishedFixture.captions());
                for (int i = 0; i < texts.length; i++) {
                    assertThat(texts[i]).containsExactly(expected[i], within(1e-5f));
                }
            }
        }
        ModelReport report = ModelInspection.of(model);
        assertThat(report.kind()).isEqualTo(ModelReport.Kind.PUBLISHED_MODEL);
        assertThat(report.problems()).isEmpty();
        assertThat(report.parts().stream().map(PartReport::name)).contains("text encoder", "tokenizer");
        Path out = hub.resolve("out");
        new Conversion(model, out, Optional.empty(), List.of(), SavedType.STORED, Saving.USUAL_SHARD, Existing.REFUSE)
                .run(Progress.NONE);
        try (Llm2Clip loaded = Llm2Clip.load(out)) {
            assertThat(loaded.embedTexts(PublishedFixture.captions())[0]).containsExactly(expected[0], within(1e-5f));
        }
    }

    @Test
    void updatesWithoutTheirBaseSayWhatToFetch() throws IOException {
        Path model = updated("");
        Path base = hub.resolve("Llama-3.1-8B-Instruct");
        Files.move(base, hub.resolve("elsewhere"));
        assertThatThrownBy(() -> Llm2Clip.load(model))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: expected the base model that the adapter changes, 'meta-llama/Llama-3.1-8B-Instruct', under that path, beside the adapter or in the Hub's cache, found none; fetch it with 'llm2clip pull meta-llama/Llama-3.1-8B-Instruct', or join the two with 'llm2clip convert BASE OUT --adapter %s'.",
                        model, model);
        assertThat(ModelInspection.of(model).problems())
                .anyMatch(problem -> problem.contains("'llm2clip pull meta-llama/Llama-3.1-8B-Instruct'"));
        Files.move(base.resolveSibling("elsewhere"), base);
        for (String name : List.of("first", "second")) {
            Path copy = Files.createDirectories(model.resolve(name));
            Files.copy(model.resolve("adapter_config.json"), copy.resolve("adapter_config.json"));
        }
        Files.delete(model.resolve("adapter_config.json"));
        assertThatThrownBy(() -> Llm2Clip.load(model))
                .hasMessage(
                        "%s: expected at most one adapter of a text encoder within, found 2: first, second; give the one that the model was trained with by --text-encoder.",
                        model);
    }
}

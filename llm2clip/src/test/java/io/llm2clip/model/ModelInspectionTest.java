package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.ModelReport.Kind;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ModelInspectionTest {
    private static final String ENCODER = "LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned";

    @TempDir
    Path folder;

    private Path published(String name) throws IOException {
        return PublishedFixture.read(name).write(folder.resolve(name));
    }

    private Path encoder() throws IOException {
        return PublishedFixture.writeTextEncoder(folder.resolve(ENCODER));
    }

    private Path trained() throws IOException {
        Path tokenizer = folder.resolve("tokenizer.json");
        TinyModel.writeTokenizer(tokenizer);
        try (Parameters parameters = new Parameters(1)) {
            ModelDirectory.save(folder.resolve("model"), TinyModel.create(parameters), tokenizer, Existing.REFUSE);
        }
        return folder.resolve("model");
    }

    private static PartReport part(ModelReport report, String name) {
        return report.parts().stream()
                .filter(part -> part.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static List<String> names(ModelReport report) {
        return report.parts().stream().map(PartReport::name).toList();
    }

    private static void truncate(Path file, long bytes) throws IOException {
        try (RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw")) {
            opened.setLength(bytes);
        }
    }

    /** Each part is what opening the model makes of it. */
    @Test
    void aTrainedModelIsItsParts() throws IOException {
        Path directory = trained();
        ModelReport report = ModelInspection.of(directory);
        assertThat(report.kind()).isEqualTo(Kind.TRAINED_MODEL);
        assertThat(names(report)).containsExactly("vision tower", "text encoder", "tokenizer", "adapter");
        assertThat(report.problems()).isEmpty();
        assertThat(report.files()).hasSize(3);
        try (OpenModel opened = OpenModel.open(directory)) {
            Llm2ClipModel model = opened.model();
            assertThat(part(report, "vision tower").parameters())
                    .isEqualTo(model.vision().parameters().stream()
                            .mapToLong(parameter -> parameter.shape().size())
                            .sum());
            assertThat(part(report, "text encoder").parameters())
                    .isEqualTo(model.language().llama().parameters().stream()
                            .mapToLong(parameter -> parameter.shape().size())
                            .sum());
            assertThat((Double) part(report, "adapter").facts().get("logit_scale"))
                    .isEqualTo(Math.exp(model.logits().scale().data().item()));
        }
        assertThat(part(report, "vision tower").facts())
                .containsEntry("image_size", 16)
                .containsEntry("patch_size", 8)
                .containsEntry("pooling", "mean")
                .containsEntry("preprocessing", "miniature");
        long bytes = report.parts().stream().mapToLong(PartReport::bytes).sum();
        assertThat(report.memory().get(WeightFormat.STORED)).isEqualTo(bytes);
        assertThat(report.memory().get(WeightFormat.INT4))
                .isLessThan(report.memory().get(WeightFormat.INT8));
        assertThat(report.memory().get(WeightFormat.INT8)).isLessThan(bytes);
    }

    @ParameterizedTest
    @CsvSource({
        "LLM2CLIP-EVA02-B-16, microsoft/LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned, EVA02, F16",
        "LLM2CLIP-Openai-L-14-336, microsoft/LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned, CLIP, F32",
        "LLM2CLIP-Llama3.1-8B-siglip2-so400m-patch14-224, meta-llama/Llama-3.1-8B-Instruct, SIGLIP, F32"
    })
    void aPublishedModelNamesItsTextEncoder(String name, String encoder, String family, StoredType type)
            throws IOException {
        ModelReport report = ModelInspection.of(published(name));
        assertThat(report.kind()).isEqualTo(Kind.PUBLISHED_MODEL);
        assertThat(names(report)).containsExactly("vision tower", "adapter");
        assertThat(report.partners()).containsExactly(encoder);
        assertThat(report.problems()).isEmpty();
        assertThat(report.remarks())
                .containsExactly("The text encoder, of 16 channels, is not beside it; fetch it with 'llm2clip pull "
                        + encoder + "', or give its directory with --text-encoder.");
        assertThat(part(report, "vision tower").summary())
                .startsWith(family + " for images of 24 px in patches of 8, 1 layer of ");
        assertThat(part(report, "vision tower").types()).containsOnlyKeys(type);
    }

    @Test
    void aTextEncoderBesideIsPartOfIt() throws IOException {
        Path encoder = encoder();
        ModelReport report = ModelInspection.of(published("LLM2CLIP-EVA02-B-16"));
        assertThat(names(report)).containsExactly("vision tower", "adapter", "text encoder", "tokenizer");
        assertThat(report.remarks()).isEmpty();
        ModelReport own = ModelInspection.of(encoder);
        assertThat(own.kind()).isEqualTo(Kind.TEXT_ENCODER);
        assertThat(own.partners()).hasSize(5).contains("microsoft/LLM2CLIP-EVA02-B-16");
        // A file of it is it.
        assertThat(ModelInspection.of(encoder.resolve("model.safetensors")).parts())
                .extracting(PartReport::summary)
                .isEqualTo(own.parts().stream().map(PartReport::summary).toList());
    }

    @ParameterizedTest
    @ValueSource(strings = {"tiny.gguf", "smollm.gguf"})
    void aGgufFileIsATextEncoder(String name) {
        ModelReport report = ModelInspection.of(Golden.path("gguf/" + name));
        assertThat(report.kind()).isEqualTo(Kind.TEXT_ENCODER);
        assertThat(names(report)).containsExactly("text encoder", "tokenizer");
    }

    @Test
    void aTruncatedFileIsNamed() throws IOException {
        Path directory = published("LLM2CLIP-Openai-L-14-336");
        truncate(directory.resolve("model.safetensors"), 50_000);
        ModelReport report = ModelInspection.of(directory);
        assertThat(report.kind()).isEqualTo(Kind.PUBLISHED_MODEL);
        assertThat(part(report, "vision tower").summary()).contains("24 px");
        assertThat(report.problems())
                .containsExactly(
                        directory.resolve("model.safetensors")
                                + ": expected 79012 bytes after the header, found 44744; the file is truncated, fetch it again.");
        assertThat(report.memory()).isEmpty();
    }

    @Test
    void missingShardsAreNamed() throws IOException {
        Path encoder = encoder();
        Files.delete(encoder.resolve("model.safetensors"));
        Files.writeString(
                encoder.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {\"a\": \"model-00001-of-00002.safetensors\", \"b\": \"model-00002-of-00002.safetensors\"}}");
        ModelReport report = ModelInspection.of(encoder);
        assertThat(report.kind()).isEqualTo(Kind.TEXT_ENCODER);
        assertThat(part(report, "text encoder").summary()).startsWith("Llama, 2 layers of 16 channels");
        assertThat(report.problems())
                .containsExactly(
                        encoder.resolve("model.safetensors.index.json")
                                + ": expected the shards model-00001-of-00002.safetensors, model-00002-of-00002.safetensors beside it, found none; fetch all 2 shards.");
    }

    @Test
    void aMissingTensorOrTokenizerIsNamed() throws IOException {
        Path encoder = encoder();
        Files.delete(encoder.resolve("tokenizer.json"));
        SafetensorsWriter.write(
                encoder.resolve("model.safetensors"),
                Map.of(
                        "embed_tokens.weight",
                        StoredTensor.of(new float[260 * 16], 260, 16),
                        "x",
                        StoredTensor.of(new float[1], 1)),
                Map.of());
        ModelReport report = ModelInspection.of(encoder);
        assertThat(report.problems()).hasSize(2);
        assertThat(report.problems().getFirst()).contains("expected a tensor 'layers.0.");
        assertThat(report.problems().getLast()).contains("tokenizer.json does not exist");
    }

    @Test
    void partsOfATrainedModelMayBeMissing() throws IOException {
        Path model = trained();
        Files.delete(model.resolve("vision/model.safetensors"));
        Files.delete(model.resolve("llm2clip.json"));
        ModelReport report = ModelInspection.of(model);
        assertThat(report.kind()).isEqualTo(Kind.TRAINED_MODEL);
        assertThat(part(report, "vision tower").summary()).contains("16 px");
        assertThat(report.problems()).hasSize(2).anyMatch(problem -> problem.contains("llm2clip.json is missing"));
    }

    /** A configuration is a download, too: a model of so many blocks must not be made before it is found out. */
    @ParameterizedTest
    @ValueSource(ints = {21, 1000})
    void aConfigurationOfTooManyLayersIsRefused(int layers) throws IOException {
        Path encoder = encoder();
        Path config = encoder.resolve("config.json");
        Files.writeString(
                config, Files.readString(config).replaceFirst("(\"num_hidden_layers\": *)\\d+", "$1" + layers));
        assertThat(ModelInspection.of(encoder).problems())
                .containsExactly(
                        "%s: expected the tensors of %,d layers, as the configuration says, found 20 tensors; fetch both again."
                                .formatted(encoder.resolve("model.safetensors"), layers));
    }

    @ParameterizedTest
    @CsvSource({
        "num_hidden_layers, 2000000000, 'layers must be from 1 to 1000, found 2000000000.'",
        "num_attention_heads, 2147483647, 'channels of all heads must be from 1 to 1048576, found 17179869176.'",
        "hidden_size, 2147483647, 'hiddenSize must be from 1 to 1048576, found 2147483647.'",
        "head_dim, 7, A Llama of 2 heads of 7 and 1 key/value heads; expected an even head size"
    })
    void impossibleSizesNameTheFilesThatHaveThem(String key, String value, String sentence) throws IOException {
        Path encoder = encoder();
        Path config = encoder.resolve("config.json");
        Files.writeString(config, Files.readString(config).replaceFirst("(\"" + key + "\": *)\\d+", "$1" + value));
        assertThat(ModelInspection.of(encoder).problems())
                .isNotEmpty()
                .allSatisfy(problem ->
                        assertThat(problem).startsWith(encoder.toString()).contains(": " + sentence));
    }

    @Test
    void lowRankUpdatesNameTheirModel() throws IOException {
        Files.writeString(
                folder.resolve("adapter_config.json"),
                "{\"peft_type\": \"LORA\", \"base_model_name_or_path\": \"meta-llama/Llama-3.1-8B-Instruct\", \"r\": 16, \"lora_alpha\": 32}");
        assertThat(ModelInspection.of(folder).problems())
                .containsExactly(folder
                        + ": expected adapter_model.safetensors beside adapter_config.json, found none; fetch it.");
        String a = "base_model.model.layers.0.self_attn.q_proj.lora_A.weight";
        Path file = folder.resolve("adapter_model.safetensors");
        SafetensorsWriter.write(file, Map.of(a, StoredTensor.of(new float[32], 16, 2)), Map.of());
        assertThat(ModelInspection.of(folder).problems())
                .containsExactly("%s: tensor '%s': expected its partner '%s', found none; fetch the file again."
                        .formatted(file, a, a.replace("_A", "_B")));
        SafetensorsWriter.write(
                file,
                Map.of(
                        a,
                        StoredTensor.of(new float[32], 16, 2),
                        a.replace("_A", "_B"),
                        StoredTensor.of(new float[32], 2, 16)),
                Map.of());
        ModelReport report = ModelInspection.of(folder);
        assertThat(report.kind()).isEqualTo(Kind.LOW_RANK_UPDATES);
        assertThat(report.problems()).isEmpty();
        assertThat(part(report, "low-rank updates").summary())
                .isEqualTo("LORA of rank 16 (alpha 32), for meta-llama/Llama-3.1-8B-Instruct");
        assertThat(part(report, "tensors").parameters()).isEqualTo(64);
    }

    @Test
    void otherFilesGetTheSentenceOfTheirReader() throws IOException {
        Path file = folder.resolve("a.pt");
        Files.writeString(file, "junk");
        assertThatThrownBy(() -> ModelInspection.of(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("expected a safetensors file of at least 8 bytes, found 4");
        Files.delete(file);
        assertThatThrownBy(() -> ModelInspection.of(folder))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("check that the download is complete.");
        assertThatThrownBy(() -> ModelInspection.of(file)).hasMessageContaining("does not exist; give ");
        Path other = folder.resolve("other.safetensors");
        SafetensorsWriter.write(other, Map.of("x", StoredTensor.of(new float[3], 3)), Map.of());
        ModelReport report = ModelInspection.of(other);
        assertThat(report.kind()).isEqualTo(Kind.UNKNOWN);
        assertThat(part(report, "tensors").parameters()).isEqualTo(3);
    }

    /** All of it is said, and it is what opening makes of it. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                DualFixture.CLIP,
                DualFixture.OPENAI,
                DualFixture.OPEN_CLIP,
                DualFixture.EVA02,
                DualFixture.SIGLIP2,
                DualFixture.SIGLIP2_TIMM
            })
    void aDualEncoderIsBothItsTowers(String name) throws IOException {
        DualFixture model = DualFixture.read(name);
        Path path = model.model(model.write(folder.resolve(name)));
        ModelReport report = ModelInspection.of(path);
        assertThat(report.kind()).isEqualTo(Kind.DUAL_ENCODER);
        assertThat(names(report)).containsExactly("vision tower", "text tower", "tokenizer", "logits");
        assertThat(report.problems()).isEmpty();
        assertThat(report.remarks()).singleElement().asString().contains("--model", "'train clip --vision'");
        PartReport text = part(report, "text tower");
        PartReport vision = part(report, "vision tower");
        boolean siglip = name.startsWith("siglip");
        try (OpenModel opened = OpenModel.open(path)) {
            TextTower tower = (TextTower) opened.model().text();
            assertThat(text.parameters()).isEqualTo(elements(tower.parameters()));
            assertThat(vision.parameters())
                    .isEqualTo(elements(opened.model().vision().parameters()));
            assertThat(text.facts())
                    .containsEntry("architecture", siglip ? "siglip" : "clip")
                    .containsEntry("max_length", tower.window())
                    .containsEntry("vocabulary_size", tower.vocabularySize())
                    .containsEntry("embedding_size", tower.embeddingSize())
                    .containsEntry("activation", ConfigFile.nameOf(tower.sizes().activation()));
            assertThat(vision.facts())
                    .containsEntry(
                            "activation",
                            ConfigFile.nameOf(opened.model().vision().config().activation()))
                    .containsEntry(
                            "preprocessing",
                            ConfigFile.nameOf(opened.model().description().preprocessing()));
            assertThat(part(report, "tokenizer").facts())
                    .containsEntry("tokens", opened.tokenizer().vocabularySize());
        }
        PartReport logits = part(report, "logits");
        assertThat((Double) logits.facts().get("logit_scale"))
                .isCloseTo(model.golden().path("logitScale").doubleValue(), within(1e-3));
        assertThat(logits.facts().containsKey("logit_bias")).isEqualTo(siglip);
        assertThat(logits.summary()).startsWith(siglip ? "sigmoid" : "softmax");
        long bytes = report.parts().stream().mapToLong(PartReport::bytes).sum();
        assertThat(report.memory().get(WeightFormat.STORED)).isGreaterThanOrEqualTo(bytes);
        assertThat(report.memory().get(WeightFormat.INT4))
                .isLessThan(report.memory().get(WeightFormat.BF16));
    }

    private static long elements(List<Parameter> parameters) {
        return parameters.stream()
                .mapToLong(parameter -> parameter.shape().size())
                .sum();
    }

    @Test
    void whatADualEncoderLacksIsSaidOfThePart() throws IOException {
        Path directory = DualFixture.read(DualFixture.SIGLIP2).write(folder.resolve("siglip"));
        Files.delete(directory.resolve("tokenizer.json"));
        ModelReport report = ModelInspection.of(directory);
        assertThat(report.kind()).isEqualTo(Kind.DUAL_ENCODER);
        assertThat(report.memory()).isEmpty();
        assertThat(part(report, "tokenizer").problem())
                .hasValueSatisfying(problem ->
                        assertThat(problem).contains("expected the tokenizer of a SigLIP beside its weights"));
        assertThat(part(report, "text tower").problem()).isEmpty();
        truncate(directory.resolve("model.safetensors"), 5000);
        ModelReport damaged = ModelInspection.of(directory);
        assertThat(damaged.kind()).isEqualTo(Kind.DUAL_ENCODER);
        assertThat(damaged.problems()).isNotEmpty();
    }
}

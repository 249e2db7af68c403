package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.RotaryTable.LongRope;
import io.llm2clip.nn.RotaryTable.Scaling;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What Python opens: tests/reference/load_in_python.py computes the vectors of what is written here again, if the property
 * {@code llm2clip.python} names a new folder for it.
 */
class PythonModelTest {
    private static final String FOLDER = "llm2clip.python";
    private static final List<String> CAPTIONS = List.of("a red kite over a beach", "a tent", "Größe ☂");
    private static final int SIDE = 16;
    /** As many tokens as the largest of the small tokenizers has, and some more. */
    private static final int VOCABULARY = 640;

    private static final int RANK = 3;
    private static final float ALPHA = 7.5f;

    @TempDir
    private Path temporary;

    private Path folder(LlamaFamily family) {
        String asked = System.getProperty(FOLDER);
        return (asked == null ? temporary : Path.of(asked)).resolve(family.modelType());
    }

    /** With what of the family is not so in others: other frequencies, a window, heads of another size than the rest of the model. */
    private static LlamaConfig text(LlamaFamily family) {
        Scaling scaling = switch (family) {
            case LLAMA -> new Llama3Scaling(8, 1, 4, 64);
            case PHI3 ->
                new LongRope(
                        List.of(1.0, 1.5, 2.0, 3.0),
                        List.of(1.0, 4.0, 16.0, 64.0),
                        128,
                        LongRope.usualAmplitude(512, 128));
            case MISTRAL, QWEN2, GEMMA -> null;
        };
        Integer window = family == LlamaFamily.MISTRAL || family == LlamaFamily.PHI3 ? Integer.valueOf(256) : null;
        int headSize = family == LlamaFamily.GEMMA || family == LlamaFamily.MISTRAL ? 12 : 8;
        return new LlamaConfig(
                family, VOCABULARY, 32, 48, 2, 4, 2, headSize, 1e-5f, 10000, scaling, window, 512, family.tiesHead());
    }

    private static ChatTemplate template(LlamaFamily family) {
        return switch (family) {
            case LLAMA -> ChatTemplate.LLAMA3;
            case MISTRAL -> ChatTemplate.MISTRAL;
            case QWEN2 -> ChatTemplate.QWEN2;
            case GEMMA -> ChatTemplate.GEMMA;
            case PHI3 -> ChatTemplate.PHI3;
        };
    }

    private static Llm2ClipModel model(Parameters parameters, LlamaFamily family) {
        VisionConfig vision = new VisionConfig(
                VisionConfig.Architecture.CLIP,
                SIDE,
                8,
                16,
                32,
                2,
                2,
                6,
                Activation.QUICK_GELU,
                VisionConfig.Pooling.CLASS_TOKEN,
                1e-5f);
        return new Llm2ClipModel(
                TinyModel.DESCRIPTION,
                new LanguageBranch(
                        Llama.encoder(parameters, text(family), LlamaInitialization.STANDARD),
                        TextAdapter.create(parameters, new TextAdapter.Config(32, 6, true)),
                        CaptionReading.of(CaptionFormat.of(template(family)))),
                VisionTower.create(parameters, vision),
                Logits.softmax(parameters));
    }

    /** Larger than initial values, so that no part is close to doing nothing. */
    private static void spread(Parameters parameters, float width) {
        for (Parameter parameter : parameters.all()) {
            int size = parameter.shape().size();
            boolean norm = parameter.name().contains("norm") && parameter.name().endsWith("weight");
            int seed = parameter.name().hashCode();
            parameter.fill(i -> (norm ? 1 : 0)
                    + width * (float) Math.sin(1 + seed % 97 + 12.9898 * (i % size)) * (norm ? 0.5f : 1));
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatIsWrittenIsWhatPythonOpens(LlamaFamily family) throws IOException {
        Path folder = folder(family);
        Files.createDirectories(folder);
        // Of the family's kind, with its own settings beside it.
        Path tokenizer = Golden.path("encoders/%s/tokenizer.json".formatted(family.modelType()));
        Path directory = folder.resolve("model");
        Path adapter = folder.resolve("adapter");
        ObjectNode expected = ConfigFile.object();
        ArrayNode captions = expected.putArray("captions");
        CAPTIONS.forEach(captions::add);
        try (Parameters parameters = new Parameters(11);
                OutputDirectory output = ModelDirectory.claim(directory, Existing.REPLACE)) {
            Llm2ClipModel model = model(parameters, family);
            spread(parameters, 0.4f);
            // Of several files, as large models are.
            ModelDirectory.save(
                    output,
                    model,
                    TokenizerFiles.of(tokenizer),
                    new Saving(SavedType.F32, 40_000, new Saving.Listener() {}));
            put(expected.putArray("image"), image(model.vision()));
        }
        try (TextModel text = TextModel.open(directory);
                Parameters updates = new Parameters(12);
                OutputDirectory output = TextModel.claimAdapter(adapter, Existing.REPLACE)) {
            put(expected.putArray("text"), flat(text.vectors(CAPTIONS).toArrays()));
            text.encoder().weightsChanged();
            text.llama().attachLora(updates, LoraSettings.of(RANK, ALPHA));
            spread(updates, 0.2f);
            text.saveAdapter(
                    output, directory.resolve("text"), LoraSettings.of(RANK, ALPHA), Map.of("note", "of a test"));
            put(expected.putArray("adapted"), flat(text.vectors(CAPTIONS).toArrays()));
        }
        ConfigFile.write(folder.resolve("expected.json"), expected);
        assertText(directory.resolve("text"), family);
        assertAdapter(adapter, directory.resolve("text"), family);
        assertReadAgain(adapter, expected.path("adapted"));
    }

    private static void assertText(Path text, LlamaFamily family) throws IOException {
        JsonNode config = ConfigFile.read(text.resolve("config.json")).root();
        String name = family.className();
        // One that transformers would know, it would compute with a causal mask.
        assertThat(config.path("model_type").asString()).isEqualTo("bidirectional_" + family.modelType());
        assertThat(config.path("architectures").path(0).asString()).isEqualTo("Bidirectional%sModel", name);
        assertThat(config.path("auto_map").path("AutoModel").asString())
                .isEqualTo("modeling_bidirectional.Bidirectional%sModel", name);
        assertThat(config.path("auto_map").path("AutoConfig").asString())
                .isEqualTo("modeling_bidirectional.Bidirectional%sConfig", name);
        assertThat(Files.readString(text.resolve("modeling_bidirectional.py")))
                .contains(
                        "class Bidirectional%1$sModel(%1$sModel):".formatted(name),
                        "class Bidirectional%1$sConfig(%1$sConfig):".formatted(name),
                        "model_type = \"bidirectional_%s\"".formatted(family.modelType()))
                .doesNotContain("@");
        assertThat(text.resolve("model.safetensors")).doesNotExist();
        JsonNode index =
                ConfigFile.read(text.resolve("model.safetensors.index.json")).root();
        assertThat(index.path("metadata").path("total_size").asLong())
                .isEqualTo(4L * (VOCABULARY * 32 + 2 * block(family) + 32));
        assertThat(index.path("weight_map")
                        .path("layers.1.mlp.down_proj.weight")
                        .asString())
                .matches("model-0000\\d-of-0000\\d\\.safetensors");
    }

    /** Parameters of a block. */
    private static int block(LlamaFamily family) {
        int heads = text(family).headSize() * (4 + 2 + 2);
        int biases = family == LlamaFamily.QWEN2 ? heads : 0;
        return 32 * heads + biases + 4 * text(family).headSize() * 32 + 3 * 32 * 48 + 2 * 32;
    }

    private static void assertAdapter(Path adapter, Path base, LlamaFamily family) {
        JsonNode config =
                ConfigFile.read(adapter.resolve("adapter_config.json")).root();
        assertThat(config.path("peft_type").asString()).isEqualTo("LORA");
        assertThat(config.path("r").asInt()).isEqualTo(RANK);
        assertThat(config.path("lora_alpha").asDouble()).isEqualTo(ALPHA);
        assertThat(config.path("base_model_name_or_path").asString())
                .isEqualTo(base.toAbsolutePath().normalize().toString());
        // As the files of the base have them.
        boolean fused = family == LlamaFamily.PHI3;
        List<String> layers = fused
                ? List.of("down_proj", "gate_up_proj", "o_proj", "qkv_proj")
                : List.of("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj");
        assertThat(config.path("target_modules").valueStream().map(JsonNode::asString))
                .containsExactlyElementsOf(layers);
        try (Checkpoint file = Checkpoint.open(adapter.resolve("adapter_model.safetensors"))) {
            assertThat(file.entries()).hasSize(2 * 2 * layers.size());
            assertThat(file.tensor("base_model.model.layers.1.mlp.down_proj.lora_A.weight")
                            .shape())
                    .containsExactly((long) RANK, 48L);
            assertThat(file.tensor("base_model.model.layers.0.self_attn.%s_proj.lora_B.weight"
                                    .formatted(fused ? "qkv" : "k"))
                            .shape())
                    .containsExactly((fused ? 8L : 2L) * text(family).headSize(), (long) RANK);
            assertThat(file.entries().values()).allMatch(tensor -> tensor.type() == StoredType.F32);
        }
    }

    private static void assertReadAgain(Path adapter, JsonNode expected) {
        try (TextModel again = TextModel.open(adapter)) {
            float[] vectors = flat(again.vectors(CAPTIONS).toArrays());
            for (int i = 0; i < vectors.length; i++) {
                assertThat((double) vectors[i]).isCloseTo(expected.path(i).asDouble(), within(1e-5));
            }
            assertThat(again.provenance()).isEqualTo(Map.of("note", "of a test"));
        }
    }

    /** Of pixels that are as easily made in Python. */
    private static float[] image(VisionTower tower) {
        float[] pixels = new float[3 * SIDE * SIDE];
        for (int i = 0; i < pixels.length; i++) {
            pixels[i] = (i * 7 % 31 - 15) / 8f;
        }
        return tower.embed(Tensor.variable("pixels", TensorData.of(Shape.of(1, 3, SIDE, SIDE), pixels)))
                .evaluate()
                .toFloats();
    }

    private static float[] flat(float[][] rows) {
        float[] all = new float[rows.length * rows[0].length];
        for (int i = 0; i < rows.length; i++) {
            System.arraycopy(rows[i], 0, all, i * rows[0].length, rows[0].length);
        }
        return all;
    }

    private static void put(ArrayNode array, float[] values) {
        for (float value : values) {
            array.add(Double.parseDouble(Float.toString(value)));
        }
    }
}

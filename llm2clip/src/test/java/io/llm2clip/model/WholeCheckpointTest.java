package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Published checkpoints hold more than the part that is wanted. */
class WholeCheckpointTest {
    private static final String CLIP = """
            {"model_type": "clip", "projection_dim": 12, "architectures": ["CLIPModel"],
             "text_config": {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1, "num_attention_heads": 2,
              "vocab_size": 30, "max_position_embeddings": 9},
             "vision_config": {"image_size": 24, "patch_size": 8, "hidden_size": 32, "intermediate_size": 48,
              "num_hidden_layers": 2, "num_attention_heads": 4}}
            """;

    @TempDir
    private Path directory;

    /** Both towers under Hugging Face's names, with the buffers that its older versions store. */
    private void writeClip(Parameters parameters, String... more) throws IOException {
        Files.writeString(directory.resolve("config.json"), CLIP);
        VisionTower.create(parameters, VisionConfig.read(directory.resolve("config.json")));
        ClipTextTower.create(parameters, ClipTextTower.Config.read(ConfigFile.read(directory.resolve("config.json"))));
        Logits.softmax(parameters);
        add(parameters, "vision_model.embeddings.position_ids", "text_model.embeddings.position_ids");
        add(parameters, more);
        ParameterFiles.save(parameters.all(), directory.resolve("model.safetensors"), Map.of());
    }

    private TextTower openText(Parameters owner) {
        try (Checkpoint source = Checkpoint.open(directory)) {
            TextLayout.Found found = TextLayout.find(source.entries().keySet()).orElseThrow();
            TextTower tower = TextTowerFiles.create(
                    owner,
                    source,
                    found,
                    Optional.of(ConfigFile.read(directory.resolve("config.json"))),
                    Optional.empty(),
                    OptionalInt.empty());
            TextTowerFiles.load(tower, source, found.names());
            return tower;
        }
    }

    private static void add(Parameters parameters, String... names) {
        for (String name : names) {
            parameters.root().create(name, Shape.of(2), Initializer.constant(1));
        }
    }

    private static void assertSame(List<Parameter> loaded, Parameters saved) {
        for (Parameter parameter : loaded) {
            assertThat(parameter.data().toFloats())
                    .as(parameter.name())
                    .isEqualTo(saved.get(parameter.name()).data().toFloats());
        }
    }

    @Test
    void bothTowersOfAWholeClipOpen() throws IOException {
        try (Parameters saved = new Parameters(3);
                Parameters loaded = Parameters.trained()) {
            writeClip(saved);
            assertSame(VisionTower.open(loaded, directory).parameters(), saved);
            TextTower text = openText(loaded);
            assertSame(text.parameters(), saved);
            assertThat(text.window()).isEqualTo(9);
        }
    }

    /** A published file of PyTorch, whatever it is called, of a model that was wrapped when it was trained. */
    @ParameterizedTest
    @ValueSource(strings = {"pytorch_model.bin", "CLIP-B-16.pt"})
    void aTowerOfPyTorchOpens(String name) throws IOException {
        Path torch = Files.createDirectory(directory.resolve("torch"));
        Path safetensors = Files.createDirectory(directory.resolve("safetensors"));
        for (Path model : List.of(torch, safetensors)) {
            Files.writeString(model.resolve("config.json"), """
                    {"model_type": "clip_vision_model", "projection_dim": 4, "image_size": 8, "patch_size": 4, "hidden_size": 8,
                     "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}
                    """);
        }
        copyGolden("clip-vision-wrapped.pt", torch.resolve(name));
        copyGolden("clip-vision-wrapped.safetensors", safetensors.resolve("model.safetensors"));
        try (Parameters same = Parameters.trained();
                Parameters trained = Parameters.trained();
                Parameters frozen = Parameters.frozen()) {
            Tensor pixels = Tensor.full(0.5f, Shape.of(1, 3, 8, 8));
            float[] expected =
                    VisionTower.open(same, safetensors).embed(pixels).evaluate().toFloats();
            assertSame(VisionTower.open(trained, torch).parameters(), same);
            assertThat(VisionTower.open(frozen, torch).embed(pixels).evaluate().toFloats())
                    .isEqualTo(expected);
        }
    }

    private static void copyGolden(String name, Path target) throws IOException {
        try (InputStream golden = Objects.requireNonNull(WholeCheckpointTest.class.getResourceAsStream(name))) {
            Files.copy(golden, target);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "text_adapter.adaptor.0.fn.0.weight",
                "text.text_adaptor.5.bias",
                "text_projection",
                "logit_bias",
                "transformer.resblocks.0.ln_1.weight",
                "positional_embedding",
                "attn_mask",
                "text.attn_mask",
                "input_resolution",
                "model.layers.0.self_attn.q_proj.weight",
                "lm_head.weight"
            })
    void aVisionTowerLeavesOtherPartsAndBuffers(String name) throws IOException {
        try (Parameters saved = new Parameters(3);
                Parameters loaded = Parameters.trained()) {
            writeClip(saved, name);
            assertSame(VisionTower.open(loaded, directory).parameters(), saved);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vision_model.encoder.layers.2.layer_norm1.weight",
                "vision_model.head.probe",
                "visual_projection.bias",
                "visual.proj",
                "vision_model.embeddings.position_ids_2",
                "gamma_1",
                "logits",
                "textual.weight",
                "norm.weight"
            })
    void aVisionTowerRefusesWhatItWouldComputeWithoutByName(String name) throws IOException {
        try (Parameters saved = new Parameters(3);
                Parameters loaded = Parameters.trained()) {
            writeClip(saved, name);
            assertThatThrownBy(() -> VisionTower.open(loaded, directory))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("tensor '" + name + "'")
                    .hasMessageContaining("check that configuration and checkpoint are of the same model");
        }
    }

    @Test
    void otherPartsOfAnEvaAreLeft() throws IOException {
        VisionConfig config = VisionConfig.eva02(12, 4, 64, 1, 6);
        config.write(directory.resolve("config.json"));
        try (Parameters saved = new Parameters(3);
                Parameters loaded = Parameters.trained()) {
            VisionTower.create(saved, config);
            add(saved, "text.text_adaptor.0.fn.0.weight", "logit_scale");
            ParameterFiles.save(saved.all(), directory.resolve("model.safetensors"), Map.of());
            assertSame(VisionTower.open(loaded, directory).parameters(), saved);
        }
        try (Parameters more = new Parameters(3);
                Parameters loaded = Parameters.trained()) {
            VisionTower.create(more, config);
            add(more, "visual.blocks.0.gamma_1");
            ParameterFiles.save(more.all(), directory.resolve("model.safetensors"), Map.of());
            assertThatThrownBy(() -> VisionTower.open(loaded, directory))
                    .hasMessageContaining("tensor 'visual.blocks.0.gamma_1'");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"rotary_emb.inv_freq", "layers.0.self_attn.rotary_emb.inv_freq", "lm_head.weight", "score.weight"
            })
    void languageModelsLeaveHeadsAndRotaryTables(String name) throws IOException {
        loadLlama(name);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "layers.1.mlp.up_proj.weight",
                "layers.0.self_attn.q_proj.bias",
                "layers.0.mlp.up_proj.lora_A.weight"
            })
    void languageModelsRefuseWhatTheyWouldComputeWithout(String name) throws IOException {
        assertThatThrownBy(() -> loadLlama(name)).hasMessageContaining("tensor '" + name + "'");
    }

    private void loadLlama(String oneMore) {
        try (Parameters saved = new Parameters(3);
                Parameters loaded = Parameters.trained()) {
            Llama.encoder(saved, TinyModel.text(16), LlamaInitialization.FAST);
            add(saved, oneMore);
            ParameterFiles.save(saved.all(), directory.resolve("model.safetensors"), Map.of());
            Llama llama = Llama.encoder(loaded, TinyModel.text(16), LlamaInitialization.STANDARD);
            TextFiles.load(llama, directory);
            assertSame(llama.parameters(), saved);
        }
    }
}

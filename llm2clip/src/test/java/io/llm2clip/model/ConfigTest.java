package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.nn.RotaryTable.Llama3Scaling;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Configuration files, read and written. */
class ConfigTest {
    @TempDir
    private Path directory;

    private Path file;

    @BeforeEach
    void chooseFile() {
        file = directory.resolve("config.json");
    }

    private void content(String json) throws IOException {
        Files.writeString(file, json);
    }

    @Test
    void readsTransformers5AndItsOwnFiles() {
        LlamaConfig config = LlamaConfig.read(Golden.path("llama.json"));
        assertThat(config)
                .isEqualTo(new LlamaConfig(
                        48, 24, 40, 2, 4, 2, 8, 1e-5f, 100, new Llama3Scaling(8, 1, 4, 64), 128, false));
        config.write(file);
        assertThat(LlamaConfig.read(file)).isEqualTo(config);
        LlamaConfig.miniature(1024).write(file);
        assertThat(LlamaConfig.read(file)).isEqualTo(LlamaConfig.miniature(1024));
    }

    @Test
    void readsThePublishedOneBillionConfiguration() throws IOException {
        content("""
            {"architectures": ["LlamaBiModel"], "auto_map": {"AutoModel": "modeling.LlamaBiModel"}, "model_type": "llama",
             "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
             "num_key_value_heads": 8, "head_dim": 64, "rms_norm_eps": 1e-05, "rope_theta": 500000.0, "vocab_size": 128256,
             "rope_scaling": {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0,
             "original_max_position_embeddings": 8192, "rope_type": "llama3"}, "tie_word_embeddings": true,
             "max_position_embeddings": 131072, "torch_dtype": "bfloat16"}
            """);
        assertThat(LlamaConfig.read(file))
                .isEqualTo(new LlamaConfig(
                        128256,
                        2048,
                        8192,
                        16,
                        32,
                        8,
                        64,
                        1e-5f,
                        500000,
                        new Llama3Scaling(32, 1, 4, 8192),
                        131072,
                        true));
    }

    @Test
    void readsThePublishedVisionConfigurationWithItsDefaults() throws IOException {
        content("""
            {"architectures": ["LLM2CLIPModel"], "model_type": "clip", "projection_dim": 1280, "vision_config":
             {"hidden_size": 1024, "intermediate_size": 4096, "num_attention_heads": 16, "num_hidden_layers": 24,
              "patch_size": 14, "projection_dim": 768}}
            """);
        assertThat(VisionConfig.read(file)).isEqualTo(VisionConfig.openAi(224, 14, 1024, 24, 1280));
    }

    @Test
    void readsBackEveryVisionConfiguration() {
        for (VisionConfig config : new VisionConfig[] {
            VisionConfig.miniature(),
            VisionConfig.eva02(336, 14, 1024, 24, 1280),
            VisionConfig.openAi(224, 16, 768, 12, 512)
        }) {
            config.write(file);
            assertThat(VisionConfig.read(file)).isEqualTo(config);
        }
        assertThat(VisionConfig.eva02(336, 14, 1024, 24, 1280).intermediateSize())
                .isEqualTo(2730);
    }

    @Test
    void namesOtherArchitecturesAndBrokenKeys() throws IOException {
        content("{\"model_type\": \"mixtral\"}");
        assertThatThrownBy(() -> LlamaConfig.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(file
                        + ": expected a text encoder of a model_type among llama, mistral, qwen2, gemma, phi3, found 'mixtral';"
                        + " use a checkpoint of one of them.");
        assertThatThrownBy(() -> VisionConfig.read(file))
                .hasMessageContaining("found 'mixtral'; use a CLIP, EVA-CLIP or SigLIP");
        content("{\"model_type\": \"llama\", \"hidden_size\": \"wide\"}");
        assertThatThrownBy(() -> LlamaConfig.read(file))
                .hasMessageContaining("'hidden_size': expected a positive whole number, found \"wide\"");
        content("{\"model_type\": \"llama\"");
        assertThatThrownBy(() -> LlamaConfig.read(file)).hasMessageContaining("expected JSON");
        content("[]");
        assertThatThrownBy(() -> LlamaConfig.read(file)).hasMessageContaining("expected a JSON object, found ARRAY");
        Files.delete(file);
        assertThatThrownBy(() -> LlamaConfig.read(file))
                .hasMessageContaining(file + ": expected a configuration file, found none; check that ");
    }

    @Test
    void namesUnsupportedScaling() throws IOException {
        content("""
            {"model_type": "llama", "hidden_size": 8, "num_attention_heads": 2, "intermediate_size": 8, "vocab_size": 9,
             "num_hidden_layers": 1, "rope_scaling": {"type": "dynamic", "factor": 2.0}}
            """);
        assertThatThrownBy(() -> LlamaConfig.read(file))
                .hasMessageContaining("expected rotary scaling 'llama3', 'longrope' or none, found 'dynamic'");
    }
}

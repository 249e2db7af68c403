package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.image.PatchLimits;
import io.llm2clip.nn.Activation;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is opened as a vision tower, and what is not. */
class VisionFilesTest {
    @TempDir
    private Path directory;

    private Path write(Map<String, StoredTensor> tensors) {
        Path file = directory.resolve("model.safetensors");
        SafetensorsWriter.write(file, tensors, Map.of());
        return file;
    }

    private static Map<String, StoredTensor> tensors(String name) {
        return ReferenceTower.read(name).tensors(StoredType.F32);
    }

    private static VisionConfig open(Path path) {
        return open(path, VisionOptions.STORED);
    }

    private static VisionConfig open(Path path, VisionOptions options) {
        try (Parameters parameters = Parameters.frozen()) {
            return VisionTower.open(parameters, path, options).config();
        }
    }

    private void refused(Map<String, StoredTensor> tensors, String message) {
        Path file = write(tensors);
        assertThatThrownBy(() -> open(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file.toString())
                .hasMessageContaining(message);
    }

    /** Also of a file whose tensors have the names of other models' parts, such as text's {@code transformer.}. */
    @ParameterizedTest
    @CsvSource({
        "clip-openai, visual.transformer.resblocks.1.ls_1.gamma",
        "clip-openai, visual.ln_final.weight",
        "siglip-timm, visual.trunk.blocks.1.ls1.gamma",
        "siglip-timm, visual.trunk.cls_token",
        "siglip-timm, visual.head.proj.weight",
        "eva02-timm, blocks.1.gamma_1",
        "eva02-timm, text.weight",
        "eva02-timm, transformer.weight",
        "eva02-original, module.visual.mask_token"
    })
    void whatATowerWouldComputeWithoutIsRefused(String name, String tensor) {
        Map<String, StoredTensor> tensors = tensors(name);
        tensors.put(tensor, StoredTensor.of(new float[128], 128));
        refused(tensors, "tensor '" + tensor + "': expected one of the model's");
    }

    @ParameterizedTest
    @CsvSource({
        "clip-openai, ln_final.bias",
        "siglip-timm, text.model.layers.0.mlp.up_proj.weight",
        "eva02-original, module.text.ln_final.weight",
        "eva02-original, optimizer.state.3.exp_avg",
        "eva02-original, epoch"
    })
    void otherPartsAreLeft(String name, String tensor) {
        Map<String, StoredTensor> tensors = tensors(name);
        tensors.put(tensor, StoredTensor.of(new float[3], 3));
        assertThat(open(write(tensors)).hiddenSize()).isEqualTo(128);
    }

    /** The original computes with the tables of the file, ours are computed: so they have to be the same, but for rounding. */
    @ParameterizedTest
    @EnumSource(names = {"F32", "F16"})
    void rotaryTablesThatDifferAreRefused(StoredType type) throws IOException {
        String name = "visual.blocks.1.attn.rope.freqs_sin";
        ReferenceTower tower = ReferenceTower.read("eva02-llm2clip");
        Map<String, StoredTensor> tensors = new LinkedHashMap<>(tower.tensors(type));
        assertThat(open(write(tensors)).layers()).isEqualTo(2);
        float[] table = ReferenceTower.rotary(List.of(9L, 64L), false);
        float kept = table[5 * 64 + 33];
        for (float other : new float[] {kept + 0.002f, -kept, Float.NaN, Float.POSITIVE_INFINITY}) {
            table[5 * 64 + 33] = other;
            tensors.put(name, StoredTensor.of(table.clone(), 9, 64));
            refused(
                    tensors,
                    "tensor '" + name
                            + "': expected the rotary table of an EVA02 tower that was pretrained on 16 x 16 patches, "
                            + kept + " for channel 33 of patch 5, found " + other
                            + ": a tower that turns otherwise, which is not supported; fetch the file again or use another checkpoint.");
        }
        // Without the stretching of positions to 16 x 16.
        tensors.put(name, StoredTensor.of(new float[16 * 64], 16, 64));
        refused(tensors, "[9, 64] angles of 3 x 3 patches, found shape [16, 64]");
    }

    /** Of images of another size the tables are others than those of the file. */
    @Test
    void rotaryTablesAreThoseOfTheStoredImageSize() throws IOException {
        Path file = write(tensors("eva02-llm2clip"));
        try (Parameters owner = Parameters.frozen()) {
            assertThat(VisionTower.open(owner, file, VisionOptions.STORED.withImageSize(32))
                            .config()
                            .gridSide())
                    .isEqualTo(4);
        }
    }

    @Test
    void missingAndIllShapedTensorsAreNamedAsTheyAreStored() {
        Map<String, StoredTensor> tensors = tensors("siglip-timm");
        tensors.remove("visual.trunk.attn_pool.kv.bias");
        refused(tensors, "expected a tensor 'visual.trunk.attn_pool.kv.bias', found");
        tensors.put("visual.trunk.attn_pool.kv.bias", StoredTensor.of(new float[128], 128));
        refused(
                tensors,
                "tensor 'visual.trunk.attn_pool.kv.bias': expected shape [256] of parameters "
                        + "'vision_model.head.attention.k_proj.bias', 'vision_model.head.attention.v_proj.bias', found [128]");
    }

    @Test
    void otherFilesAreNoVisionTowers() throws IOException {
        refused(
                Map.of("embed_tokens.weight", StoredTensor.of(new float[6], 3, 2)),
                ": expected the tensors of a vision tower of CLIP, EVA-CLIP or SigLIP, found 1 others, such as 'embed_tokens.weight'; use such a checkpoint.");
        // CLIP's convolutional towers have a stem of this name, too.
        refused(Map.of("visual.conv1.weight", StoredTensor.of(new float[54], 2, 3, 3, 3)), "found 1 others");
        refused(Map.of(), "found 0 others; use such a checkpoint.");
        assertThatThrownBy(() -> open(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("config.json: expected a configuration file, found none");
        Files.writeString(directory.resolve("config.json"), "{\"model_type\": \"mistral\"}");
        assertThatThrownBy(() -> open(directory)).hasMessageContaining("found 'mistral'");
    }

    @Test
    void tensorsSayWhatATowerIsWhereItsConfigurationIsOfAnother() throws IOException {
        write(tensors("eva02-llm2clip"));
        for (String config : new String[] {
            "{\"model_type\": \"clip\", \"vision_config\": {\"hidden_size\": 1024}}",
            "{\"model_type\": \"custom\"}",
            "{}"
        }) {
            Files.writeString(directory.resolve("config.json"), config);
            assertThat(open(directory)).isEqualTo(VisionConfig.eva02(24, 8, 128, 2, 24));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"model_type\": \"clip\", \"vision_config\": {\"hidden_size\": 1024}}",
                "{\"model_type\": \"siglip\", \"vision_config\": {\"image_size\": 99999}}",
                "{\"model_type\": \"siglip_vision_model\", \"patch_size\": 225}",
                "{\"model_type\": \"llm2clip_vision_model\", \"pooling\": \"attention\"}"
            })
    void configurationsOfImpossibleSizesAreNamed(String config) throws IOException {
        Path file = directory.resolve("config.json");
        Files.writeString(file, config);
        assertThatThrownBy(() -> VisionConfig.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith(file + ": ");
    }

    @Test
    void naFlexConfigurationsHaveDefaults() throws IOException {
        Path file = directory.resolve("config.json");
        VisionConfig base = VisionConfig.naFlex(16, 16, 768, 3072, 12, 12, Activation.GELU_TANH);
        Files.writeString(file, "{\"model_type\": \"siglip2\", \"vision_config\": {}}");
        assertThat(VisionConfig.read(file)).isEqualTo(base);
        assertThat(base.patchLimits()).contains(PatchLimits.of(256));
        assertThat(base.tokens()).isEqualTo(256);
        assertThat(base.preprocessing()).isEqualTo(PreprocessingPreset.NAFLEX);
        Files.writeString(file, "{\"model_type\": \"siglip2_vision_model\", \"image_size\": 24, \"num_patches\": 9}");
        assertThat(VisionConfig.read(file))
                .isEqualTo(VisionConfig.naFlex(3, 16, 768, 3072, 12, 12, Activation.GELU_TANH));
        Files.writeString(file, "{\"model_type\": \"fgclip2\", \"vision_config\": {\"max_num_patches\": 9}}");
        assertThat(VisionConfig.read(file)).isEqualTo(base.withPatchLimits(PatchLimits.FG_CLIP_2));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"num_patches\": 255 | 'num_patches': expected a square number, such as 256, found 255; fetch or save the model again.",
                "\"num_patches\": 0 | 'num_patches': expected a positive whole number, found 0; fetch or save the model again.",
                "\"max_num_patches\": -1 | 'max_num_patches': Maximum numbers of patches [-1]; expected ascending ones of 1 to 65,536, such as 256.",
                "\"max_num_patches\": 2.5 | 'max_num_patches': expected a whole number, such as 256, found 2.5; fetch or save the model again.",
                "\"patch_size\": 2147483647 | imageSize must be from 1 to 8192, found 2147483647.",
                "\"hidden_size\": 33 | A vision tower of 33 channels, 12 heads and 256 pixels in patches of 16",
                "\"vision_use_head\": false | 'vision_use_head': expected a SigLIP tower with its pooling head"
            })
    void damagedNaFlexConfigurationsAreRefused(String entry, String sentence) throws IOException {
        Path file = directory.resolve("config.json");
        Files.writeString(file, "{\"model_type\": \"siglip2_vision_model\", " + entry + "}");
        assertThatThrownBy(() -> VisionConfig.read(file))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(sentence);
    }

    @Test
    void siglipsConfigurationHasDefaultsAndNeedsItsHead() throws IOException {
        Path file = directory.resolve("config.json");
        Files.writeString(
                file, "{\"model_type\": \"siglip\", \"vision_config\": {\"image_size\": 384, \"patch_size\": 14}}");
        assertThat(VisionConfig.read(file))
                .isEqualTo(VisionConfig.siglip(384, 14, 768, 3072, 12, 12, Activation.GELU_TANH));
        assertThat(VisionConfig.read(file).tokens()).isEqualTo(27 * 27);
        Files.writeString(file, "{\"model_type\": \"siglip2\", \"vision_config\": {\"image_size\": 256}}");
        assertThat(VisionConfig.read(file).gridSide()).isEqualTo(16);
        Files.writeString(file, "{\"model_type\": \"siglip\", \"vision_config\": {\"vision_use_head\": false}}");
        assertThatThrownBy(() -> VisionConfig.read(file))
                .hasMessageContaining("expected a SigLIP tower with its pooling head, found one without");
    }

    @Test
    void everyArchitectureIsReadBack() {
        Path file = directory.resolve("config.json");
        for (VisionConfig.Architecture architecture : VisionConfig.Architecture.values()) {
            int embedding = architecture.name().matches("SIGLIP|NAFLEX") ? 64 : 12;
            VisionConfig config = VisionConfig.small(architecture, 32, 8, 64, 2, embedding);
            config.write(file);
            assertThat(VisionConfig.read(file)).isEqualTo(config);
            try (Parameters parameters = new Parameters(1)) {
                VisionTower tower = VisionTower.create(parameters, config);
                VisionLayout layout = VisionLayout.find(Set.copyOf(tower.parameters().stream()
                                .map(p -> tower.layout()
                                        .stored()
                                        .usual()
                                        .place(p.name())
                                        .tensor())
                                .toList()))
                        .orElseThrow()
                        .layout();
                assertThat(layout).as(architecture.name()).isEqualTo(tower.layout());
            }
        }
    }

    /** A file of the published names, types and shapes, without a configuration. */
    @Test
    void aPublishedFileAloneSaysWhatItIs() {
        VisionConfig config = VisionConfig.ofCheckpoint(Golden.path("vision/LLM2CLIP-EVA02-L-14-336.pt"));
        assertThat(config).isEqualTo(VisionConfig.eva02(336, 14, 1024, 24, 1280));
    }

    @Test
    void imagesArePreparedAsForPublishedTowersOfTheKind() {
        assertThat(VisionConfig.ofCheckpoint(write(tensors("siglip-timm"))).preprocessing())
                .isEqualTo(PreprocessingPreset.SIGLIP);
        assertThat(VisionConfig.ofCheckpoint(write(tensors("eva02-timm"))).preprocessing())
                .isEqualTo(PreprocessingPreset.CLIP);
    }

    @Test
    void sizesThatATowerCannotHaveAreRefused() {
        Path file = write(tensors("clip-openai"));
        assertThatThrownBy(() -> open(file, VisionOptions.STORED.withImageSize(30)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("30 pixels in patches of 8");
        assertThatThrownBy(() -> open(file, VisionOptions.STORED.withImageSize(-8)))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(open(file, VisionOptions.STORED.withImageSize(8)).tokens()).isEqualTo(2);
        assertThatThrownBy(() -> VisionConfig.small(VisionConfig.Architecture.SIGLIP, 32, 8, 64, 2, 12))
                .hasMessageContaining("64 channels and embeddings of 12");
        assertThatThrownBy(
                        () -> open(write(tensors("eva02-timm")), VisionOptions.STORED.withActivation(Activation.GELU)))
                .hasMessageContaining("EVA02 tower with activation GELU");
    }
}

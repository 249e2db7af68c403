package io.llm2clip.model;

import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.nn.checkpoint.TensorContent;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/**
 * A model with a text tower of its own as it is written, which {@link OpenModel} opens as any published one: both towers in one set of
 * weights under Hugging Face's names, config.json, tokenizer and preprocessor_config.json. Hugging Face transformers opens it as
 * {@code CLIPModel}, {@code SiglipModel} or {@code Siglip2Model}, where it has both towers.
 */
final class DualDirectory {
    /** Of models whose vision tower Hugging Face transformers has not, or not together with this text tower. */
    static final String MODEL_TYPE = "llm2clip_dual_encoder";

    static final String TEXT_CONFIG = "text_config";
    static final String VISION_CONFIG = "vision_config";
    static final String CLIP_TEXT = "clip_text_model";
    static final String SIGLIP_TEXT = "siglip_text_model";
    private static final String SIGLIP2 = "siglip2";
    private static final String NAFLEX_VISION = "siglip2_vision_model";

    private DualDirectory() {}

    /** Saves to a directory that was claimed. */
    static void save(
            OutputDirectory output, Llm2ClipModel model, TextTower text, TowerTokenizer tokenizer, Saving saving) {
        output.fill(directory -> write(directory, model, text, tokenizer, saving));
        output.publish();
    }

    /** Writes into a directory that there is. */
    static void write(Path directory, Llm2ClipModel model, TextTower text, TowerTokenizer tokenizer, Saving saving)
            throws IOException {
        ConfigFile.write(directory.resolve(ModelDirectory.CONFIG), config(model, text, saving));
        ParameterFiles.save(contents(model, text, saving), directory, ModelDirectory.WEIGHTS_STEM, saving);
        tokenizer.write(directory, text.window());
        ModelDescription description = model.description();
        PreprocessorConfig.write(
                directory, description.preprocessing().of(model.vision().config()), description.exifOrientation());
    }

    /** The bytes that saving takes, but for small files. */
    static long bytes(Llm2ClipModel model, TextTower text, Saving saving) {
        return ParameterFiles.bytes(contents(model, text, saving));
    }

    private static Map<String, TensorContent> contents(Llm2ClipModel model, TextTower text, Saving saving) {
        Map<String, TensorContent> contents = new LinkedHashMap<>(towers(model, text, saving));
        ParameterFiles.contents(model.logits().parameters(), Map.of(), saving)
                .forEach((name, number) -> contents.put(
                        // Of several in a training, each has a scope.
                        name.substring(name.lastIndexOf('.') + 1),
                        text instanceof ClipTextTower ? number : new Single(number)));
        return contents;
    }

    private static Map<String, TensorContent> towers(Llm2ClipModel model, TextTower text, Saving saving) {
        Map<String, TensorContent> contents = new LinkedHashMap<>();
        // Their parameters have Hugging Face's names.
        contents.putAll(ParameterFiles.contents(text.parameters(), Map.of(), saving));
        contents.putAll(VisionFiles.contents(model.vision(), saving));
        return contents;
    }

    /** A number as Hugging Face's SigLIP has it, in one dimension. */
    private record Single(TensorContent number) implements TensorContent {
        @Override
        public StoredType type() {
            return number.type();
        }

        @Override
        public List<Long> shape() {
            return List.of(1L);
        }

        @Override
        public void writeTo(MemorySegment target, long first, long end) {
            number.writeTo(target, first, end);
        }
    }

    private static ObjectNode config(Llm2ClipModel model, TextTower text, Saving saving) {
        ObjectNode vision = VisionConfigWriter.json(model.vision().config());
        String type = modelType(text, vision.path("model_type").asString());
        ObjectNode json = ConfigFile.object()
                .put("model_type", type)
                .put("projection_dim", text.embeddingSize())
                .put("torch_dtype", LlamaConfigFile.torchName(ParameterFiles.type(towers(model, text, saving))));
        switch (type) {
            case "clip" -> json.putArray("architectures").add("CLIPModel");
            case "siglip" -> json.putArray("architectures").add("SiglipModel");
            case SIGLIP2 -> json.putArray("architectures").add("Siglip2Model");
            case VisionConfigReader.FG_CLIP_2 -> json.putArray("architectures").add("Fgclip2Model");
            default -> {
                // Other software opens no such model.
            }
        }
        ObjectNode texts = text(text);
        if (type.equals(SIGLIP2)) {
            texts.put("model_type", "siglip2_text_model");
        }
        json.set(TEXT_CONFIG, texts);
        // Of the tower alone.
        vision.remove("architectures");
        json.set(VISION_CONFIG, vision);
        return json;
    }

    private static String modelType(TextTower text, String vision) {
        return switch (text) {
            case ClipTextTower _ when vision.equals("clip_vision_model") -> "clip";
            case SiglipTextTower _ when vision.equals("siglip_vision_model") -> "siglip";
            case SiglipTextTower _ when vision.equals(NAFLEX_VISION) -> SIGLIP2;
            case FgClip2TextTower _ when vision.equals(NAFLEX_VISION) -> VisionConfigReader.FG_CLIP_2;
            default -> MODEL_TYPE;
        };
    }

    private static ObjectNode text(TextTower tower) {
        TextTowerSizes sizes = tower.sizes();
        ObjectNode json = ConfigFile.object()
                .put("vocab_size", sizes.vocabularySize())
                .put("max_position_embeddings", sizes.window())
                .put("hidden_size", sizes.hiddenSize())
                .put("intermediate_size", sizes.intermediateSize())
                .put("num_hidden_layers", sizes.layers())
                .put("num_attention_heads", sizes.heads())
                .put("hidden_act", sizes.activation().hiddenAct())
                .put("layer_norm_eps", Double.parseDouble(Float.toString(sizes.layerNormEpsilon())));
        return switch (tower) {
            case ClipTextTower clip ->
                json.put("model_type", CLIP_TEXT)
                        .put("projection_dim", sizes.projectionSize())
                        .put(
                                "eos_token_id",
                                ClipTextTower.Config.endTokenId(clip.config().end()));
            case SiglipTextTower _ ->
                json.put("model_type", SIGLIP_TEXT).put("projection_size", sizes.projectionSize());
            case FgClip2TextTower fgClip2 ->
                json.put("model_type", "fgclip2_text_model")
                        .put("projection_size", sizes.projectionSize())
                        .put("longtext_len", fgClip2.window())
                        .put("keep_len", fgClip2.config().keptPositions());
        };
    }
}

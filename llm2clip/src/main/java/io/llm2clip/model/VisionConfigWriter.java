package io.llm2clip.model;

import tools.jackson.databind.node.ObjectNode;

/** Vision towers as {@link VisionConfigReader} reads them; Hugging Face transformers opens CLIP towers with a class token, and SigLIP's. */
final class VisionConfigWriter {
    private VisionConfigWriter() {}

    /** A {@code config.json}. */
    static ObjectNode json(VisionConfig tower) {
        String type = modelType(tower);
        ObjectNode json = ConfigFile.object()
                .put("model_type", type)
                .put("patch_size", tower.patchSize())
                .put("num_channels", 3)
                .put("hidden_size", tower.hiddenSize())
                .put("intermediate_size", tower.intermediateSize())
                .put("num_hidden_layers", tower.layers())
                .put("num_attention_heads", tower.heads())
                .put("projection_dim", tower.projectionSize())
                .put("hidden_act", tower.activation().hiddenAct())
                .put("pooling", ConfigFile.nameOf(tower.pooling()))
                .put("layer_norm_eps", Double.parseDouble(Float.toString(tower.layerNormEpsilon())));
        tower.patchLimits()
                .ifPresentOrElse(
                        limits -> {
                            json.put(VisionConfigReader.PATCHES, tower.tokens());
                            limits.steps().forEach(json.putArray(VisionConfigReader.LIMITS)::add);
                        },
                        () -> json.put("image_size", tower.imageSize()));
        switch (type) {
            case "clip_vision_model" -> json.putArray("architectures").add("CLIPVisionModelWithProjection");
            case "siglip_vision_model" -> json.putArray("architectures").add("SiglipVisionModel");
            case "siglip2_vision_model" -> json.putArray("architectures").add("Siglip2VisionModel");
            default -> {
                // Other software opens no such tower.
            }
        }
        return json;
    }

    /** Mean pooling has a type of its own: under CLIP's, other software would read the class token without a warning. */
    private static String modelType(VisionConfig tower) {
        return tower.pooling() == VisionConfig.Pooling.MEAN
                ? VisionConfigReader.OWN
                : tower.architecture().modelType();
    }
}

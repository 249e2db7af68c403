package io.llm2clip.model;

import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;

/** A vision transformer with a projection into the common space. */
public sealed interface VisionTower permits ClipVit, EvaVit {

    /** Creates the tower that a configuration describes. */
    static VisionTower create(Parameters owner, VisionConfig config) {
        return switch (config.architecture()) {
            case CLIP -> ClipVit.create(owner, config);
            case EVA02 -> EvaVit.create(owner, config);
        };
    }

    /**
     * Creates the tower of a directory with config.json and model.safetensors, and reads its weights.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a file is missing, damaged or of an unknown architecture
     */
    static VisionTower open(Parameters owner, Path directory) {
        VisionTower tower = create(owner, VisionConfig.read(directory.resolve(ModelDirectory.CONFIG)));
        ModelDirectory.load(tower.parameters(), directory, name -> name.endsWith(".position_ids"));
        return tower;
    }

    /** Embeddings {@code [B, E]}, not normalised, of pixels {@code [B, 3, S, S]}; no gradient flows into the pixels. */
    Tensor embed(Tensor pixels);

    VisionConfig config();

    /** All parameters, in order of creation. */
    List<Parameter> parameters();
}

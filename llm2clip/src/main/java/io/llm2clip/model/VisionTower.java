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
     * Creates the tower of a directory with config.json and model.safetensors, and reads its weights. Of a checkpoint of a whole
     * CLIP or LLM2CLIP model, the other tensors are left.
     *
     * @param directory of the tower, or of a model that training wrote
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a file is missing, damaged or of an unknown architecture
     */
    static VisionTower open(Parameters owner, Path directory) {
        Path own = ModelDirectory.part(directory, ModelDirectory.VISION);
        VisionTower tower = create(owner, VisionConfig.read(own.resolve(ModelDirectory.CONFIG)));
        ModelDirectory.load(tower.parameters(), own, CheckpointPart.VISION::leavesOver);
        return tower;
    }

    /** Embeddings {@code [B, E]}, not normalised, of pixels {@code [B, 3, S, S]}; no gradient flows into the pixels. */
    Tensor embed(Tensor pixels);

    VisionConfig config();

    /** All parameters, in order of creation. */
    List<Parameter> parameters();
}

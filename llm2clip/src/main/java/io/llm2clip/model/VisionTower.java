package io.llm2clip.model;

import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Lora;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.Scope;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A vision transformer whose embeddings are in the common space. */
public sealed interface VisionTower permits ClipVit, EvaVit, SiglipVit {

    /** Creates the tower that a configuration describes. */
    static VisionTower create(Parameters owner, VisionConfig config) {
        return switch (config.architecture()) {
            case CLIP -> ClipVit.create(owner, config);
            case EVA01, EVA01_B, EVA02, EVA02_E -> EvaVit.create(owner, config);
            case SIGLIP, NAFLEX -> SiglipVit.create(owner, config);
        };
    }

    /**
     * Creates the tower of a checkpoint, in any of the layouts of {@link VisionLayout}, and reads its weights. Of a checkpoint of a
     * whole model, the other tensors are left. Without a config.json beside the weights, their shapes say what the tower is.
     *
     * @param path a directory of the tower, of a model that training wrote, or of a PEFT adapter upon one of these, or a file of weights
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if a file is missing, damaged or of an unknown architecture
     */
    static VisionTower open(Parameters owner, Path path) {
        return open(owner, path, VisionOptions.STORED);
    }

    /**
     * The same, not quite as the files say.
     *
     * @throws IllegalArgumentException if the tower cannot be so
     */
    static VisionTower open(Parameters owner, Path path, VisionOptions options) {
        return VisionFiles.open(owner, ModelDirectory.part(path, ModelDirectory.VISION), options);
    }

    /**
     * Claims a directory for a vision tower alone.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException if it cannot be written, another run has it, or it holds something that is
     *     not to be replaced
     */
    static OutputDirectory claim(Path directory, Existing existing) {
        return OutputDirectory.claim(directory, "vision tower", existing);
    }

    /** Saves the tower to a directory that was claimed, under the usual names of its kind. */
    default void save(OutputDirectory output, Saving saving) {
        output.fill(directory -> VisionFiles.write(directory, this, saving));
        output.publish();
    }

    /** The bytes that saving takes, but for small files. */
    default long bytes(Saving saving) {
        return ParameterFiles.bytes(VisionFiles.contents(this, saving));
    }

    /**
     * Embeddings {@code [B, E]}, not normalized; no gradient flows into the inputs.
     *
     * @param inputs as {@link VisionInputs} makes them
     */
    Tensor embed(List<Tensor> inputs);

    /** The same of pixels {@code [B, 3, S, S]}, all that a tower for images of one size reads. */
    default Tensor embed(Tensor pixels) {
        return embed(List.of(pixels));
    }

    /**
     * Hidden states {@code [B, T, C]} of class token and patches, of a NaFlex tower {@code [N, C]}: what enters the first block, and what
     * each block gives. The last are those that {@link #embed} pools.
     */
    List<Tensor> states(List<Tensor> inputs);

    /** The same of pixels {@code [B, 3, S, S]}. */
    default List<Tensor> states(Tensor pixels) {
        return states(List.of(pixels));
    }

    VisionConfig config();

    /** Embeddings of the positions of class token and patches, which depend on the size of the grid. */
    Parameter positions();

    /** The parameters of the projection to embeddings; SigLIP's towers have none. */
    List<Parameter> projection();

    /** The linear layers of queries, keys and values of all blocks, in order. */
    List<Linear> attentionInputs();

    /**
     * Adds a low-rank update to queries, keys and values of every block, under PEFT's names {@code base_model.model.NAME.lora_A.weight};
     * nothing changes until they are trained. A tower that is saved has them added.
     *
     * @param owner holds the new parameters, apart from the tower's
     * @return these parameters
     */
    default List<Parameter> attachLora(Parameters owner, LoraSettings settings) {
        List<Parameter> updates = new ArrayList<>();
        for (Linear linear : attentionInputs()) {
            Scope scope = owner.root().scope(LoraFiles.PREFIX + nameOf(linear));
            Lora lora = Lora.attach(scope, linear, settings);
            updates.add(lora.a());
            updates.add(lora.b());
        }
        return updates;
    }

    /** The name of a layer, which is that of its parameters but for the last part. */
    static String nameOf(Linear linear) {
        String weight = linear.weight().name();
        return weight.substring(0, weight.lastIndexOf('.'));
    }

    /**
     * Claims a directory for an adapter.
     *
     * @throws io.llm2clip.nn.checkpoint.CheckpointException as {@link #claim}
     */
    static OutputDirectory claimAdapter(Path directory, Existing existing) {
        return TextModel.claimAdapter(directory, existing);
    }

    /**
     * Saves low-rank updates before they are merged, and the projection, as an adapter that PEFT loads.
     *
     * @param output was claimed by {@link #claimAdapter}
     * @param updates those that {@link #attachLora} made
     * @param settings that they were attached with
     * @param base the tower that this was opened from
     */
    default void saveAdapter(OutputDirectory output, List<Parameter> updates, LoraSettings settings, Path base) {
        output.fill(directory ->
                LoraFiles.write(directory, updates, projection(), settings, BaseModel.name(base), Optional.empty()));
        output.publish();
    }

    /** Adds low-rank updates to the weights and detaches them; graphs built before are of no use afterwards. */
    default void mergeLora() {
        attentionInputs().forEach(Linear::merge);
    }

    /** The layout in which it is saved. */
    VisionLayout layout();

    /** All parameters, in order of creation. */
    List<Parameter> parameters();
}

package io.llm2clip.training;

import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.OutputDirectory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The vision tower of a training: with low-rank updates if these are trained, which are merged when this is closed. */
final class VisionSide implements AutoCloseable {
    private final VisionTower tower;
    private final VisionTraining training;
    private final Parameters updates;
    private final List<Parameter> parameters;

    /** @param seed of updates */
    VisionSide(VisionTower tower, VisionTraining training, long seed) {
        this.tower = tower;
        this.training = training;
        this.updates = new Parameters(seed);
        LoraSettings lora = training.lora();
        if (lora == null) {
            parameters = tower.parameters();
        } else {
            List<Parameter> trained = new ArrayList<>(tower.attachLora(updates, lora));
            trained.addAll(tower.projection());
            parameters = List.copyOf(trained);
        }
    }

    VisionTower tower() {
        return tower;
    }

    VisionTraining training() {
        return training;
    }

    /** What is trained unless somebody says otherwise. */
    List<Parameter> parameters() {
        return parameters;
    }

    /** Of low-rank updates, if they are trained. */
    List<Parameter> updates() {
        return updates.all();
    }

    /**
     * Saves the updates and the projection as an adapter that PEFT loads.
     *
     * @param base the tower that was opened
     */
    void saveAdapter(OutputDirectory output, Path base) {
        LoraSettings lora = Objects.requireNonNull(training.lora(), "there are no updates");
        tower.saveAdapter(output, updates.all(), lora, base);
    }

    /** Whether layers drop a part of their inputs. */
    boolean drops() {
        LoraSettings lora = training.lora();
        return lora != null && lora.dropout() > 0;
    }

    @Override
    public void close() {
        try (updates) {
            tower.mergeLora();
        }
    }
}

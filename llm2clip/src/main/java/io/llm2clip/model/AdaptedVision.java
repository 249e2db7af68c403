package io.llm2clip.model;

import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A vision tower as an adapter of PEFT has it: a base, which may be such a one itself, and low-rank updates, which stay apart from its
 * weights, with the whole projection where that was trained, too.
 *
 * @param directory of the adapter
 * @param config its configuration
 * @param base what it changes
 */
record AdaptedVision(Path directory, LoraConfig config, Path base) {
    /** More than anybody has trained one upon the other. */
    private static final int DEEPEST = 8;

    static final Set<String> PROJECTIONS = Set.of("visual_projection", "visual.head");
    private static final Pattern OF_VISION = Pattern.compile("base_model\\.model\\.(vision_model|visual)\\..*");

    /** Whether a directory holds an adapter of a vision tower. */
    static boolean isIn(Path directory) {
        if (!LoraConfig.isIn(directory)) {
            return false;
        }
        try (Checkpoint source = LoraFiles.open(directory)) {
            return source.entries().keySet().stream()
                    .anyMatch(name -> OF_VISION.matcher(name).matches());
        } catch (CheckpointException e) {
            // Whoever opens the adapter says what is wrong with its weights.
            return false;
        }
    }

    /**
     * The adapters that a vision tower consists of besides its base, in the order in which they were trained; none of other towers.
     *
     * @throws CheckpointException if one of them or the base is missing, damaged or of another kind
     */
    static List<AdaptedVision> upon(Path path) {
        List<AdaptedVision> adapters = new ArrayList<>();
        for (Path next = path; isIn(next); next = adapters.getFirst().base) {
            if (adapters.size() == DEEPEST) {
                throw new CheckpointException(
                        "%s: expected a base below up to %d adapters, found another adapter; one of them names itself as its base."
                                .formatted(path, DEEPEST));
            }
            LoraConfig config = LoraConfig.read(next.resolve(LoraConfig.FILE), PROJECTIONS);
            adapters.addFirst(new AdaptedVision(next, config, BaseModel.findVision(next, config)));
        }
        return adapters;
    }

    /** What all adapters of a tower are upon: itself if there are none. */
    static Path base(Path path) {
        return base(path, upon(path));
    }

    static Path base(Path path, List<AdaptedVision> adapters) {
        return adapters.isEmpty() ? path : adapters.getFirst().base;
    }

    /** Whether it has the whole projection. */
    boolean hasProjection() {
        return !config.whole().isEmpty();
    }

    /** What becomes of the base: embeddings of another size, where the projection is the adapter's. */
    VisionConfig over(VisionConfig tower) {
        if (!hasProjection()) {
            return tower;
        }
        try (Checkpoint source = LoraFiles.open(directory)) {
            String weight = LoraFiles.PREFIX + config.whole().getFirst() + ".weight";
            return tower.withProjectionSize(
                    Math.toIntExact(source.tensor(weight).shape().getFirst()));
        }
    }

    /**
     * Adds the updates to a tower of the base.
     *
     * @param projection whether its projection is read, which has no values yet
     */
    void attach(Parameters owner, VisionTower tower, boolean projection) {
        Map<String, List<Linear>> layers = tower.attentionInputs().stream()
                .collect(Collectors.toMap(VisionTower::nameOf, List::of, (first, _) -> first, LinkedHashMap::new));
        List<Parameter> whole = hasProjection() ? tower.projection() : List.of();
        LoraFiles.attach(owner, layers, projection ? whole : List.of(), whole, config, base);
    }
}

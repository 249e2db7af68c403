package io.llm2clip.model;

import io.llm2clip.nn.Linear;
import io.llm2clip.nn.Lora;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.TensorContent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;

/** Opens vision towers of any known layout. */
final class VisionFiles {
    private VisionFiles() {}

    /**
     * Creates the tower of a checkpoint, and reads its weights. What the tower is, its tensors say, since files of one kind are
     * published with configurations of another; sizes are read from a configuration if there is one of the same kind of tower.
     *
     * @param path a file of weights, or a directory of one, or that of a PEFT adapter upon one
     */
    static VisionTower open(Parameters owner, Path path, VisionOptions options) {
        List<AdaptedVision> adapters = AdaptedVision.upon(path);
        Path base = ModelDirectory.part(AdaptedVision.base(path, adapters), ModelDirectory.VISION);
        try (Checkpoint source = PublishedFiles.open(base)) {
            Optional<VisionLayout.Found> found =
                    VisionLayout.find(source.entries().keySet());
            VisionConfig stored = config(base, source, found);
            VisionConfig adapted = adapted(stored, adapters);
            VisionConfig config = options.apply(adapted);
            VisionTower tower = Described.network(source, config.layers(), () -> VisionTower.create(owner, config));
            StoredLayout.Found names = found.map(VisionLayout.Found::names)
                    .orElseGet(() -> tower.layout().stored().usual());
            Optional<AdaptedVision> projecting = config.projectionSize() == adapted.projectionSize()
                    ? adapters.reversed().stream()
                            .filter(AdaptedVision::hasProjection)
                            .findFirst()
                    : Optional.empty();
            // Drawn anew, or read from an adapter.
            List<Parameter> others = config.projectionSize() == stored.projectionSize() && projecting.isEmpty()
                    ? List.of()
                    : tower.projection();
            Set<String> unread = others.stream()
                    .map(parameter -> names.place(parameter.name()).tensor())
                    .collect(Collectors.toSet());
            ParameterFiles.load(
                    tower.parameters().stream()
                            .filter(parameter -> !others.contains(parameter))
                            .toList(),
                    source,
                    names,
                    resized(tower, stored),
                    tensor -> unread.contains(tensor) || CheckpointPart.VISION.leavesOver(names, tensor));
            if (stored.architecture() == VisionConfig.Architecture.EVA02) {
                StoredRotary.require(source, names.prefix(), stored);
            }
            adapters.forEach(adapter -> adapter.attach(
                    owner, tower, projecting.filter(adapter::equals).isPresent()));
            return tower;
        }
    }

    private static VisionConfig adapted(VisionConfig stored, List<AdaptedVision> adapters) {
        VisionConfig adapted = stored;
        for (AdaptedVision adapter : adapters) {
            adapted = adapter.over(adapted);
        }
        return adapted;
    }

    /** Writes configuration and weights of a tower, under the usual names of its family. */
    static void write(Path directory, VisionTower tower, Saving saving) throws IOException {
        Files.createDirectories(directory);
        tower.config().write(directory.resolve(ModelDirectory.CONFIG));
        ParameterFiles.save(contents(tower, saving), directory, ModelDirectory.WEIGHTS_STEM, saving);
    }

    /** The weights that are written. */
    static Map<String, TensorContent> contents(VisionTower tower, Saving saving) {
        return ParameterFiles.contents(
                tower.parameters(), tower.layout().stored().usual(), updates(tower), saving);
    }

    private static Map<Parameter, List<Lora>> updates(VisionTower tower) {
        return tower.attentionInputs().stream().collect(Collectors.toMap(Linear::weight, Linear::updates));
    }

    /** The tower of a checkpoint. */
    static VisionConfig config(Path path) {
        List<AdaptedVision> adapters = AdaptedVision.upon(path);
        Path base = ModelDirectory.part(AdaptedVision.base(path, adapters), ModelDirectory.VISION);
        try (Checkpoint source = PublishedFiles.open(base)) {
            return adapted(
                    config(base, source, VisionLayout.find(source.entries().keySet())), adapters);
        }
    }

    private static VisionConfig config(Path path, Checkpoint source, Optional<VisionLayout.Found> found) {
        VisionConfig described = described(path, source, found);
        Path directory = Files.isDirectory(path) ? path : path.resolveSibling("");
        return described.patchLimits().isPresent() ? PreprocessorConfig.limited(described, directory) : described;
    }

    private static VisionConfig described(Path path, Checkpoint source, Optional<VisionLayout.Found> found) {
        Path file = (Files.isDirectory(path) ? path : path.resolveSibling("")).resolve(ModelDirectory.CONFIG);
        if (found.isEmpty()) {
            LoraConfig.requireNone(path);
            // Its family's own names tell what is missing.
            return Files.isDirectory(path) || Files.isRegularFile(file) ? VisionConfig.read(file) : unknown(source);
        }
        VisionLayout.Found layout = found.get();
        Optional<VisionConfig> described = Files.isRegularFile(file)
                ? VisionConfigReader.read(file, layout.layout().family())
                : Optional.empty();
        return described.orElseGet(
                () -> new VisionInference(layout.layout(), StoredShapes.of(source, layout.names())).infer());
    }

    private static VisionConfig unknown(Checkpoint source) {
        throw new CheckpointException(
                "%s: expected the tensors of a vision tower of CLIP, EVA-CLIP or SigLIP, found %d others%s; use such a checkpoint."
                        .formatted(
                                source.source(),
                                source.entries().size(),
                                source.entries().keySet().stream()
                                        .findFirst()
                                        .map(", such as '%s'"::formatted)
                                        .orElse("")));
    }

    /** Position embeddings for the grid that is asked for. */
    private static Map<String, UnaryOperator<StoredTensor>> resized(VisionTower tower, VisionConfig stored) {
        VisionConfig config = tower.config();
        if (stored.gridSide() == config.gridSide()) {
            return Map.of();
        }
        PositionGrid grid = PositionGrid.of(config);
        return Map.of(tower.positions().name(), tensor -> grid.resize(tensor, stored.tokens(), config.gridSide()));
    }
}

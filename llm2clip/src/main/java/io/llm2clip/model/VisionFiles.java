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
     * @param path a file of weights, or a directory of one
     */
    static VisionTower open(Parameters owner, Path path, VisionOptions options) {
        try (Checkpoint source = PublishedFiles.open(path)) {
            Optional<VisionLayout.Found> found =
                    VisionLayout.find(source.entries().keySet());
            VisionConfig stored = config(path, source, found);
            VisionConfig config = options.apply(stored);
            VisionTower tower = Described.network(source, config.layers(), () -> VisionTower.create(owner, config));
            StoredLayout.Found names = found.map(VisionLayout.Found::names)
                    .orElseGet(() -> tower.layout().stored().usual());
            List<Parameter> drawn = config.projectionSize() == stored.projectionSize() ? List.of() : tower.projection();
            Set<String> unread = drawn.stream()
                    .map(parameter -> names.place(parameter.name()).tensor())
                    .collect(Collectors.toSet());
            ParameterFiles.load(
                    tower.parameters().stream()
                            .filter(parameter -> !drawn.contains(parameter))
                            .toList(),
                    source,
                    names,
                    resized(tower, stored),
                    tensor -> unread.contains(tensor) || CheckpointPart.VISION.leavesOver(names, tensor));
            if (stored.architecture() == VisionConfig.Architecture.EVA02) {
                StoredRotary.require(source, names.prefix(), stored);
            }
            return tower;
        }
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
        try (Checkpoint source = PublishedFiles.open(path)) {
            return config(path, source, VisionLayout.find(source.entries().keySet()));
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

package io.llm2clip.model;

import io.llm2clip.inspection.ModelReport;
import io.llm2clip.inspection.ModelReport.Kind;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.IoReason;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** Finds out what a file or directory is, whether it is complete, and what it takes to open it. No weights are read. */
public final class ModelInspection {
    private static final List<String> WEIGHTS = List.of(".safetensors", ".bin", ".pt", ".pth", ".gguf");
    private static final int DEPTH = 2;

    private final Path path;
    private final PartInspection parts = new PartInspection();
    private final List<String> partners = new ArrayList<>();
    private final List<String> remarks = new ArrayList<>();

    private ModelInspection(Path path) {
        this.path = path;
    }

    /**
     * Looks at a file of weights, an index of shards, or a directory of a model or of a part of one.
     *
     * @throws CheckpointException if it is nothing of these
     */
    public static ModelReport of(Path path) {
        if (!Files.exists(path)) {
            throw new CheckpointException(
                    "%s does not exist; give a file of weights or a model directory.".formatted(path));
        }
        ModelInspection inspection = new ModelInspection(path);
        Kind kind = inspection.look();
        return new ModelReport(
                path,
                kind,
                inspection.parts.parts(),
                inspection.files(),
                inspection.parts.memory(),
                inspection.partners,
                List.of(),
                inspection.remarks);
    }

    private Kind look() {
        if (Files.isRegularFile(path.resolve(ModelDirectory.DESCRIPTION))
                || Files.isRegularFile(path.resolve(ModelDirectory.ADAPTER))) {
            return trained();
        }
        boolean updates = Files.isRegularFile(path.resolve(LoraConfig.FILE)) && !AdaptedText.isBesideModel(path);
        if (updates && !Files.isRegularFile(path.resolve(ModelDirectory.CONFIG))) {
            return updates();
        }
        try (Checkpoint source = PublishedFiles.open(path)) {
            return weights(source);
        } catch (CheckpointException e) {
            // Weights that are not all there leave their configuration to say what they are of.
            return incomplete(e);
        }
    }

    private Kind trained() {
        Path file = path.resolve(ModelDirectory.DESCRIPTION);
        Optional<ModelDescription> description = Optional.empty();
        Optional<TextAdapter.Config> adapter = Optional.empty();
        Optional<String> problem = Optional.empty();
        try {
            SavedModel.requireParts(path);
            description = Optional.of(ModelDescription.read(file));
            adapter = Optional.of(ModelDescription.adapter(file));
        } catch (CheckpointException e) {
            problem = Optional.of(String.valueOf(e.getMessage()));
        }
        parts.vision(
                path.resolve(ModelDirectory.VISION),
                description.map(ModelDescription::preprocessing),
                VisionOptions.STORED);
        parts.text(path.resolve(ModelDirectory.TEXT));
        parts.adapter(path.resolve(ModelDirectory.ADAPTER), adapter);
        problem.ifPresent(sentence -> parts.broken("model", path, "", sentence));
        return Kind.TRAINED_MODEL;
    }

    private Kind updates() {
        boolean vision = AdaptedVision.isIn(path);
        Optional<LoraConfig> config = parts.updates(path);
        Optional<Path> weights = LoraFiles.find(path);
        if (weights.isPresent()) {
            updated(weights.get());
        } else {
            parts.broken(
                    "tensors",
                    path,
                    "",
                    "%s: expected adapter_model.safetensors beside %s, found none; fetch it."
                            .formatted(path, LoraConfig.FILE));
        }
        config.ifPresent(known -> base(known, vision));
        return vision ? Kind.VISION_UPDATES : Kind.LOW_RANK_UPDATES;
    }

    /** The matrices of low-rank updates. */
    private void updated(Path weights) {
        try (Checkpoint source = Checkpoint.open(weights)) {
            Set<String> names = source.entries().keySet();
            parts.tensors("tensors", source, LoraFiles.describe(names), _ -> true);
            names.stream()
                    .filter(name -> name.contains(LoraFiles.FIRST)
                            && !names.contains(name.replace(LoraFiles.FIRST, ".lora_B.")))
                    .findFirst()
                    .ifPresent(name -> parts.broken(
                            "tensors",
                            path,
                            "",
                            "%s: tensor '%s': expected its partner '%s', found none; fetch the file again."
                                    .formatted(weights, name, name.replace(".lora_A.", ".lora_B."))));
        } catch (CheckpointException e) {
            parts.broken("tensors", weights, "", String.valueOf(e.getMessage()));
        }
    }

    /** Where what low-rank updates change is, or what to do if it is nowhere. */
    private void base(LoraConfig config, boolean vision) {
        try {
            Path base = vision ? BaseModel.findVision(path, config) : BaseModel.find(path, config);
            remarks.add("What it changes is %s; %s opens both."
                    .formatted(base, vision ? "'train clip --vision'" : "'train caption --llm'"));
        } catch (CheckpointException e) {
            remarks.add(String.valueOf(e.getMessage()));
        }
    }

    private Kind weights(Checkpoint source) {
        Set<String> tensors = source.entries().keySet();
        if (source.metadata().containsKey("general.architecture")) {
            return text(source.source());
        }
        boolean vision = VisionLayout.find(tensors).isPresent();
        boolean adapter = AdapterFiles.isIn(source);
        Optional<TextLayout.Found> tower = adapter ? Optional.empty() : TextLayout.find(tensors);
        if (vision && tower.isPresent()) {
            return dualEncoder(source, tower.get());
        }
        boolean ownText = tensors.stream().anyMatch(CheckpointPart.TEXT::isPartOf);
        if (!vision && tensors.stream().anyMatch(name -> name.endsWith("embed_tokens.weight"))) {
            return text(Files.isDirectory(path) ? path : path.toAbsolutePath().resolveSibling(""));
        }
        if (vision) {
            parts.vision(path);
        }
        if (adapter) {
            parts.adapter(path, Optional.empty());
        }
        if (ownText && (vision || !adapter)) {
            parts.tensors(
                    "text tower",
                    source,
                    adapter ? "CLIP's own, which LLM2CLIP does not use" : "of its own",
                    CheckpointPart.TEXT::isPartOf);
        }
        if (vision && adapter) {
            encoder(source);
            return Kind.PUBLISHED_MODEL;
        }
        if (vision) {
            return Kind.VISION_TOWER;
        }
        if (adapter) {
            return Kind.ADAPTER;
        }
        if (!ownText) {
            parts.tensors("tensors", source, "of another model", _ -> true);
        }
        return Kind.UNKNOWN;
    }

    private Kind dualEncoder(Checkpoint source, TextLayout.Found layout) {
        Path directory = source.source().toAbsolutePath().resolveSibling("");
        Optional<PreprocessingPreset> prepared = Optional.empty();
        VisionOptions options = VisionOptions.STORED;
        try {
            prepared = PreprocessorConfig.read(directory);
            options = DualEncoder.vision(
                    VisionOptions.STORED,
                    source.entries().keySet(),
                    DualEncoder.config(directory, layout.layout().family()),
                    DualEncoder.activation(directory, source, layout));
        } catch (CheckpointException e) {
            parts.broken("configuration", directory, "", String.valueOf(e.getMessage()));
        }
        parts.vision(path, prepared, options);
        parts.ownText(source, layout);
        parts.tensors(
                "region heads",
                source,
                "for regions of an image, which are not used",
                CheckpointPart.REGIONS::isPartOf);
        remarks.add(
                "It compares images with captions as it is, as --model; 'train clip --vision' takes its vision tower"
                        + " as a start for an LLM2CLIP.");
        return Kind.DUAL_ENCODER;
    }

    private Kind text(Path encoder) {
        parts.text(encoder);
        partners.addAll(PublishedPair.modelsOf(encoder));
        return Kind.TEXT_ENCODER;
    }

    /** The text encoder that a model was trained with: beside it, or to be fetched. */
    private void encoder(Checkpoint source) {
        int captionSize;
        try {
            captionSize = AdapterFiles.config(source, Optional.empty()).captionSize();
        } catch (CheckpointException e) {
            // Said of the adapter.
            return;
        }
        List<String> names = PublishedPair.encoders(path, captionSize);
        names.stream().map(PublishedPair::repository).forEach(partners::add);
        Optional<Path> beside;
        try {
            beside = PublishedModel.textEncoder(path, captionSize);
        } catch (CheckpointException e) {
            parts.broken("text encoder", path, "", String.valueOf(e.getMessage()));
            return;
        }
        if (beside.isPresent()) {
            parts.text(beside.get());
        } else {
            remarks.add(
                    "The text encoder, of %d channels, is not beside it; fetch it%s, or give its directory with --text-encoder."
                            .formatted(
                                    captionSize,
                                    names.size() == 1
                                            ? " with 'llm2clip pull %s'".formatted(partners.getFirst())
                                            : ""));
        }
    }

    private Kind incomplete(CheckpointException failure) {
        Path directory = Files.isDirectory(path) ? path : path.toAbsolutePath().resolveSibling("");
        if (!Files.isRegularFile(directory.resolve(ModelDirectory.CONFIG))) {
            throw failure;
        }
        if (PartInspection.describedTower(path).isPresent()) {
            parts.vision(path);
            boolean dual = Stream.of(TextLayout.Family.values())
                    .flatMap(family -> DualEncoder.config(directory, family).stream())
                    .anyMatch(config -> config.has(DualDirectory.TEXT_CONFIG));
            return PublishedPair.ofModel(path).isPresent()
                    ? Kind.PUBLISHED_MODEL
                    : dual ? Kind.DUAL_ENCODER : Kind.VISION_TOWER;
        }
        return text(directory);
    }

    /** The files of weights, with their sizes. */
    private Map<Path, Long> files() {
        Map<Path, Long> sizes = new LinkedHashMap<>();
        try (Stream<Path> walk = Files.walk(path, DEPTH, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file : walk.filter(Files::isRegularFile).sorted().toList()) {
                if (file.equals(path) || WEIGHTS.stream().anyMatch(file.toString()::endsWith)) {
                    sizes.put(file, Files.size(file));
                }
            }
        } catch (IOException e) {
            throw new CheckpointException("%s: cannot be read (%s).".formatted(path, IoReason.of(e)), e);
        }
        return sizes;
    }
}

package io.llm2clip.model;

import io.llm2clip.data.InputException;
import io.llm2clip.inspection.PartReport;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.progress.Quantity;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.function.Predicate;

/** Looks at parts of models as their loaders do, which say what is wrong, but reads no weights. */
final class PartInspection {
    private final List<PartReport> parts = new ArrayList<>();
    private final Map<WeightFormat, Long> memory = new EnumMap<>(WeightFormat.class);

    /** What was looked at, in order. */
    List<PartReport> parts() {
        return parts;
    }

    /** Of all parts together; empty if one of them cannot be opened. */
    Map<WeightFormat, Long> memory() {
        return parts.stream().allMatch(part -> part.problem().isEmpty()) ? memory : Map.of();
    }

    /** What a part says of itself, which may end with an exception half way. */
    private static final class Draft {
        private final Map<String, Object> facts = new LinkedHashMap<>();
        private String summary = "";
    }

    @FunctionalInterface
    private interface Look {
        void at(Draft draft, Parameters onDisk);
    }

    private void add(String name, Path source, Look look) {
        Draft draft = new Draft();
        try (Parameters onDisk = Parameters.onDisk()) {
            Optional<String> problem = Optional.empty();
            try {
                look.at(draft, onDisk);
                for (WeightFormat format : WeightFormat.values()) {
                    memory.merge(format, onDisk.bytes(format), Math::addExact);
                }
            } catch (CheckpointException | InputException e) {
                problem = Optional.of(String.valueOf(e.getMessage()));
            } catch (IllegalArgumentException e) {
                // Of a network that cannot be so, which does not know where its sizes are from.
                problem = Optional.of("%s: %s".formatted(source, e.getMessage()));
            }
            Map<StoredType, Long> types = onDisk.storedElements();
            long parameters = types.values().stream().mapToLong(Long::longValue).sum();
            parts.add(new PartReport(name, source, draft.summary, draft.facts, parameters, types, problem));
        }
    }

    /** The tower of a file of weights or a directory. */
    void vision(Path path) {
        vision(path, Optional.empty(), VisionOptions.STORED);
    }

    /**
     * The same.
     *
     * @param prepared how images are, if that is saved with the model
     * @param options what is known of the tower from elsewhere
     */
    void vision(Path path, Optional<PreprocessingPreset> prepared, VisionOptions options) {
        add("vision tower", path, (draft, onDisk) -> {
            VisionConfig config;
            try {
                config = options.apply(VisionConfig.ofCheckpoint(path));
            } catch (CheckpointException e) {
                // What a configuration says is worth knowing of weights that are not all there.
                describedTower(path).ifPresent(described -> describe(draft, described, prepared));
                throw e;
            }
            describe(draft, config, prepared);
            VisionTower.open(onDisk, path, options);
        });
    }

    /** The tower that a configuration describes, if there is one. */
    static Optional<VisionConfig> describedTower(Path path) {
        Path file = (Files.isDirectory(path) ? path : path.toAbsolutePath().resolveSibling(""))
                .resolve(ModelDirectory.CONFIG);
        try {
            return Files.isRegularFile(file) ? Optional.of(VisionConfig.read(file)) : Optional.empty();
        } catch (CheckpointException e) {
            return Optional.empty();
        }
    }

    private static void describe(Draft draft, VisionConfig config, Optional<PreprocessingPreset> prepared) {
        PreprocessingPreset preprocessing = prepared.orElseGet(config::preprocessing);
        String images = config.patchLimits()
                .map(limits -> "in their own proportions, of up to %d patches of %d px"
                        .formatted(limits.largest(), config.patchSize()))
                .orElseGet(() -> "of %d px in patches of %d".formatted(config.imageSize(), config.patchSize()));
        draft.summary = "%s for images %s, %s of %d channels, %s, embeddings of %d"
                        .formatted(
                                config.architecture(),
                                images,
                                Quantity.of(config.layers(), "layer"),
                                config.hiddenSize(),
                                Quantity.of(config.heads(), "head"),
                                config.projectionSize())
                + ", preprocessing " + ConfigFile.nameOf(preprocessing);
        draft.facts.put("architecture", ConfigFile.nameOf(config.architecture()));
        config.patchLimits()
                .ifPresentOrElse(
                        limits -> draft.facts.put(VisionConfigReader.LIMITS, limits.largest()),
                        () -> draft.facts.put("image_size", config.imageSize()));
        draft.facts.put("patch_size", config.patchSize());
        draft.facts.put("layers", config.layers());
        draft.facts.put("hidden_size", config.hiddenSize());
        draft.facts.put("heads", config.heads());
        draft.facts.put("pooling", ConfigFile.nameOf(config.pooling()));
        draft.facts.put("activation", ConfigFile.nameOf(config.activation()));
        draft.facts.put("embedding_size", config.projectionSize());
        draft.facts.put("preprocessing", ConfigFile.nameOf(preprocessing));
    }

    /** The encoder of a directory or a GGUF file, with its tokenizer. */
    void text(Path path) {
        add("text encoder", path, (draft, onDisk) -> {
            try (TextSource source = TextSource.open(path)) {
                LlamaConfig config = source.config();
                draft.summary = "%s, %s of %d channels, %s (%d of keys and values), %,d tokens, %,d positions"
                        .formatted(
                                config.family().title(),
                                Quantity.of(config.layers(), "layer"),
                                config.hiddenSize(),
                                Quantity.of(config.heads(), "head"),
                                config.keyValueHeads(),
                                config.vocabularySize(),
                                config.maxPositions());
                draft.facts.put("architecture", config.family().modelType());
                draft.facts.put("layers", config.layers());
                draft.facts.put("hidden_size", config.hiddenSize());
                draft.facts.put("heads", config.heads());
                draft.facts.put("key_value_heads", config.keyValueHeads());
                draft.facts.put("vocabulary_size", config.vocabularySize());
                draft.facts.put("max_positions", config.maxPositions());
                source.encoder(onDisk, false);
            }
        });
        add("tokenizer", path, (draft, _) -> {
            try (TextSource source = TextSource.open(path);
                    Tokenizer tokenizer =
                            TextFiles.tokenizer(source.tokenizer(), source.config(), SpecialTokens.AS_TEXT)) {
                describe(draft, tokenizer, source.tokenizer().source());
            }
        });
    }

    /** The adapter and the scale of a file. */
    void adapter(Path file, Optional<TextAdapter.Config> saved) {
        add("adapter", file, (draft, onDisk) -> {
            try (Checkpoint source = PublishedFiles.open(file)) {
                TextAdapter.Config config = saved.orElseGet(() -> AdapterFiles.config(source, Optional.empty()));
                draft.summary = "from caption vectors of %d channels%s to embeddings of %d"
                        .formatted(
                                config.captionSize(),
                                config.normalizeInput() ? ", scaled to length 1," : "",
                                config.embeddingSize());
                draft.facts.put("caption_size", config.captionSize());
                draft.facts.put("embedding_size", config.embeddingSize());
                draft.facts.put("normalize_input", config.normalizeInput());
                TextAdapter adapter = Described.network(file, () -> TextAdapter.create(onDisk, config));
                Logits logits = AdapterFiles.load(onDisk, adapter, source.source());
                scale(source).ifPresent(factor -> {
                    draft.summary += ", logit scale " + String.format(Locale.ROOT, "%.4g", factor);
                    draft.facts.put(Logits.SCALE, factor);
                });
                if (logits.bias().isPresent()) {
                    double bias = number(source, Logits.BIAS).orElse(Double.NaN);
                    draft.summary += ", logit bias " + String.format(Locale.ROOT, "%.4g", bias);
                    draft.facts.put(Logits.BIAS, bias);
                }
            }
        });
    }

    /**
     * What a CLIP or SigLIP has besides its vision tower: text tower, tokenizer, and what becomes of cosines.
     *
     * @param source its file of weights
     */
    void ownText(Checkpoint source, TextLayout.Found layout) {
        Path directory = source.source().toAbsolutePath().resolveSibling("");
        TextLayout.Family family = layout.layout().family();
        TextTower[] tower = {null};
        add("text tower", source.source(), (draft, onDisk) -> {
            tower[0] = TextTowerFiles.create(
                    onDisk,
                    source,
                    layout,
                    DualEncoder.config(directory, family),
                    DualEncoder.activation(directory, source, layout),
                    // No weight depends on it.
                    OptionalInt.of(0));
            describe(draft, tower[0]);
            TextTowerFiles.load(tower[0], source, layout.names());
        });
        add("tokenizer", directory, (draft, _) -> {
            TowerTokenizer files = TowerTokenizer.find(directory, family);
            if (tower[0] == null) {
                draft.summary = "in %s".formatted(files.source().getFileName());
                return;
            }
            try (Tokenizer tokenizer = files.open(tower[0], SpecialTokens.AS_TEXT)) {
                describe(draft, tokenizer, files.source());
            }
        });
        add("logits", source.source(), (draft, onDisk) -> {
            Logits logits = TextTowerFiles.logits(onDisk, source);
            double factor = scale(source).orElse(Double.NaN);
            draft.facts.put(Logits.SCALE, factor);
            if (logits.bias().isPresent()) {
                double bias = number(source, Logits.BIAS).orElse(Double.NaN);
                draft.facts.put(Logits.BIAS, bias);
                draft.summary = String.format(
                        Locale.ROOT,
                        "sigmoid of the cosine times %.4g plus %.4g: whether a caption describes an image, whatever the others",
                        factor,
                        bias);
            } else {
                draft.summary = String.format(
                        Locale.ROOT, "softmax of the cosines times %.4g: which of several captions fits best", factor);
            }
        });
    }

    private static void describe(Draft draft, TextTower tower) {
        TextTowerSizes sizes = tower.sizes();
        TextLayout.Family family = switch (tower) {
            case ClipTextTower _ -> TextLayout.Family.CLIP;
            case SiglipTextTower _ -> TextLayout.Family.SIGLIP;
            case FgClip2TextTower _ -> TextLayout.Family.FG_CLIP_2;
        };
        draft.summary = "%s, %s of %d channels, %s, %,d tokens, captions of up to %d, embeddings of %d"
                .formatted(
                        family.possessive(),
                        Quantity.of(sizes.layers(), "layer"),
                        sizes.hiddenSize(),
                        Quantity.of(sizes.heads(), "head"),
                        sizes.vocabularySize(),
                        tower.window(),
                        sizes.projectionSize());
        draft.facts.put("architecture", ConfigFile.nameOf(family));
        draft.facts.put("layers", sizes.layers());
        draft.facts.put("hidden_size", sizes.hiddenSize());
        draft.facts.put("heads", sizes.heads());
        draft.facts.put("vocabulary_size", sizes.vocabularySize());
        draft.facts.put("max_length", tower.window());
        draft.facts.put("activation", ConfigFile.nameOf(sizes.activation()));
        draft.facts.put("embedding_size", sizes.projectionSize());
    }

    private static void describe(Draft draft, Tokenizer tokenizer, Path file) {
        draft.summary = "%,d tokens, in %s".formatted(tokenizer.vocabularySize(), file.getFileName());
        draft.facts.put("tokens", tokenizer.vocabularySize());
        draft.facts.put("file", file.toString());
    }

    private static Optional<Double> scale(Checkpoint source) {
        return number(source, Logits.SCALE).map(Math::exp);
    }

    /** One number, which says more than its type. */
    private static Optional<Double> number(Checkpoint source, String name) {
        return source.entries().entrySet().stream()
                .filter(each -> each.getKey().matches("(.*\\.)?" + name)
                        && each.getValue().elements() == 1)
                .findFirst()
                .map(each -> (double) each.getValue().toFloats()[0]);
    }

    /** Tensors that no loader is known for, or that are not looked at as a model. */
    void tensors(String name, Checkpoint source, String summary, Predicate<String> which) {
        List<StoredTensor> tensors = source.entries().entrySet().stream()
                .filter(each -> which.test(each.getKey()))
                .map(Map.Entry::getValue)
                .toList();
        if (!tensors.isEmpty()) {
            parts.add(PartReport.of(name, source.source(), summary, tensors));
        }
    }

    /** A part of which only the problem is known, and what a configuration says. */
    void broken(String name, Path source, String summary, String problem) {
        parts.add(new PartReport(name, source, summary, Map.of(), 0, Map.of(), Optional.of(problem)));
    }

    /**
     * What low-rank updates say of themselves.
     *
     * @return empty if they cannot be opened
     */
    Optional<LoraConfig> updates(Path directory) {
        LoraConfig[] found = {null};
        add("low-rank updates", directory, (draft, _) -> {
            Path file = directory.resolve(LoraConfig.FILE);
            ConfigFile config = ConfigFile.read(file);
            String base = config.string("base_model_name_or_path", "a model that is not named");
            draft.summary = "%s of rank %d (alpha %s), for %s"
                    .formatted(
                            config.string("peft_type", "LORA"),
                            config.integer("r"),
                            config.root().path("lora_alpha").asString("?"),
                            base);
            draft.facts.put("base_model", base);
            draft.facts.put("rank", config.integer("r"));
            draft.facts.put("alpha", config.root().path("lora_alpha").asDouble(0));
            found[0] = LoraConfig.read(file, AdaptedVision.PROJECTIONS);
        });
        return Optional.ofNullable(found[0]);
    }
}

package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.text.SpecialTokens;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * A CLIP, SigLIP or FG-CLIP 2 as published: vision tower, text tower and {@code logit_scale} in one file of weights, beside it the
 * tokenizer and mostly a configuration. Pictures are turned by their EXIF orientation if it was trained so here, as its files then say.
 *
 * @param path what was opened
 * @param vision its file of weights, which holds both towers
 * @param layout of the text tower
 * @param tokenizer of the text tower
 * @param config of a model of the text tower's kind, if there is one
 * @param activation of MLPs, where neither a configuration of this kind nor the kind of file tells it: see {@link TextInference}
 * @param preprocessing as the repository says, if it does
 * @param exifOrientation whether pictures are turned upright
 * @param specialTokens how special tokens in captions are taken
 */
record DualEncoder(
        Path path,
        Path vision,
        TextLayout.Found layout,
        TowerTokenizer tokenizer,
        Optional<ConfigFile> config,
        Optional<Activation> activation,
        Optional<PreprocessingPreset> preprocessing,
        boolean exifOrientation,
        SpecialTokens specialTokens)
        implements ModelSource {
    private static final String OPEN_CLIP_CONFIG = "open_clip_config.json";
    /** Facts that OpenAI's programs in TorchScript carry with their weights; all of these models have QuickGELU. */
    private static final String OPENAI_FACT = "context_length";

    /** Whether tensors are those of a dual encoder: a text tower of its own and a vision tower. */
    static boolean isIn(Set<String> tensors) {
        return TextLayout.find(tensors).isPresent() && tensors.stream().anyMatch(CheckpointPart.VISION::isPartOf);
    }

    /**
     * The parts of a checkpoint that {@link #isIn} says is one.
     *
     * @throws CheckpointException if a part is missing or damaged, or options are of no use for such a model
     */
    static DualEncoder find(Path path, Checkpoint source, ModelOptions options) {
        options.textEncoder().ifPresent(encoder -> {
            throw new CheckpointException(
                    "%s: a model with a text tower of its own, which no other text encoder can stand in for; leave out the text encoder %s, or give an LLM2CLIP model."
                            .formatted(path, encoder));
        });
        options.normalizeCaptions().ifPresent(_ -> {
            throw new CheckpointException(
                    "%s: a model with a text tower of its own, which has no caption vectors to be scaled before an adapter; leave that option out, or give an LLM2CLIP model."
                            .formatted(path));
        });
        TextLayout.Found layout = TextLayout.find(source.entries().keySet()).orElseThrow();
        Path directory = source.source().toAbsolutePath().resolveSibling("");
        return new DualEncoder(
                path,
                source.source(),
                layout,
                TowerTokenizer.find(directory, layout.layout().family()),
                config(directory, layout.layout().family()),
                options.vision().activation().or(() -> activation(directory, source, layout)),
                PreprocessorConfig.read(directory),
                PreprocessorConfig.exifOrientation(directory),
                options.specialTokens().orElse(SpecialTokens.AS_TEXT));
    }

    /** The configuration in a directory if it is of a model with a text tower of a family. */
    static Optional<ConfigFile> config(Path directory, TextLayout.Family family) {
        Path file = directory.resolve(ModelDirectory.CONFIG);
        return Files.isRegularFile(file)
                ? Optional.of(ConfigFile.read(file)).filter(read -> describes(read, family))
                : Optional.empty();
    }

    private static boolean describes(ConfigFile config, TextLayout.Family family) {
        return switch (config.string("model_type", "")) {
            case "clip", DualDirectory.CLIP_TEXT -> family == TextLayout.Family.CLIP;
            case "siglip", "siglip2", DualDirectory.SIGLIP_TEXT -> family == TextLayout.Family.SIGLIP;
            case VisionConfigReader.FG_CLIP_2 -> family == TextLayout.Family.FG_CLIP_2;
            case DualDirectory.MODEL_TYPE -> describes(config.within(DualDirectory.TEXT_CONFIG), family);
            default -> false;
        };
    }

    /** What files other than config.json tell of the activation of the text tower. */
    static Optional<Activation> activation(Path directory, Checkpoint source, TextLayout.Found layout) {
        Path file = directory.resolve(OPEN_CLIP_CONFIG);
        if (Files.isRegularFile(file)) {
            ConfigFile model = ConfigFile.read(file).within("model_cfg");
            boolean quick = model.truth("quick_gelu", false);
            boolean tanh = model.within("text_cfg")
                    .within("act_kwargs")
                    .string("approximate", "none")
                    .equals("tanh");
            return Optional.of(quick ? Activation.QUICK_GELU : tanh ? Activation.GELU_TANH : Activation.GELU);
        }
        if (source.entries().containsKey(layout.names().container() + OPENAI_FACT)) {
            return Optional.of(Activation.QUICK_GELU);
        }
        // EVA-CLIP's text towers have GELU, all of them.
        return VisionLayout.find(source.entries().keySet())
                .filter(vision -> vision.layout().family() == VisionLayout.Family.EVA)
                .map(_ -> Activation.GELU);
    }

    /** The vision tower of OpenAI's layout has the activation of the text tower. */
    VisionOptions vision(VisionOptions options, Set<String> tensors) {
        return vision(options, tensors, config, activation);
    }

    /** The same before there is one of these, whose tokenizer may be missing. */
    static VisionOptions vision(
            VisionOptions options, Set<String> tensors, Optional<ConfigFile> config, Optional<Activation> activation) {
        boolean same = config.isEmpty()
                && VisionLayout.find(tensors)
                        .filter(vision -> vision.layout() == VisionLayout.CLIP_OPENAI)
                        .isPresent();
        return same ? activation.map(options::withActivation).orElse(options) : options;
    }

    @Override
    public ModelDescription description(VisionConfig vision) {
        return new ModelDescription(preprocessing.orElse(vision.preprocessing()), exifOrientation, 0, Map.of());
    }
}

package io.llm2clip.model;

import io.llm2clip.nn.Activation;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.StoredLayout;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Opens text towers of any known layout, and what a dual encoder adds to cosines. */
final class TextTowerFiles {
    /** One number each, in whatever shape. */
    private static final StoredLayout LOGITS = StoredLayout.builder("", "")
            .marked(Logits.SCALE)
            .reshaped(Logits.SCALE, Logits.SCALE)
            .reshaped(Logits.BIAS, Logits.BIAS)
            .build();

    private TextTowerFiles() {}

    /**
     * Creates the text tower of a checkpoint, with random weights.
     *
     * @param config of the model that has the tower; without one, the shapes of its tensors say what it is
     * @param activation of the MLPs where that is known from elsewhere
     * @param pad the token that rows are filled up with where that matters
     * @throws CheckpointException if the tower is not known or damaged
     */
    static TextTower create(
            Parameters owner,
            Checkpoint source,
            TextLayout.Found found,
            Optional<ConfigFile> config,
            Optional<Activation> activation,
            OptionalInt pad) {
        StoredShapes shapes = StoredShapes.of(source, found.names());
        TextInference inference = new TextInference(shapes, activation);
        return switch (found.layout().family()) {
            case CLIP -> {
                ClipTextTower.Config clip =
                        config.map(ClipTextTower.Config::read).orElseGet(inference::clip);
                yield Described.network(source, clip.sizes().layers(), () -> ClipTextTower.create(owner, clip));
            }
            case SIGLIP -> {
                TextTowerSizes sizes = config.map(SiglipTextTower::sizes).orElseGet(inference::siglip);
                yield Described.network(
                        source, sizes.layers(), () -> SiglipTextTower.create(owner, sizes, pad.orElseThrow()));
            }
            case FG_CLIP_2 -> {
                FgClip2TextTower.Config fgClip2 = config.map(FgClip2TextTower.Config::read)
                        .orElseGet(() -> FgClip2TextTower.Config.infer(inference.siglip(), shapes));
                yield Described.network(
                        source,
                        fgClip2.sizes().layers(),
                        () -> FgClip2TextTower.create(owner, fgClip2, pad.orElseThrow()));
            }
        };
    }

    /** Reads the weights of a tower; what else a file of a whole model holds is left. */
    static void load(TextTower tower, Checkpoint source, StoredLayout.Found names) {
        ParameterFiles.load(
                tower.parameters(), source, names, Map.of(), tensor -> CheckpointPart.TEXT.leavesOver(names, tensor));
    }

    /** Creates and reads {@code logit_scale} and {@code logit_bias}, of which the second may be missing. */
    static Logits logits(Parameters owner, Checkpoint source) {
        StoredLayout.Found names = LOGITS.find(source.entries().keySet())
                .orElseThrow(() -> new CheckpointException(
                        "%s: expected a tensor '%s', found none; check that the file is of a whole model."
                                .formatted(source.source(), Logits.SCALE)));
        Logits logits = createLogits(owner, source, names);
        ParameterFiles.load(
                logits.parameters(),
                source,
                names,
                Map.of(),
                tensor -> CheckpointPart.LOGITS.leavesOver(names, tensor));
        return logits;
    }

    /** Creates {@code logit_scale} and, if a checkpoint has it, {@code logit_bias}. */
    static Logits createLogits(Parameters owner, Checkpoint source, StoredLayout.Found names) {
        boolean bias = source.entries().containsKey(names.place(Logits.BIAS).tensor());
        return Logits.create(owner, bias ? Logits.Values.SIGMOID : Logits.Values.SOFTMAX);
    }

    /** Whether a checkpoint has a {@code logit_scale}. */
    static boolean hasLogits(Checkpoint source) {
        return LOGITS.find(source.entries().keySet()).isPresent();
    }
}

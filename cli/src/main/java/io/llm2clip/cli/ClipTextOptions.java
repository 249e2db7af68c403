package io.llm2clip.cli;

import io.llm2clip.hub.HubPath;
import io.llm2clip.model.TextTowerModel;
import io.llm2clip.nn.Limit;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.ClipText;
import io.llm2clip.training.TextStrategy;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What reads the captions in stage 2. */
@HelpSection.In(HelpSection.INPUT)
final class ClipTextOptions {
    private static final String NEW = "new";

    @Option(
            names = "--text",
            paramLabel = "PATH|NAME",
            description =
                    "The text encoder of 'train caption', the text directory of a model, a GGUF file of a language model, or the"
                            + " name of a text encoder on the Hub.")
    private @Nullable String encoder;

    @Option(
            names = "--text-tower",
            paramLabel = "PATH|NAME|new",
            description =
                    "Train a text tower along, the CLIP baseline: that of a CLIP or SigLIP, or a new one; instead of a text encoder, or"
                            + " beside one.")
    private @Nullable String tower;

    @HelpSection.In(HelpSection.TRAINING)
    @Option(
            names = "--strategy",
            paramLabel = "NAME",
            description =
                    "What becomes of the text tower beside a text encoder: REPLACE it, train BOTH with separate losses, BOTH_ALIGNED"
                            + " with a loss between the two, or CONCATENATED with one of both together (default: BOTH where"
                            + " there are both, else REPLACE).")
    private @Nullable TextStrategy strategy;

    @HelpSection.In(HelpSection.TRAINING)
    @Option(
            names = "--text-vectors",
            paramLabel = "WHEN",
            description =
                    "When the language model reads captions: all before the training, CACHED on disk, or those of each step,"
                            + " ONLINE (default: CACHED).")
    private @Nullable When when;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--vectors",
            paramLabel = "DIR",
            description = "Where caption vectors are cached for further runs (default: MODELDIR-vectors).")
    private @Nullable Path vectors;

    @HelpSection.In(HelpSection.TRAINING)
    @Within(Limit.RANK)
    @Option(
            names = "--text-lora",
            paramLabel = "RANK",
            description =
                    "Train LoRA updates of the language model along, of this rank, such as 16; it reads the captions of each step.")
    private @Nullable Integer rank;

    @HelpSection.In(HelpSection.TRAINING)
    @Within(Limit.ALPHA)
    @Option(
            names = "--text-lora-alpha",
            paramLabel = "X",
            description = "These updates are scaled by alpha / rank (default: 32).")
    private @Nullable Float alpha;

    @HelpSection.In(HelpSection.TRAINING)
    @Within(Limit.DROPOUT)
    @Option(
            names = "--text-lora-dropout",
            paramLabel = "SHARE",
            description = "Share of the inputs of these updates that a step sets to 0 (default: 0).")
    private @Nullable Float dropout;

    @HelpSection.In(HelpSection.TRAINING)
    @Within(Limit.COUNT)
    @Option(
            names = "--tower-vocabulary",
            paramLabel = "N",
            description = "Tokens of a new text tower, learned from the captions (default: 1024).")
    private @Nullable Integer vocabulary;

    @HelpSection.In(HelpSection.TRAINING)
    @Within(Limit.COUNT)
    @Option(
            names = "--tower-window",
            paramLabel = "N",
            description = "Tokens that a new text tower reads at most (default: 77).")
    private @Nullable Integer window;

    @HelpSection.In(HelpSection.TRAINING)
    @Within(Limit.CHANNELS)
    @Option(
            names = "--tower-width",
            paramLabel = "N",
            description = "Hidden size of a new text tower, a multiple of 32 (default: 128).")
    private @Nullable Integer width;

    @HelpSection.In(HelpSection.TRAINING)
    @Within(Limit.LAYERS)
    @Option(
            names = "--tower-layers",
            paramLabel = "N",
            description = "Transformer blocks of a new text tower (default: 2).")
    private @Nullable Integer layers;

    /** When captions are read. */
    enum When {
        CACHED,
        ONLINE
    }

    /**
     * As the options say.
     *
     * @param store where vectors are cached if nothing is said
     * @throws IllegalArgumentException if they contradict each other
     */
    ClipText text(Path store, Optional<SpecialTokens> specialTokens) {
        if (encoder == null && tower == null) {
            throw new IllegalArgumentException(
                    "Nothing that reads captions; expected --text, a text encoder, or --text-tower, a text tower that is trained along.");
        }
        if (tower == null) {
            refuse(strategy != null && strategy != TextStrategy.REPLACE, "--strategy " + strategy, "--text-tower");
        } else {
            refuse(encoder == null && strategy != null, "--strategy", "--text");
        }
        refuse(encoder == null && when != null, "--text-vectors", "--text");
        refuse(encoder == null && vectors != null, "--vectors", "--text");
        refuse(encoder == null && rank != null, "--text-lora", "--text");
        refuse(rank == null && alpha != null, "--text-lora-alpha", "--text-lora");
        refuse(rank == null && dropout != null, "--text-lora-dropout", "--text-lora");
        boolean sized = vocabulary != null || window != null || width != null || layers != null;
        refuse(sized && !NEW.equals(tower), "A size of a new text tower", "--text-tower new");
        if (encoder == null) {
            return tower(specialTokens);
        }
        ClipText.LanguageModel language =
                new ClipText.LanguageModel(HubPath.of(encoder), reading(store), specialTokens);
        return tower == null
                ? language
                : new ClipText.Both(language, tower(specialTokens), strategy == null ? TextStrategy.BOTH : strategy);
    }

    private ClipText.Reading reading(Path store) {
        if (rank != null) {
            refuse(
                    when == When.CACHED,
                    "--text-vectors CACHED",
                    "a language model that does not change, without --text-lora");
            refuse(vectors != null, "--vectors", "a language model that does not change, without --text-lora");
            return new ClipText.Updated(
                    new LoraSettings(rank, alpha == null ? 32 : alpha, dropout == null ? 0 : dropout));
        }
        if (when == When.ONLINE) {
            refuse(vectors != null, "--vectors", "--text-vectors CACHED");
            return new ClipText.Online();
        }
        return new ClipText.Cached(vectors == null ? store : vectors);
    }

    private ClipText.Tower tower(Optional<SpecialTokens> specialTokens) {
        TextTowerModel.Size usual = TextTowerModel.Size.MINIATURE;
        return new ClipText.Tower(
                NEW.equals(tower)
                        ? new ClipText.NewTower(new TextTowerModel.Size(
                                vocabulary == null ? usual.vocabulary() : vocabulary,
                                window == null ? usual.window() : window,
                                width == null ? usual.width() : width,
                                layers == null ? usual.layers() : layers))
                        : new ClipText.PublishedTower(HubPath.of(String.valueOf(tower))),
                specialTokens);
    }

    private static void refuse(boolean given, String option, String with) {
        if (given) {
            throw new IllegalArgumentException(
                    "%s is of use with %s only; add that or leave it out.".formatted(option, with));
        }
    }
}

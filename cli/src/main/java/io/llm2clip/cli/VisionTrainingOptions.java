package io.llm2clip.cli;

import io.llm2clip.nn.Limit;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.training.Locks;
import io.llm2clip.training.VisionTraining;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What of the vision tower, and of the text side, is trained. */
@HelpSection.In(HelpSection.TRAINING)
final class VisionTrainingOptions {
    @Within(Limit.DROPOUT)
    @Option(
            names = "--patch-dropout",
            paramLabel = "SHARE",
            description =
                    "Have each step see all but a random share of each image's patches, such as 0.5: steps are that much shorter"
                            + " (default: none).")
    private float patchDropout;

    @Within(Limit.RANK)
    @Option(
            names = "--vision-lora",
            paramLabel = "RANK",
            description =
                    "Train LoRA updates of queries, keys and values instead of the vision tower, all of it but its projection; the"
                            + " reference has 32. They are added to the model that is saved.")
    private @Nullable Integer rank;

    @Within(Limit.ALPHA)
    @Option(
            names = "--vision-lora-alpha",
            paramLabel = "X",
            description = "Updates of the vision tower are scaled by alpha / rank (default: 32, as in the reference).")
    private @Nullable Float alpha;

    @Within(Limit.DROPOUT)
    @Option(
            names = "--vision-lora-dropout",
            paramLabel = "SHARE",
            description =
                    "Share of the inputs of the vision tower's updates that a step sets to 0 (default: 0.1, as in the reference).")
    private @Nullable Float dropout;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--save-vision-adapter",
            paramLabel = "DIR",
            description =
                    "With --vision and --vision-lora, also receives what was trained of the vision tower alone, as a LoRA adapter that"
                            + " PEFT loads.")
    private @Nullable Path adapter;

    @Option(
            names = "--lock",
            paramLabel = "SIDE",
            description = "Leave a side as it is: IMAGE, the vision tower with its projection, or TEXT.")
    private Set<Side> locked = Set.of();

    @Within(Limit.COUNT)
    @Option(
            names = "--unlocked-layers",
            paramLabel = "N",
            description = "Train the last N blocks of a locked side, and what comes after them (default: none).")
    private @Nullable Integer unlocked;

    /** What can be locked. */
    enum Side {
        IMAGE,
        TEXT
    }

    /** @throws IllegalArgumentException if an option is of updates, and there are none */
    VisionTraining training() {
        LoraSettings reference = VisionTraining.REFERENCE_LORA;
        if (rank == null) {
            if (alpha != null || dropout != null) {
                throw new IllegalArgumentException(
                        "--vision-lora-alpha and --vision-lora-dropout are of LoRA updates of the vision tower; expected --vision-lora RANK, too.");
            }
            return new VisionTraining(patchDropout, null);
        }
        return new VisionTraining(
                patchDropout,
                new LoraSettings(
                        rank,
                        alpha == null ? reference.alpha() : alpha,
                        dropout == null ? reference.dropout() : dropout));
    }

    /** Where updates are saved alone. */
    Optional<Path> adapter() {
        return Optional.ofNullable(adapter);
    }

    /** @throws IllegalArgumentException if nothing is left to train, or layers are unlocked of no side */
    Locks locks() {
        if (locked.isEmpty() && unlocked != null) {
            throw new IllegalArgumentException(
                    "--unlocked-layers %d without a locked side; expected --lock IMAGE or --lock TEXT, too."
                            .formatted(unlocked));
        }
        if (rank != null && locked.contains(Side.IMAGE) && unlocked != null) {
            throw new IllegalArgumentException(
                    "--unlocked-layers with --vision-lora, which trains updates of all blocks; leave out one of them.");
        }
        int blocks = unlocked == null ? 0 : unlocked;
        return new Locks(locked.contains(Side.IMAGE) ? blocks : null, locked.contains(Side.TEXT) ? blocks : null);
    }
}

package io.llm2clip.cli;

import io.llm2clip.training.ClipLossSettings;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The loss of stage 2. */
@HelpSection.In(HelpSection.TRAINING)
final class ClipLossOptions {
    @Option(
            names = "--loss",
            paramLabel = "NAME",
            description =
                    "SYMMETRIC, the reference's: which caption of the batch is an image's, and which image a caption's. Or SIGMOID,"
                            + " SigLIP's: whether a caption is an image's, for each pair alone (default: ${DEFAULT-VALUE}).")
    private ClipLossSettings.Loss loss = ClipLossSettings.DEFAULT.loss();

    @Option(
            names = "--logit-scale",
            paramLabel = "keep|new|X",
            description =
                    "The factor of cosines at first: that of the published model, with its bias if the loss has one; the loss's own"
                            + " start, 14.3, or 10 and a bias of -10 for SIGMOID, as where nothing is published; or a number"
                            + " (default: ${DEFAULT-VALUE}).")
    private String logitScale = "keep";

    /** @throws IllegalArgumentException if the scale is none of these */
    ClipLossSettings settings() {
        return switch (logitScale.toLowerCase(Locale.ROOT)) {
            case "keep" -> new ClipLossSettings(loss, true, null);
            case "new" -> new ClipLossSettings(loss, false, null);
            default -> new ClipLossSettings(loss, true, number());
        };
    }

    private @Nullable Float number() {
        try {
            return Float.valueOf(logitScale);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "--logit-scale %s; expected keep, new or a number, such as 14.3.".formatted(logitScale), e);
        }
    }
}

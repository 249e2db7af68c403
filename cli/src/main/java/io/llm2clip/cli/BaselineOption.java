package io.llm2clip.cli;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.data.InputException;
import io.llm2clip.hub.HubException;
import io.llm2clip.hub.HubPath;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which model the one of a command is compared with. */
@HelpSection.In(HelpSection.INPUT)
final class BaselineOption {
    @Option(
            names = "--baseline",
            paramLabel = "PATH|NAME",
            description =
                    "Measure this model too, on the same images and captions, and compare: any that eval opens. Options on pictures, weights and"
                            + " devices are for both, those on captions are not for it.")
    private @Nullable String baseline;

    @Option(
            names = "--baseline-text-encoder",
            paramLabel = "PATH|NAME",
            description = "The text encoder of a baseline that is a published LLM2CLIP, as --text-encoder.")
    private @Nullable String textEncoder;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    /** What the user calls it; empty where none is wanted. */
    Optional<String> name() {
        if (spec != null && baseline == null && textEncoder != null) {
            throw new ParameterException(
                    spec.commandLine(), "--baseline-text-encoder is for a baseline; name that with --baseline.");
        }
        return Optional.ofNullable(baseline);
    }

    /** Opens it and closes it again, so that what is wrong with it is told before anything is computed. */
    void require(LoadOptions options) {
        if (name().isPresent()) {
            load(options).close();
        }
    }

    /** @throws InputException if it cannot be opened; that names it as the baseline */
    Llm2Clip load(LoadOptions options) {
        String name = name().orElseThrow();
        try {
            Path place = HubPath.of(name);
            if (!Files.exists(place)) {
                throw new InputException("There is no model %s; give another one with --baseline.".formatted(name));
            }
            return Llm2Clip.load(
                    place, textEncoder == null ? options : options.withTextEncoder(HubPath.of(textEncoder)));
        } catch (CheckpointException | HubException e) {
            // What is said of options is said of those of the model.
            String reason = String.valueOf(e.getMessage()).replace(" --text-encoder", " --baseline-text-encoder");
            throw new InputException("The baseline cannot be opened: %s".formatted(reason), e);
        }
    }
}

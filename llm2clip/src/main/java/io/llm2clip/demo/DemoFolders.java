package io.llm2clip.demo;

import io.llm2clip.data.InputException;
import io.llm2clip.nn.checkpoint.IoReason;
import io.llm2clip.training.run.RunOptions;
import io.llm2clip.training.run.StopRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Where the demo puts what.
 *
 * @param root its directory
 */
record DemoFolders(Path root) {
    Path data() {
        return root.resolve("data");
    }

    /** The text encoder after stage 1. */
    Path text() {
        return root.resolve("text");
    }

    /** The same before stage 1. */
    Path languageModel() {
        return root.resolve("language-model");
    }

    /** What is trained in stage 2: {@code model}, {@code clip}, {@code clip-equal-compute} and so on. */
    Path model(String arm) {
        return arm.equals(Arm.LLM2CLIP) ? root.resolve("model") : root.resolve(dashed(arm));
    }

    /** Vectors of captions, new ones: those of an earlier demo would hide what they cost. */
    Path emptyVectors(String arm) {
        Path folder = arm.equals(Arm.LLM2CLIP) ? root.resolve("text-vectors") : root.resolve(dashed(arm) + "-vectors");
        try {
            for (String file : List.of("finished", "keys.bin", "vectors.f32")) {
                Files.deleteIfExists(folder.resolve(file));
            }
        } catch (IOException e) {
            throw new InputException(
                    "The demo's directory %s cannot be written (%s); choose another with --out."
                            .formatted(root, IoReason.of(e)),
                    e);
        }
        return folder;
    }

    /** The run of a training, without checkpoints on the way. */
    RunOptions run(Path output) {
        return new RunOptions(RunOptions.directoryOf(output), false, 0, 1, 0, List.of(), new StopRequest());
    }

    Path report() {
        return root.resolve("report.html");
    }

    private static String dashed(String arm) {
        return arm.replaceAll("([a-z])([A-Z])", "$1-$2").toLowerCase(Locale.ROOT);
    }
}

package io.llm2clip.demo.scenes;

import io.llm2clip.nn.checkpoint.OutputDirectory;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;

/** Decides whether a data set that is already at the target can be used. */
final class ExistingDataSet {
    /** What {@link OutputDirectory} calls a data set. */
    static final String KIND = "data set";

    private ExistingDataSet() {}

    /**
     * True if the complete data set is there, false if it is to be written.
     *
     * @throws IOException if another data set is there, or a damaged one, and is not to be replaced
     */
    static boolean matches(Path target, DemoDataSetOptions options, Existing existing) throws IOException {
        Optional<List<String>> damaged = OutputDirectory.damaged(target, KIND);
        if (damaged.isEmpty()) {
            return false;
        }
        String problem = problem(target, options, damaged.get());
        if (problem.isEmpty() || existing == Existing.REPLACE) {
            return problem.isEmpty();
        }
        throw new IOException("%s %s; choose another folder or replace it with --overwrite".formatted(target, problem));
    }

    private static String problem(Path target, DemoDataSetOptions options, List<String> damaged) throws IOException {
        if (!damaged.isEmpty()) {
            return "is damaged: %s is missing or was cut off%s"
                    .formatted(
                            damaged.getFirst(),
                            damaged.size() == 1 ? "" : ", and %d more".formatted(damaged.size() - 1));
        }
        JsonNode found = Manifest.read(target);
        JsonNode expected = Manifest.of(options);
        return found.equals(expected)
                ? ""
                : "holds a data set with other options: expected %s, found %s".formatted(expected, found);
    }
}

package io.llm2clip.evaluation.suite;

import io.llm2clip.data.InputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Suites whose data was found and opened, ready to be measured.
 *
 * @param planned those whose data is there
 * @param missing those whose folder is not there
 */
public record SuiteRun(List<Planned> planned, List<Suite> missing) {
    /** A suite with its data. */
    public record Planned(Suite suite, Path folder, Suite.Task task) {}

    public SuiteRun {
        planned = List.copyOf(planned);
        missing = List.copyOf(missing);
    }

    /**
     * Opens the data of suites: the folder of its name in {@code directory}, or, of a single suite, {@code directory} itself. All are
     * opened before any is measured, so that what is wrong is found at once.
     *
     * @throws InputException if a folder is missing or has another layout
     */
    public static SuiteRun open(List<Suite> suites, Path directory) {
        SuiteRun run = openPresent(suites, directory, suites.size() == 1);
        if (!run.missing.isEmpty()) {
            throw new InputException("%s: expected the folders %s, found no %s; add %s, or name other suites."
                    .formatted(
                            directory,
                            suites.stream().map(Suite::data).distinct().collect(Collectors.joining(", ")),
                            run.missing.stream().map(Suite::data).distinct().collect(Collectors.joining(", ")),
                            run.missing.size() == 1 ? "it" : "them"));
        }
        return run;
    }

    /**
     * The same for those suites whose folder is there.
     *
     * @throws InputException if there is none of them, or one has another layout
     */
    public static SuiteRun openPresent(List<Suite> suites, Path directory) {
        SuiteRun run = openPresent(suites, directory, false);
        if (run.planned.isEmpty()) {
            throw new InputException(
                    "%s: expected a folder per data set, named %s, found none of them; put at least one there."
                            .formatted(
                                    directory,
                                    suites.stream().map(Suite::data).distinct().collect(Collectors.joining(", "))));
        }
        return run;
    }

    private static SuiteRun openPresent(List<Suite> suites, Path directory, boolean alone) {
        List<Planned> planned = new ArrayList<>();
        List<Suite> missing = new ArrayList<>();
        for (Suite suite : suites) {
            Path named = directory.resolve(suite.folder());
            boolean there = Files.isDirectory(directory.resolve(suite.data()));
            if (there || alone) {
                Path folder = there ? named : directory;
                planned.add(new Planned(suite, folder, suite.open(folder)));
            } else {
                missing.add(suite);
            }
        }
        return new SuiteRun(planned, missing);
    }

    /**
     * Begins to measure.
     *
     * @param models how many there will be: one, or a model and its baseline
     */
    public SuiteTrials begin(int models) {
        return new SuiteTrials(planned, models);
    }
}

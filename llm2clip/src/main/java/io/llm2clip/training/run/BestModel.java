package io.llm2clip.training.run;

import java.nio.file.Path;
import java.util.Locale;

/**
 * The best model of a run so far.
 *
 * @param step of the whole run after which it was measured
 * @param score mean of what was measured, a fraction
 */
public record BestModel(long step, double score) {
    static final String FOLDER = "best";

    /** For people. */
    String sentence(Path run) {
        return String.format(
                Locale.ROOT,
                "The best model, held-out R@1 %.1f %% after step %d of the run, is in %s.",
                100 * score,
                step,
                run.resolve(FOLDER));
    }
}

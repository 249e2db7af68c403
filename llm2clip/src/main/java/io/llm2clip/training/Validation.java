package io.llm2clip.training;

import io.llm2clip.nn.Limit;
import java.nio.file.Path;

/** What a model is measured on, while it is trained and after that; none of it is learned from. */
public sealed interface Validation {
    /** A tenth of the training data. */
    Validation TENTH = new Share(0.1);

    /**
     * A part of the training data, spread over it: every n-th item.
     *
     * @param share one n-th, at most half
     */
    record Share(double share) implements Validation {
        public Share {
            Limit.HELD_OUT.require("The share that is held out", share);
        }

        /** N. */
        int every() {
            return (int) Math.min(Integer.MAX_VALUE, Math.round(1 / share));
        }
    }

    /** Another data set of the same form. */
    record Data(Path path) implements Validation {}
}

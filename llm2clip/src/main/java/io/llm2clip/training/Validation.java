package io.llm2clip.training;

import io.llm2clip.dataset.CaptionColumns;
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

    /**
     * Another data set.
     *
     * @param path as the training data are named
     * @param columns which of its columns or keys are captions, where it has any
     */
    record Data(Path path, CaptionColumns columns) implements Validation {
        /** With columns of the usual names. */
        public Data(Path path) {
            this(path, CaptionColumns.BY_NAME);
        }
    }
}

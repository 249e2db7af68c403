package io.llm2clip.evaluation.suite;

import io.llm2clip.Llm2Clip;
import io.llm2clip.data.InputException;
import io.llm2clip.progress.Progress;

/**
 * A data set that is measured on: by a model, and then perhaps by a baseline. What has to be kept of a model until both are done is not
 * the model, so that one is in memory at a time.
 */
public interface Trial extends AutoCloseable {
    /**
     * Computes all that is needed of a model. A second one sees what the first could read.
     *
     * @param name of the model, for people
     * @throws InputException if most of the data turns out to be unusable; this model does not count then
     */
    void add(String name, Llm2Clip model, Progress progress);

    /** Counts what all models could read, once there is one. */
    Findings findings();

    /** Frees what was kept; a second time does nothing. */
    @Override
    default void close() {}
}

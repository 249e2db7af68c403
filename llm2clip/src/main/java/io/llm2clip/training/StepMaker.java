package io.llm2clip.training;

import io.llm2clip.nn.optimizer.NonFiniteStepException;

/** Draws the batch of a step and makes the step. What it draws depends on a seed and on the step's number only. */
interface StepMaker {
    /**
     * Makes the step of {@link TrainingLoop#number}.
     *
     * @return the loss before its update
     * @throws NonFiniteStepException if it was not made
     */
    float make(TrainingLoop loop);

    /**
     * Has the next step be the one of this number, from 0, as if all before it had been made; called once, before the first.
     *
     * @param position that {@link #position} gave then
     */
    void seek(int step, String position);

    /** Bytes of memory that batches take, those that are read ahead included, besides what programs take of them. */
    default long dataBytes() {
        return 0;
    }

    /** Bytes of weights that are read where their file is mapped. */
    default long mappedBytes() {
        return 0;
    }

    /** Where the data of the next step are, if its number does not say it; part of a checkpoint. */
    default String position() {
        return "";
    }
}

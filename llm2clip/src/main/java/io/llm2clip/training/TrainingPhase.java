package io.llm2clip.training;

import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.tensor.ProgramOptions;

/**
 * A part of a training whose steps are alike.
 *
 * @param name for people, such as "stage 1, caption contrast"
 * @param steps optimizer steps
 * @param schedule learning rate by step
 * @param warmUp steps in which the loss may stand still
 * @param optimizer makes the steps
 * @param stepOptions how they make steps
 * @param options how their programs are compiled
 */
record TrainingPhase(
        String name,
        int steps,
        Schedule schedule,
        int warmUp,
        AdamW optimizer,
        StepOptions stepOptions,
        ProgramOptions options) {

    /** The same with programs that are planned only, of steps that are made otherwise. */
    TrainingPhase planned(StepOptions other) {
        return new TrainingPhase(name, steps, schedule, warmUp, optimizer, other, options.asPlan());
    }
}

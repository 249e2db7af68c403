package io.llm2clip.training.run;

import java.time.Instant;

/**
 * Something that is recorded.
 *
 * @param phase of the training
 * @param globalStep number of the step within the run, from 1: phases follow one another
 */
record RunEvent(Instant time, String phase, long globalStep, StepRecord step) {}

/**
 * What a training leaves on the disk while it runs: its arguments and surroundings, metrics of every step, checkpoints from which it
 * goes on to the same bits, and the best model so far. Nothing here knows what is trained.
 */
@NullMarked
package io.llm2clip.training.run;

import org.jspecify.annotations.NullMarked;

package io.llm2clip.training.run;

import io.llm2clip.nn.optimizer.AdamW;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** What a training loop reports to and begins from. */
public interface TrainingRun {
    /** Records nothing and begins every phase anew. */
    TrainingRun NONE = (name, steps, optimizer) -> Phase.NONE;

    /**
     * A phase begins. If this run goes on from an earlier one, the parameters and moments are now those that the earlier one saved.
     *
     * @param name unique within the run, for people
     * @param steps of the whole phase
     * @param optimizer that has made no step yet; its parameters are all that the phase changes
     */
    Phase begin(String name, int steps, AdamW optimizer);

    /** The same run, whose next phase is measured every now and then, if that was asked for. */
    default TrainingRun evaluating(Evaluation evaluation) {
        return this;
    }

    /** One phase of a training. */
    interface Phase extends AutoCloseable {
        /** Records nothing. */
        Phase NONE = new Phase() {};

        /** Where to begin. */
        default PhaseState start() {
            return PhaseState.START;
        }

        /** A step was made or skipped. */
        default void record(StepRecord step) {}

        /**
         * Between two steps: saves what there is to save, and measures.
         *
         * @param step so many steps were begun, those that were skipped included
         * @param sound whether the last one was made
         * @param state after it
         * @return what was measured, by name; empty if nothing was
         * @throws StoppedException if that was asked for
         */
        default Map<String, Double> between(int step, boolean sound, Supplier<PhaseState> state) {
            return Map.of();
        }

        /**
         * The phase ends because its steps are not finite any more. Checkpoints that may be the reason are deleted.
         *
         * @return the newest one that a finite step followed
         */
        default Optional<Path> diverged() {
            return Optional.empty();
        }

        /** The phase is over, finished or not. */
        @Override
        default void close() {}
    }
}

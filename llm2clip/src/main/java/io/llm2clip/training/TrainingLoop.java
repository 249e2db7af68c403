package io.llm2clip.training;

import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.NonFiniteStepException;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.ProgramCache;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * The steps of a training, one after another: collects losses, leaves out steps that are not finite and says so, and says when the
 * loss shows that nothing is learned.
 */
final class TrainingLoop {
    /** So many steps in a row that are not finite mean that the weights or the data are beyond repair. */
    static final int MOST_IN_A_ROW = 10;
    /** Parameters are kept every so many steps: what a training that fails loses at most, besides the steps that failed. */
    private static final int KEPT_EVERY = 10;
    /** A loss at that of guessing for so many steps means that all vectors have become equal. */
    private static final int STUCK_STEPS = 20;

    private static final double STUCK_DISTANCE = 0.01;
    /** A training that ends at this share of the loss of guessing, or above, has not learned to tell anything apart. */
    private static final double UNLEARNED = 0.98;

    /** One step. */
    interface Step {
        /**
         * Makes the step of {@link #number}.
         *
         * @return the loss before its update
         * @throws NonFiniteStepException if it was not made
         */
        float run(TrainingLoop loop);
    }

    private final String name;
    private final int steps;
    private final Schedule schedule;
    private final int warmUp;
    private final AdamW optimizer;
    private final ProgramOptions options;
    private final ProgramCache<List<Shape>, TrainStep> programs =
            new ProgramCache<>(step -> step.memory().pinned(), TrainStep::close);
    private final Progress progress;
    private final Progress.Phase phase;
    private final LossCurve losses = new LossCurve();
    private int number;
    private int candidates;
    private int inARow;
    private int stuck;
    private boolean stuckWasSaid;

    private TrainingLoop(
            String name,
            int steps,
            Schedule schedule,
            int warmUp,
            AdamW optimizer,
            ProgramOptions options,
            Progress progress,
            Progress.Phase phase) {
        this.name = name;
        this.steps = steps;
        this.schedule = schedule;
        this.warmUp = warmUp;
        this.optimizer = optimizer;
        this.options = options;
        this.progress = progress;
        this.phase = phase;
    }

    /**
     * Makes all steps of a training.
     *
     * @param name for people, such as "stage 1, caption contrast"
     * @param warmUp steps in which the loss may stand still
     * @param optimizer makes the steps
     * @param options how their programs are compiled
     * @throws DivergedException if too many in a row are not finite; parameters are then the last that are known to be sound
     */
    static LossCurve run(
            String name,
            int steps,
            Schedule schedule,
            int warmUp,
            AdamW optimizer,
            ProgramOptions options,
            Progress progress,
            Step step) {
        TrainingLoop loop;
        try (Progress.Phase phase = progress.begin(name, steps, "step")) {
            loop = new TrainingLoop(name, steps, schedule, warmUp, optimizer, options, progress, phase);
            try (var _ = loop.programs) {
                for (loop.number = 0; loop.number < steps; loop.number++) {
                    loop.make(step);
                }
            }
        }
        loop.conclude();
        return loop.losses;
    }

    /** The number of the current step, from 0. */
    int number() {
        return number;
    }

    /** Says among how many candidates the current step seeks the right one; without it, a loss is not compared with guessing. */
    void among(int count) {
        candidates = count;
    }

    /**
     * The program for inputs of these shapes, which one list of shapes has one of.
     *
     * @param loss builds the loss from inputs
     */
    TrainStep program(List<TensorData> inputs, Function<List<Tensor>, Tensor> loss) {
        return programs.get(inputs.stream().map(TensorData::shape).toList(), () -> {
            phase.preparing("compiling");
            return TrainStep.compile(loss, TrainStep.inputsLike(inputs), optimizer, options);
        });
    }

    /** Runs a program at the current step's learning rate. */
    float run(TrainStep program, List<TensorData> inputs) {
        losses.countFlops(program.flops());
        return program.run(inputs, schedule.at(number));
    }

    private void make(Step step) {
        if (number % KEPT_EVERY == 0) {
            optimizer.keepAtNextStep();
        }
        try {
            float loss = step.run(this);
            losses.add(loss);
            inARow = 0;
            phase.metric("loss", loss);
            watch(loss);
        } catch (NonFiniteStepException e) {
            losses.skip();
            phase.tally("skipped", losses.skipped());
            skip(e.quantity());
        }
        phase.advance(1);
    }

    private void skip(String quantity) {
        inARow++;
        if (inARow == MOST_IN_A_ROW) {
            String remedy = losses.losses().isEmpty()
                    ? "not one before them was; check the model it started from and the data"
                    : "lower the learning rate or check the data";
            throw new DivergedException(
                    "%s was ended at step %d of %d, because %d steps in a row were not finite (now %s); %s."
                            .formatted(name, number + 1, steps, MOST_IN_A_ROW, quantity, remedy),
                    optimizer.returnToKept());
        }
        // The first one is news; a training that skips now and then says so more and more rarely.
        if (Integer.bitCount(losses.skipped()) == 1) {
            progress.note("%s: step %d of %d was skipped because %s is not finite%s."
                    .formatted(
                            name,
                            number + 1,
                            steps,
                            quantity,
                            losses.skipped() == 1 ? "" : "; %d so far".formatted(losses.skipped())));
        }
    }

    private void watch(float loss) {
        if (candidates == 0 || number <= warmUp) {
            return;
        }
        stuck = Math.abs(loss - chance()) < STUCK_DISTANCE ? stuck + 1 : 0;
        if (stuck == STUCK_STEPS && !stuckWasSaid) {
            stuckWasSaid = true;
            progress.note(String.format(
                    Locale.ROOT,
                    "%s: the loss has not moved from %.2f, that of guessing among %d, for %d steps: all vectors are equal;"
                            + " lower the learning rate or start from a model that was trained longer.",
                    name,
                    chance(),
                    candidates,
                    STUCK_STEPS));
        }
    }

    private void conclude() {
        if (losses.skipped() > 0) {
            progress.note("%s: %d of %d steps were skipped because loss or gradients were not finite."
                    .formatted(name, losses.skipped(), steps));
        }
        if (candidates > 0 && losses.last() >= UNLEARNED * chance()) {
            progress.note(String.format(
                    Locale.ROOT,
                    "%s: the loss ended at %.2f, that of guessing among %d is %.2f: nothing was learned to tell apart;"
                            + " train longer or change the learning rate.",
                    name,
                    losses.last(),
                    candidates,
                    chance()));
        }
    }

    private double chance() {
        return Math.log(candidates);
    }
}

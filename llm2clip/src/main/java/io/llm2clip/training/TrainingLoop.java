package io.llm2clip.training;

import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.nn.optimizer.NonFiniteStepException;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.EngineMemoryError;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.training.run.Metric;
import io.llm2clip.training.run.PhaseState;
import io.llm2clip.training.run.StepRecord;
import io.llm2clip.training.run.TrainingRun;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;

/**
 * The steps of a training, one after another: collects losses and metrics, leaves out steps that are not finite and says so, says when
 * the loss shows that nothing is learned, and lets the run save and stop between two steps.
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

    private final TrainingPhase phase;
    private final TrainingRun.Phase run;
    private final StepPrograms programs;
    private final StepMemory memory;
    private final Progress progress;
    private final Progress.Phase shown;
    private final LossCurve losses;
    private final Map<String, Double> metrics = new LinkedHashMap<>();
    private int number;
    private int candidates;
    private int examples;
    private String kind = "";
    private int inARow;
    private int stuck;
    private boolean stuckWasSaid;

    private TrainingLoop(
            TrainingPhase phase, TrainingRun.Phase run, StepMemory memory, Progress progress, Progress.Phase shown) {
        this.phase = phase;
        this.run = run;
        this.progress = progress;
        this.shown = shown;
        this.memory = memory;
        this.programs = new StepPrograms(phase, () -> shown.preparing("compiling"));
        PhaseState start = run.start();
        this.losses = LossCurve.of(start);
        this.number = start.steps();
        this.inARow = start.skippedInARow();
    }

    /**
     * Makes all steps of a training, or those that a run has not made yet; then parameters become their average, if the phase has one.
     *
     * @throws DivergedException if too many in a row are not finite; parameters are then the last that are known to be sound
     * @throws io.llm2clip.training.run.StoppedException if the run was asked to stop; parameters are then those of the step before
     */
    static LossCurve run(TrainingPhase phase, StepMaker steps, TrainingRun run, Progress progress) {
        if (phase.stepOptions().ema() != null) {
            phase.optimizer().average(phase.stepOptions().ema());
        }
        StepMemory memory = StepMemory.of(phase, steps, progress);
        TrainingLoop loop;
        try (Progress.Phase shown = progress.begin(phase.name(), phase.steps(), "step");
                TrainingRun.Phase recorded = run.begin(phase.name(), phase.steps(), phase.optimizer())) {
            loop = new TrainingLoop(phase, recorded, memory, progress, shown);
            try (var _ = loop.programs) {
                loop.makeAll(steps);
            }
        }
        phase.optimizer().useAverage();
        loop.conclude();
        return loop.losses;
    }

    private void makeAll(StepMaker steps) {
        if (number > 0) {
            steps.seek(number, run.start().data());
            phase.optimizer().keepAtNextStep();
            shown.preparing("resuming");
            shown.advance(number);
        }
        while (number < phase.steps()) {
            make(steps);
            number++;
            run.between(number, inARow == 0, () -> losses.state(number, inARow, steps.position()))
                    .forEach(shown::metric);
        }
    }

    /** The number of the current step, from 0. */
    int number() {
        return number;
    }

    /** Says what the current step's batch is, of how many examples. */
    void batch(String kindOfBatch, int size) {
        kind = kindOfBatch;
        examples = size;
    }

    /** Says what a quantity has become by the current step; it must be finite. */
    void metric(String name, double value) {
        metrics.put(name, value);
    }

    /** Says among how many candidates the current step seeks the right one; without it, a loss is not compared with guessing. */
    void among(int count) {
        candidates = count;
    }

    /**
     * Makes the current step of rows, in one program for each list of their inputs' shapes.
     *
     * @throws io.llm2clip.data.InputException if the machine does not have the memory for it
     */
    float run(RowStep rows) {
        List<TensorData> inputs = rows.inputs().apply(rows.rows());
        return foretold(rows, () -> {
            TrainStep step = programs.step(inputs, rows.loss());
            memory.check(step.memory().total(), 1, rows);
            losses.countFlops(step.flops());
            return new StepPrograms.Made(step.run(inputs, rate()), step.gradientNorm());
        });
    }

    /**
     * Makes the current step of a batch in parts, whose gradients are summed.
     *
     * @param rows of a part, with the sum of its losses
     * @param batch inputs of each part
     * @param factor of the sum of all
     * @throws io.llm2clip.data.InputException if the machine does not have the memory for it
     */
    float run(RowStep rows, List<List<TensorData>> batch, float factor) {
        return foretold(
                rows,
                () -> programs.run(
                        batch, rows.loss(), factor, rate(), bytes -> memory.check(bytes, 1, rows), losses::countFlops));
    }

    /**
     * Makes the current step of a batch, by chunks if the phase says so.
     *
     * @param loss the same at all steps
     * @param growth how many times as much memory a later batch may take, 1 if all are alike
     * @throws io.llm2clip.data.InputException if the machine does not have the memory for it
     */
    float run(EmbeddingLoss loss, EmbeddingBatch batch, double growth) {
        EmbeddingStep step = new EmbeddingStep(loss, batch);
        return foretold(
                step,
                () -> programs.run(
                        loss, batch, rate(), bytes -> memory.check(bytes, growth, step), losses::countFlops));
    }

    private float foretold(StepMemory.Step step, Supplier<StepPrograms.Made> making) {
        StepPrograms.Made made;
        try {
            made = making.get();
        } catch (EngineMemoryError e) {
            memory.refused(step);
            throw e;
        }
        metric(Metric.GRADIENT_NORM, made.gradientNorm());
        return made.loss();
    }

    private float rate() {
        return phase.schedule().at(number);
    }

    private void make(StepMaker steps) {
        if (number % KEPT_EVERY == 0) {
            phase.optimizer().keepAtNextStep();
        }
        metrics.clear();
        kind = "";
        examples = 0;
        String notFinite = "";
        long start = System.nanoTime();
        try {
            float loss = steps.make(this);
            losses.add(loss);
            inARow = 0;
            metric(Metric.LOSS, loss);
            shown.metric("loss", loss);
            watch(loss);
        } catch (NonFiniteStepException e) {
            notFinite = e.quantity();
            losses.skip();
            inARow++;
            shown.tally("skipped", losses.skipped());
        }
        record(notFinite, System.nanoTime() - start);
        if (!notFinite.isEmpty()) {
            skip(notFinite);
        }
        shown.advance(1);
    }

    private void record(String notFinite, long nanos) {
        double seconds = Math.max(1, nanos) * 1e-9;
        metric(Metric.LEARNING_RATE, rate());
        metric(Metric.SECONDS, seconds);
        if (examples > 0) {
            metric(Metric.EXAMPLES_PER_SECOND, examples / seconds);
        }
        Runtime heap = Runtime.getRuntime();
        metric(Metric.MEMORY_BYTES, EngineMemory.liveBytes() + heap.totalMemory() - heap.freeMemory());
        metric(Metric.SKIPPED_STEPS, losses.skipped());
        run.record(new StepRecord(number + 1, kind, notFinite, metrics));
    }

    private void skip(String quantity) {
        if (inARow >= MOST_IN_A_ROW) {
            String remedy = losses.losses().isEmpty()
                    ? "not one before them was; check the model it started from and the data"
                    : "lower the learning rate or check the data";
            long kept = phase.optimizer().returnToKept();
            String checkpoint = run.diverged()
                    .map(path -> " The newest checkpoint before them is %s.".formatted(path))
                    .orElse("");
            throw new DivergedException(
                    "%s was ended at step %d of %d, because %d steps in a row were not finite (now %s); %s.%s"
                            .formatted(
                                    phase.name(),
                                    number + 1,
                                    phase.steps(),
                                    MOST_IN_A_ROW,
                                    quantity,
                                    remedy,
                                    checkpoint),
                    kept);
        }
        // The first one is news; a training that skips now and then says so more and more rarely.
        if (Integer.bitCount(losses.skipped()) == 1) {
            progress.note("%s: step %d of %d was skipped because %s is not finite%s."
                    .formatted(
                            phase.name(),
                            number + 1,
                            phase.steps(),
                            quantity,
                            losses.skipped() == 1 ? "" : "; %d so far".formatted(losses.skipped())));
        }
    }

    private void watch(float loss) {
        if (candidates == 0 || number <= phase.warmUp()) {
            return;
        }
        stuck = Math.abs(loss - chance()) < STUCK_DISTANCE ? stuck + 1 : 0;
        if (stuck == STUCK_STEPS && !stuckWasSaid) {
            stuckWasSaid = true;
            progress.note(String.format(
                    Locale.ROOT,
                    "%s: the loss has not moved from %.2f, that of guessing among %d, for %d steps: all vectors are equal;"
                            + " lower the learning rate or start from a model that was trained longer.",
                    phase.name(),
                    chance(),
                    candidates,
                    STUCK_STEPS));
        }
    }

    private void conclude() {
        if (losses.skipped() > 0) {
            progress.note("%s: %d of %d steps were skipped because loss or gradients were not finite."
                    .formatted(phase.name(), losses.skipped(), phase.steps()));
        }
        if (candidates > 0 && learnedNothing()) {
            progress.note(String.format(
                    Locale.ROOT,
                    "%s: the loss ended at %.2f, that of guessing among %d is %.2f: nothing was learned to tell apart;"
                            + " train longer or change the learning rate.",
                    phase.name(),
                    losses.last(),
                    candidates,
                    chance()));
        }
    }

    /**
     * Whether the loss stayed at that of guessing or above. One that is far above but has fallen is on its way down: scaled cosines of an
     * untrained language model are worse than guessing.
     */
    private boolean learnedNothing() {
        double last = losses.last();
        boolean atChance = last <= chance() / UNLEARNED;
        return last >= UNLEARNED * chance() && (atChance || last >= UNLEARNED * losses.first());
    }

    private double chance() {
        return Math.log(candidates);
    }
}

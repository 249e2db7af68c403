package io.llm2clip.training;

import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.optimizer.EmbeddingBatch;
import io.llm2clip.nn.optimizer.EmbeddingLoss;
import io.llm2clip.nn.optimizer.GradientAccumulator;
import io.llm2clip.nn.optimizer.GradientCache;
import io.llm2clip.nn.optimizer.LossPart;
import io.llm2clip.nn.optimizer.TrainStep;
import io.llm2clip.tensor.ProgramCache;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** The programs of a phase, compiled as its batches need them. A batch is one program, or is computed by chunks or in parts. */
final class StepPrograms implements AutoCloseable {
    private final TrainingPhase phase;
    private final Runnable compiling;
    private final ProgramCache<List<Shape>, TrainStep> steps =
            new ProgramCache<>(step -> step.memory().pinned(), TrainStep::close);
    private final ProgramCache<List<Shape>, LossPart> parts =
            new ProgramCache<>(part -> part.memory().pinned(), LossPart::close);
    // Made for the first batch that is larger than a chunk.
    private @Nullable GradientCache cache;
    // Made for the first batch that comes in parts.
    private @Nullable GradientAccumulator sums;

    /**
     * What a step did.
     *
     * @param loss before the update
     * @param gradientNorm before clipping
     */
    record Made(float loss, float gradientNorm) {}

    /** @param compiling is called before a program is compiled */
    StepPrograms(TrainingPhase phase, Runnable compiling) {
        this.phase = phase;
        this.compiling = compiling;
    }

    /** The program of one kind of loss for inputs of these shapes. */
    TrainStep step(List<TensorData> inputs, Function<List<Tensor>, Tensor> loss) {
        return steps.get(inputs.stream().map(TensorData::shape).toList(), () -> {
            compiling.run();
            return TrainStep.compile(loss, TrainStep.inputsLike(inputs), phase.optimizer(), phase.options());
        });
    }

    /**
     * Compiles what a batch needs, by chunks what its first one needs.
     *
     * @return bytes that programs take
     */
    long prepare(EmbeddingLoss loss, EmbeddingBatch batch) {
        if (isWhole(batch)) {
            return step(loss, batch, inputs(batch)).memory().total();
        }
        GradientCache made = cache(loss);
        made.prepare(batch);
        return made.memory().total();
    }

    /**
     * Makes a step.
     *
     * @param loss the same at all calls
     * @param ready is told the bytes that programs take, when they are compiled and before they run
     * @param flops is told the operations of the step, whether or not it can be made
     * @throws io.llm2clip.nn.optimizer.NonFiniteStepException if it was not made
     */
    Made run(EmbeddingLoss loss, EmbeddingBatch batch, float learningRate, LongConsumer ready, LongConsumer flops) {
        if (isWhole(batch)) {
            List<TensorData> inputs = inputs(batch);
            TrainStep step = step(loss, batch, inputs);
            ready.accept(step.memory().total());
            flops.accept(step.flops());
            return new Made(step.run(inputs, learningRate), step.gradientNorm());
        }
        // Later chunks may have shapes of their own; what they take is told at the next step.
        ready.accept(cache == null ? prepare(loss, batch) : cache.memory().total());
        GradientCache made = cache(loss);
        try {
            return new Made(made.run(batch, learningRate), made.gradientNorm());
        } finally {
            flops.accept(made.flops());
        }
    }

    /**
     * Makes a step of a batch in parts.
     *
     * @param batch inputs of each part
     * @param loss the sum of a part's losses
     * @param factor of the sum of all
     * @param ready is told the bytes that a part's program takes, when it is compiled and before it runs
     * @param flops is told the operations of the step, whether or not it can be made
     * @throws io.llm2clip.nn.optimizer.NonFiniteStepException if it was not made
     */
    Made run(
            List<List<TensorData>> batch,
            Function<List<Tensor>, Tensor> loss,
            float factor,
            float learningRate,
            LongConsumer ready,
            LongConsumer flops) {
        GradientAccumulator all = sums();
        try {
            for (List<TensorData> inputs : batch) {
                LossPart part = part(inputs, loss);
                ready.accept(part.memory().total());
                part.run(inputs);
                flops.accept(part.flops());
            }
        } catch (RuntimeException | Error e) {
            all.clear();
            throw e;
        }
        return new Made(all.step(learningRate, factor), all.gradientNorm());
    }

    /** The program of a part of a batch whose inputs have these shapes. */
    LossPart part(List<TensorData> inputs, Function<List<Tensor>, Tensor> loss) {
        return parts.get(inputs.stream().map(TensorData::shape).toList(), () -> {
            compiling.run();
            return LossPart.compile(loss, TrainStep.inputsLike(inputs), sums());
        });
    }

    private GradientAccumulator sums() {
        GradientAccumulator made = sums == null ? new GradientAccumulator(phase.optimizer(), phase.options()) : sums;
        sums = made;
        return made;
    }

    private boolean isWhole(EmbeddingBatch batch) {
        Integer chunk = phase.stepOptions().chunk();
        return chunk == null || chunk >= batch.size();
    }

    private static List<TensorData> inputs(EmbeddingBatch batch) {
        List<TensorData> inputs = new ArrayList<>(batch.inputs(0, batch.size()));
        inputs.addAll(batch.lossInputs());
        return inputs;
    }

    private TrainStep step(EmbeddingLoss of, EmbeddingBatch batch, List<TensorData> inputs) {
        EmbeddingLoss loss = built(of);
        int split = inputs.size() - batch.lossInputs().size();
        return step(
                inputs, in -> loss.loss(loss.embed(in.subList(0, split), batch.size()), in.subList(split, in.size())));
    }

    private GradientCache cache(EmbeddingLoss loss) {
        GradientCache made = cache;
        Integer chunk = phase.stepOptions().chunk();
        if (made == null && chunk != null) {
            made = new GradientCache(built(loss), chunk, phase.optimizer(), phase.options(), compiling);
            cache = made;
        }
        return Objects.requireNonNull(made, "only where there are chunks");
    }

    private EmbeddingLoss built(EmbeddingLoss loss) {
        return phase.stepOptions().recompute() ? new RecomputedLoss(loss) : loss;
    }

    @Override
    public void close() {
        Resources resources = new Resources();
        if (cache != null) {
            resources.add(cache::close);
        }
        resources.add(parts::close);
        if (sums != null) {
            resources.add(sums::close);
        }
        resources.add(steps::close);
        resources.close();
    }
}

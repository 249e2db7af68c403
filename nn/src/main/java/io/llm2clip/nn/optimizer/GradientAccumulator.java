package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Resources;
import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Operation;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums of gradients over several programs, and the step that uses them up: a batch in parts. It holds a float for each element of the
 * optimizer's parameters.
 *
 * <p>Any program may add gradients, of a {@link LossPart} or of one's own, with the updates of {@link #add}.
 */
public final class GradientAccumulator implements AutoCloseable {
    private final AdamW optimizer;
    private final ProgramOptions options;
    private final Parameters sums = new Parameters(0);
    private final List<Tensor> gradients = new ArrayList<>();
    private final Tensor loss;
    private final Tensor factor = Tensor.input("factor", Shape.SCALAR, DType.F32);
    private final OptimizerProgram step;

    /**
     * Sums of nothing yet.
     *
     * @param optimizer whose parameters' gradients are summed, and which makes the steps
     * @param options how programs are compiled
     */
    public GradientAccumulator(AdamW optimizer, ProgramOptions options) {
        this.optimizer = optimizer;
        this.options = options;
        try {
            for (Parameter parameter : optimizer.parameters()) {
                gradients.add(KeptParameters.zeros(sums, "gradient." + parameter.name(), parameter)
                        .tensor());
            }
            loss = sums.root().create("loss", Shape.SCALAR, Initializer.zeros()).tensor();
            List<Update> clear = new ArrayList<>();
            clear.add(Update.assign(loss, Tensor.scalar(0)));
            gradients.forEach(sum -> clear.add(Update.assign(sum, Tensor.full(0, sum.shape()))));
            step = new OptimizerProgram(optimizer, loss.mul(factor), gradients, factor, clear, options);
        } catch (RuntimeException | Error e) {
            sums.close();
            throw e;
        }
    }

    AdamW optimizer() {
        return optimizer;
    }

    /** Where and how parts run. */
    Execution execution() {
        return new Execution(optimizer.device(), options);
    }

    /**
     * Has a program add to the sums, at each of its runs.
     *
     * @param loss f32 of one element; a scalar of 0 if another program knows it
     * @param gradients f32, one for each of the optimizer's parameters, of its shape
     */
    public List<Update> add(Tensor loss, List<Tensor> gradients) {
        if (gradients.size() != this.gradients.size()) {
            throw new IllegalArgumentException(
                    "Gradients of " + this.gradients.size() + " parameters are accumulated, found " + gradients.size()
                            + "; expected one each, in the order of AdamW.parameters().");
        }
        List<Update> updates = new ArrayList<>();
        updates.add(Update.accumulate(this.loss, loss.reshape(Shape.SCALAR)));
        for (int i = 0; i < gradients.size(); i++) {
            if (!isZero(gradients.get(i))) {
                updates.add(Update.accumulate(this.gradients.get(i), gradients.get(i)));
            }
        }
        return updates;
    }

    /** The gradient of a parameter that a loss does not depend on: adding it would read and write the sum for nothing. */
    private static boolean isZero(Tensor gradient) {
        return switch (gradient.operation()) {
            case Operation.Scalar(float value) -> value == 0;
            case Operation.Expand _, Operation.Reshape _ ->
                isZero(gradient.inputs().getFirst());
            default -> false;
        };
    }

    /**
     * Makes a step of what was added since the last one, and begins anew, whether or not it was made.
     *
     * @param factor of loss and gradients: 1 for sums, {@code 1 / n} for means over n equal parts
     * @return the loss before the update
     * @throws NonFiniteStepException if the loss or a gradient is not finite; then neither parameters nor optimizer have changed
     */
    public float step(float learningRate, float factor) {
        step.program().feed(this.factor, TensorData.of(Shape.SCALAR, factor));
        return step.run(learningRate);
    }

    /** Begins anew without a step. */
    public void clear() {
        sums.all().forEach(sum -> sum.data().segment().fill((byte) 0));
    }

    /** Global norm of the gradients of the last step that was made, before clipping. */
    public float gradientNorm() {
        return step.norm();
    }

    /** Frees the sums; the optimizer stays open. */
    @Override
    public void close() {
        Resources.closeAll(List.of(step::close, sums::close));
    }
}

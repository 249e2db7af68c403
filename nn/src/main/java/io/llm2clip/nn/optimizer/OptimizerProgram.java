package io.llm2clip.nn.optimizer;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.SquareSums;
import io.llm2clip.nn.Parameter;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import java.util.ArrayList;
import java.util.List;

/**
 * A program that ends in an optimizer's step: the gradients' global norm, of which sums over blocks of fixed size are added up in a
 * fixed order; the factor that clips it; and the update, which changes nothing where loss or norm are not finite.
 */
final class OptimizerProgram implements AutoCloseable {
    // PyTorch's clip_grad_norm_ guards its division by it.
    private static final float NORM_EPSILON = 1e-6f;

    private final AdamW optimizer;
    private final Tensor rates = Tensor.input("rates", Shape.of(AdamWUpdate.RATES), DType.F32);
    private final Program program;
    private float norm;

    /**
     * Compiles.
     *
     * @param loss of one element
     * @param gradients one for each of the optimizer's parameters, of its shape
     * @param factor of the gradients, of shape {@code []}
     * @param more what else is updated, whether or not the step is made
     */
    OptimizerProgram(
            AdamW optimizer,
            Tensor loss,
            List<Tensor> gradients,
            Tensor factor,
            List<Update> more,
            ProgramOptions options) {
        this.optimizer = optimizer;
        List<Integer> sizes =
                gradients.stream().map(gradient -> gradient.shape().size()).toList();
        Tensor squares = Tensor.kernel(
                new SquareSums(sizes),
                Shape.of(sizes.stream().mapToInt(SquareSums::blocks).sum()),
                DType.F32,
                gradients.toArray(Tensor[]::new));
        Tensor length = squares.sum().sqrt().mul(factor);
        Tensor value = loss.reshape(Shape.SCALAR);
        List<Update> updates = new ArrayList<>(
                optimizer.updates(gradients, rates, scale(value, length, factor, optimizer.clipNorm())));
        updates.addAll(more);
        Tensor summary = Tensor.concat(0, List.of(value.reshape(1), length.reshape(1)));
        program = Program.compile(List.of(summary, squares), updates, new Execution(optimizer.device(), options));
    }

    /** What gradients are multiplied by; infinity for not at all. */
    private static Tensor scale(Tensor loss, Tensor norm, Tensor factor, float clipNorm) {
        Tensor infinity = Tensor.scalar(Float.POSITIVE_INFINITY);
        Tensor clipped = Float.isInfinite(clipNorm)
                ? factor
                : Tensor.scalar(clipNorm)
                        .div(norm.add(NORM_EPSILON))
                        .minimum(Tensor.scalar(1))
                        .mul(factor);
        Tensor usable = Tensor.where(infinity.greater(norm), clipped, infinity);
        return Tensor.where(infinity.greater(loss.abs()), usable, infinity);
    }

    /**
     * Makes the step.
     *
     * @return the loss before the update
     * @throws NonFiniteStepException if loss or norm are not finite; then neither parameters nor optimizer have changed
     */
    float run(float learningRate) {
        program.feed(rates, optimizer.rates(learningRate));
        optimizer.begin();
        List<TensorData> results = program.run();
        float[] summary = results.getFirst().toFloats();
        if (!Float.isFinite(summary[0])) {
            throw new NonFiniteStepException("the loss");
        }
        if (!Float.isFinite(summary[1])) {
            throw new NonFiniteStepException(culprit(results.getLast().toFloats()));
        }
        optimizer.made();
        norm = summary[1];
        return summary[0];
    }

    private String culprit(float[] squares) {
        int block = 0;
        for (Parameter parameter : optimizer.parameters()) {
            int end = block + SquareSums.blocks(parameter.shape().size());
            while (block < end) {
                if (!Float.isFinite(squares[block++])) {
                    return "the gradient of parameter " + parameter;
                }
            }
        }
        return "the norm of all gradients";
    }

    /** Global norm of the last step's gradients, before clipping. */
    float norm() {
        return norm;
    }

    Program program() {
        return program;
    }

    @Override
    public void close() {
        program.close();
    }
}

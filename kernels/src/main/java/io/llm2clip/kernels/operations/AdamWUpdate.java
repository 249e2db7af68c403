package io.llm2clip.kernels.operations;

import java.util.List;

/**
 * One AdamW step (Loshchilov and Hutter 2019, algorithm 2), in place.
 *
 * <p>{@code rates} is {@code [learningRate, 1 - beta1^t, 1 - beta2^t]}, {@code scale} a factor of the gradient. With {@code rate =
 * learningRate * learningRateScale}: {@code g = scale * grad; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p = p (1 - rate *
 * weightDecay) - rate * (m / rates[1]) / (sqrt(v / rates[2]) + epsilon)}. If {@code scale} is not finite, nothing changes: so a step is left out whose
 * gradient is found to be of no use when it is computed.
 *
 * @param elements of the parameter
 * @param hyper what does not change from step to step
 */
public record AdamWUpdate(long elements, Hyper hyper) implements KernelOp {
    /** Length of the {@code rates} operand. */
    public static final int RATES = 3;

    /**
     * Hyperparameters.
     *
     * @param learningRateScale factor of the learning rate
     * @param beta1 decay of the running mean
     * @param beta2 decay of the running variance
     * @param epsilon added to the root of the variance
     * @param weightDecay decoupled weight decay
     */
    public record Hyper(float learningRateScale, float beta1, float beta2, float epsilon, float weightDecay) {}

    @Override
    public List<Operand> operands() {
        return List.of(
                Operand.in("grad", elements),
                Operand.in("rates", RATES),
                Operand.in("scale", 1),
                Operand.update("parameter", elements),
                Operand.update("mean", elements),
                Operand.update("variance", elements));
    }

    @Override
    public long flops() {
        return 15 * elements;
    }
}

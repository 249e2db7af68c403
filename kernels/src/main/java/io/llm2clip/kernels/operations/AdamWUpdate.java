package io.llm2clip.kernels.operations;

import java.util.List;

/**
 * One AdamW step (Loshchilov and Hutter 2019, algorithm 2), in place.
 *
 * <p>{@code hyper} is {@code [learningRate, beta1, beta2, epsilon, weightDecay, 1 - beta1^t, 1 - beta2^t, gradientScale]}:
 * {@code g = gradientScale * grad; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2;
 * p = p (1 - learningRate * weightDecay) - learningRate * (m / hyper[5]) / (sqrt(v / hyper[6]) + epsilon)}.
 */
public record AdamWUpdate(long elements) implements KernelOp {
    /** Length of the {@code hyper} operand. */
    public static final int HYPER = 8;

    @Override
    public List<Operand> operands() {
        return List.of(
                Operand.in("grad", elements),
                Operand.in("hyper", HYPER),
                Operand.update("parameter", elements),
                Operand.update("mean", elements),
                Operand.update("variance", elements));
    }

    @Override
    public long flops() {
        return 15 * elements;
    }
}

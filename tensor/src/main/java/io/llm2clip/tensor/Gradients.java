package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import java.util.List;

/**
 * Reverse-mode differentiation. Gradients are more graph, made by one rule per operation, so they are compiled like anything
 * else and can be differentiated again.
 */
public final class Gradients {
    private Gradients() {}

    /**
     * Gradients of a scalar.
     *
     * @param loss f32 of one element
     * @param withRespectTo nodes of the loss's graph, of f32, bf16 or f16
     * @return a gradient for each, in f32 and of its shape; zeros for a node that the loss does not depend on
     */
    public static List<Tensor> of(Tensor loss, List<Tensor> withRespectTo) {
        if (loss.shape().size() != 1 || loss.dtype() != DType.F32) {
            throw new TensorException(
                    "Gradients of " + loss.label() + "; expected one F32 element, for example a mean().");
        }
        return of(loss, Tensor.full(1, loss.shape()), withRespectTo);
    }

    /** Vector-Jacobian products: gradients of {@code sum(output * seed)}, with a seed of the output's shape. */
    public static List<Tensor> of(Tensor output, Tensor seed, List<Tensor> withRespectTo) {
        if (!seed.shape().equals(output.shape())) {
            throw new TensorException(
                    "Gradients of " + output.label() + " with seed " + seed.label() + "; expected equal shapes.");
        }
        return InstalledEngine.get().gradients(output, seed, withRespectTo);
    }
}

package io.llm2clip.nn;

import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;

/**
 * Low-rank update of a linear layer (Hu et al. 2021): {@code y += scale (x A^T) B^T}. There is no dropout.
 *
 * @param a {@code [rank, in]}
 * @param b {@code [out, rank]}
 * @param scale {@code alpha / rank}
 */
public record Lora(Parameter a, Parameter b, float scale) {
    public Lora {
        if (a.shape().rank() != 2
                || b.shape().rank() != 2
                || a.shape().dim(0) != b.shape().dim(1)) {
            throw new IllegalArgumentException(
                    "Low-rank update of " + a + " and " + b + "; expected [rank, in] and [out, rank].");
        }
    }

    /**
     * Creates {@code lora_A.weight} (PyTorch's uniform default) and {@code lora_B.weight} (zeros, so nothing changes at first) in
     * the scope, PEFT's names, and attaches them.
     *
     * @throws IllegalArgumentException if rank or alpha is not positive
     */
    public static Lora attach(Scope scope, Linear linear, int rank, float alpha) {
        Limit.RANK.require("rank", rank);
        Limit.ALPHA.require("alpha", alpha);
        Shape weight = linear.weight().shape();
        Parameter a = scope.scope("lora_A").create("weight", Shape.of(rank, weight.dim(1)), Initializer.fanInUniform());
        Parameter b = scope.scope("lora_B").create("weight", Shape.of(weight.dim(0), rank), Initializer.zeros());
        Lora lora = new Lora(a, b, alpha / rank);
        linear.attach(lora);
        return lora;
    }

    /** The update of the output, {@code [..., in]} to {@code [..., out]}. */
    Tensor apply(Tensor x) {
        return x.matmulTransposed(a.tensor()).matmulTransposed(b.tensor()).mul(scale);
    }

    /** The update of the weight, {@code [out, in]}. */
    Tensor delta() {
        return b.tensor().matmul(a.tensor()).mul(scale);
    }

    /** Adds the update of a part of the weight's elements to them. */
    void addTo(float[] elements, long first) {
        int rank = a.shape().dim(0);
        int columns = a.shape().dim(1);
        float[] down = a.values().toFloats();
        StoredTensor up = b.values();
        for (int at = 0; at < elements.length; ) {
            long row = (first + at) / columns;
            int column = Math.toIntExact((first + at) % columns);
            int count = Math.min(columns - column, elements.length - at);
            float[] factors = up.rows(row, row + 1).toFloats();
            for (int k = 0; k < rank; k++) {
                float factor = scale * factors[k];
                int from = k * columns + column;
                for (int i = 0; i < count; i++) {
                    elements[at + i] += factor * down[from + i];
                }
            }
            at += count;
        }
    }

    void requireFits(Parameter weight) {
        Shape update = Shape.of(b.shape().dim(0), a.shape().dim(1));
        if (!update.equals(weight.shape())) {
            throw new IllegalArgumentException("Low-rank update of shape " + update + " for " + weight
                    + "; expected shape " + weight.shape() + ".");
        }
    }
}

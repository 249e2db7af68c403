package io.llm2clip.nn;

import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * Low-rank update of a linear layer (Hu et al. 2021): {@code y += scale (dropout(x) A^T) B^T}.
 *
 * <p>Layers that checkpoints have as one, such as Phi-3's queries, keys and values, share an update: A is the same for all of them, and B
 * has the rows of all of them, one below the other.
 *
 * @param a {@code [rank, in]}
 * @param b {@code [out, rank]}, of this layer or of all that share it
 * @param firstRow where the rows of this layer begin in b
 * @param rows how many it has
 * @param scale {@code alpha / rank}
 * @param dropout share of the elements of x that a training step sets to 0, other elements for each A
 */
public record Lora(Parameter a, Parameter b, int firstRow, int rows, float scale, float dropout) {
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
     */
    public static Lora attach(Scope scope, Linear linear, LoraSettings settings) {
        return attach(scope, List.of(linear), settings).getFirst();
    }

    /**
     * The same for layers that share an update.
     *
     * @param stacked layers of one input, in the order of B's rows
     * @return an update for each of them
     */
    public static List<Lora> attach(Scope scope, List<Linear> stacked, LoraSettings settings) {
        int rank = settings.rank();
        int in = stacked.getFirst().weight().shape().dim(1);
        int out = stacked.stream().mapToInt(Lora::outputs).sum();
        Parameter a = scope.scope("lora_A").create("weight", Shape.of(rank, in), Initializer.fanInUniform());
        Parameter b = scope.scope("lora_B").create("weight", Shape.of(out, rank), Initializer.zeros());
        List<Lora> updates = of(a, b, stacked, settings.scale(), settings.dropout());
        for (int i = 0; i < updates.size(); i++) {
            stacked.get(i).attach(updates.get(i));
        }
        return updates;
    }

    /**
     * An update that layers share, not attached.
     *
     * @param a {@code [rank, in]}
     * @param b {@code [out, rank]}
     * @param stacked layers of one input, in the order of b's rows
     * @param scale {@code alpha / rank}
     * @return an update for each of them
     */
    public static List<Lora> of(Parameter a, Parameter b, List<Linear> stacked, float scale) {
        return of(a, b, stacked, scale, 0);
    }

    private static List<Lora> of(Parameter a, Parameter b, List<Linear> stacked, float scale, float dropout) {
        List<Lora> updates = new ArrayList<>();
        int firstRow = 0;
        for (Linear linear : stacked) {
            updates.add(new Lora(a, b, firstRow, outputs(linear), scale, dropout));
            firstRow += outputs(linear);
        }
        return updates;
    }

    private static int outputs(Linear linear) {
        return linear.weight().shape().dim(0);
    }

    /**
     * The update of the output, {@code [..., in]} to {@code [..., out]}. What is scaled is the thin product, in both passes: to scale the
     * update, or its gradient, would be a pass over all activations.
     */
    Tensor apply(Tensor x) {
        return thin(x).mul(scale).matmulTransposed(own());
    }

    private Tensor thin(Tensor x) {
        return drops()
                ? Dropout.apply(a.name(), x, dropout, in -> in.matmulTransposed(a.tensor()))
                : x.matmulTransposed(a.tensor());
    }

    /** Whether some of its inputs are dropped in the graph that is being built. */
    boolean drops() {
        return Dropout.applies(dropout);
    }

    /** The update of the weight, {@code [out, in]}. */
    Tensor delta() {
        return own().matmul(a.tensor()).mul(scale);
    }

    /** The rows of B that are this layer's. */
    private Tensor own() {
        return rows == b.shape().dim(0) ? b.tensor() : b.tensor().slice(0, firstRow, firstRow + rows);
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
            float[] factors = up.rows(firstRow + row, firstRow + row + 1).toFloats();
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
        Shape update = Shape.of(rows, a.shape().dim(1));
        if (!update.equals(weight.shape())) {
            throw new IllegalArgumentException("Low-rank update of shape " + update + " for " + weight
                    + "; expected shape " + weight.shape() + ".");
        }
    }
}
